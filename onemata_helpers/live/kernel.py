"""Each kernel of this environment loads this when it starts, so that it can say what to run after a restart."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from ..display import word
from ..errors import OnemataError
from .client_folder import CLIENT_DIR
from .stopped import Stopped

_OURS = ("runbook", "begin", "Runbook")
_EARLY = (
    "This kernel has just started, and knows nothing of them yet: menu Run, then Run All Cells. Nothing is applied "
    "without an approval."
)


def load_ipython_extension(shell: Any) -> None:
    """Show our errors as cards, and a cell that was run too early as a sentence, to whoever sits at a notebook."""
    shell.set_custom_exc((OnemataError, NameError), _show)
    if os.environ.get(
        CLIENT_DIR
    ):  # it takes seconds, which whoever opens a notebook need not wait for at its first cell
        import_module("onemata_helpers.live.session")


def _show(shell: Any, kind: type[BaseException], error: BaseException, traceback: Any, tb_offset: Any = None) -> None:
    """IPython's handler of these exceptions. The cell counts as failed in any case, and no cell after it runs.

    Papermill and nbval see the error itself.
    """
    from ..display import trouble
    from ..somebody import somebody_may_be_there

    early = isinstance(error, NameError) and error.name in _OURS
    if not somebody_may_be_there() or (isinstance(error, NameError) and not early):
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)
    elif early:
        _display(shell, word("waiting", "Run the cells from the top", _EARLY))
    elif isinstance(error, OnemataError) and not isinstance(error, Stopped):
        _display(shell, trouble(error))


def _display(shell: Any, view: Any) -> None:
    shell.display_pub.publish(view._repr_mimebundle_())
