"""Who may do what: signers, policies, and the permissions that each call needs."""
