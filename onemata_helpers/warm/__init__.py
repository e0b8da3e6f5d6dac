"""Notebooks in processes that are forked from a warm one: all is imported there, and nothing of any client's.

The runner talks to a small server of its own, a process with a single thread (`python -m onemata_helpers.warm`).
Each notebook is run in a fork of it by ipykernel's own kernel, and read by nbclient's own client, over a socket pair.
"""
