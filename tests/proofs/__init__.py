"""The proofs of Redshift, of Glue's crawlers and of Athena: what each shows, and what comes of all that goes wrong."""
