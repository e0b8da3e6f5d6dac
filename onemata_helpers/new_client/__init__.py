"""`onemata new`: a client's folder, from answers or options."""
