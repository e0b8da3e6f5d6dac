"""Runbooks for many clients: checked, signed in to, planned, approved and applied, and the truth about each."""
