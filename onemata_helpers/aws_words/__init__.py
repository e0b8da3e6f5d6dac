"""What AWS's services say about access: one list, for the verdicts and for the sandbox."""
