"""Whether somebody may sit at the notebook."""

from __future__ import annotations

import os
import sys
from typing import Any


def somebody_may_be_there() -> bool:
    """Whether the cell that runs now was perhaps sent by a person, who can be asked.

    It was not if a program that started this kernel runs the cells itself and takes no questions, as papermill, nbval,
    `jupyter execute` and our own runner do. With any other front end, whatever it says, nobody knows who sits at it.
    https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute (allow_stdin)
    """
    shell = _shell()
    if not hasattr(shell, "kernel"):
        return False
    request = shell.get_parent()
    unasked = request.get("content", {}).get("allow_stdin") is False
    return not (unasked and _runs_its_own_kernel(request["header"]["msg_id"]))


def in_a_notebook() -> bool:
    """Whether this is a notebook's kernel, and not a script or a terminal."""
    return hasattr(_shell(), "kernel")


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _runs_its_own_kernel(message: str) -> bool:
    """Whether the process that sent the message is the one that started this kernel.

    jupyter_client, which all such programs use, puts its process into the message's id: `<session>_<process>_<number>`.
    Front ends in a browser or an editor have no process here, and what serves them sends no messages of its own.
    https://github.com/jupyter/jupyter_client/blob/main/jupyter_client/session.py (msg_id)
    """
    _, *process = message.split("_")
    return bool(process) and process[0] in (os.environ.get("JPY_PARENT_PID"), str(os.getppid()))
