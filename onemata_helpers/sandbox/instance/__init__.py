"""The EC2 instance: what AWS knows of it, its metadata service, and a machine that runs commands."""
