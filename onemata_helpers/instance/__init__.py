"""What happens on the EC2 instance: the profile in ``~/.aws/config`` and the two proof commands.

Nothing here talks to AWS. :mod:`.assignment` says what is wanted there, :mod:`.scripts` writes the
texts that run there and decide there, :mod:`.reports` reads what they print, :mod:`.proof` judges
what must work and :mod:`.denied` what must be refused.
"""
