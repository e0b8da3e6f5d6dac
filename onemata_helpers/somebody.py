"""Whether somebody sits at the notebook."""

from __future__ import annotations

import sys
from typing import Any


def somebody_is_there() -> bool:
    """Whether the cell that runs now was sent by somebody who can answer a question.

    Each frontend says so with each cell. papermill, nbval and `jupyter execute` say that nobody is there.
    https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute (allow_stdin)
    """
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        return False
    return bool(shell.get_parent().get("content", {}).get("allow_stdin"))
