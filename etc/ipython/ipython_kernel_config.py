# Loaded by every Python kernel of this environment: a restarted one then says in a sentence which cells to run.
# https://ipython.readthedocs.io/en/stable/config/intro.html (configuration of the environment)
c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.IPKernelApp.extensions = ["onemata_helpers.live.kernel"]
