"""What the client is given as files: a page before the call, and the record after it."""
