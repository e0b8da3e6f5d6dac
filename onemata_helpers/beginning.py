"""Where a notebook begins: with somebody at it, or unattended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .runbook import Runbook
from .somebody import somebody_is_there

if TYPE_CHECKING:
    from .live.session import LiveRunbook


def begin(service: str, variables: Mapping[str, Any]) -> Runbook | LiveRunbook:
    """The runbook of a service, with a notebook's `globals()` as its parameters.

    With somebody at the notebook it shows how the work goes on, and applies nothing before somebody approves. Raises
    ParameterError with every problem of the parameters, and RecordNotWritten.
    """
    if not somebody_is_there():
        return Runbook(service, variables)
    from .live.session import LiveRunbook  # only here: it loads widgets

    return LiveRunbook(service, variables)
