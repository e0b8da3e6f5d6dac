"""How a request comes in and an answer goes out: HTTP, signatures, errors, and the faults that tests order."""
