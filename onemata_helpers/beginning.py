"""Where a notebook begins: with somebody at it, or unattended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import ParameterError, Problem
from .plan import CHANGING
from .runbook import Runbook
from .somebody import in_a_notebook, somebody_may_be_there

if TYPE_CHECKING:
    from .live.session import LiveRunbook


def begin(service: str, variables: Mapping[str, Any]) -> Runbook | LiveRunbook:
    """The runbook of a service, with a notebook's `globals()` as its parameters.

    Unless it is certain that the notebook runs unattended, it shows how the work goes on, and applies nothing before
    somebody approves. Outside of a notebook nobody can be asked, so only a plan that is approved already is applied.
    Raises ParameterError with every problem of the parameters, and RecordNotWritten.
    """
    if somebody_may_be_there():
        from .live.session import LiveRunbook  # only here: it loads widgets

        return LiveRunbook(service, variables)
    if not in_a_notebook() and variables.get("action") in CHANGING and not variables.get("approved_plan"):
        must = "must be the digest of the plan that was approved: outside of a notebook nobody can be asked"
        raise ParameterError([Problem("notebook", "approved_plan", "", must)])
    return Runbook(service, variables)
