"""What moto lacks of AWS, or is too kind about, a file for each service."""
