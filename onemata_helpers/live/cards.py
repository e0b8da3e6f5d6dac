"""The cards that say how a live session stands."""

from __future__ import annotations

from collections.abc import Sequence

from .. import display
from ..display import View, word
from ..errors import unforeseen
from ..plan import Plan
from ..record import Recorder

FOLLOWS = word("not yet", "Follows when step 4 is done")
NOT_REACHED = word("not yet", "Not reached", "A step before this one failed.")
NOTHING_TO_PROVE = word("declined", "Declined", "Nothing was changed, so there is nothing to prove.")
PLANNED_ANEW = word("not yet", "The plan is made anew", "What was asked here was about the plan before.")
SUPERSEDED = word("stale", "Out of date", "The cells were run again from the top: run the next ones, too.")
USED_UP = word("done", "Applied already", "The approval is used up. For a new plan, run the cells from the top.")
NEXT_CELLS = word("begun", "Applied", "Run the next cells: they verify, and end the record.")


def ready(*, opened: bool) -> View:
    """Before anything was run. `opened` is whether the notebook was opened for a client."""
    how = "Menu Run, then Run All Cells. Nothing is changed before somebody approves the plan."
    example = [] if opened else ["A client's own notebook is opened with `onemata open CLIENT_DIR SERVICE`."]
    return word("not yet", "Ready", how, *example)


def planned(plan: Plan, *, waits: bool) -> View:
    """A plan was made, and may wait for somebody's decision."""
    what = "approve or decline it" if plan.pending else "have it verified"
    return word("waiting", display.summary(plan), f"Read the plan under 3, then {what} under 4." if waits else "")


def waiting(plan: Plan) -> View:
    """The plan waits for somebody's decision."""
    title = "Waiting for the approval" if plan.pending else "Nothing to approve"
    return word("waiting", title, display.summary(plan))


def stale(changed: Sequence[str]) -> View:
    """The form holds other values than those that were planned with."""
    return word("stale", "Out of date", f"Changed, and not saved: {', '.join(changed)}. Save them, or take them back.")


def at_work(plan: Plan, by: str) -> View:
    """The approved plan is carried out."""
    return word("begun", f"At work: {display.summary(plan)}", _approval(by))


def approved(plan: Plan, by: str, reference: str) -> View:
    """Who approved which plan."""
    where = f" Reference: {reference}" if reference else ""
    return word("done", _approval(by), f"The plan {plan.digest}.{where}")


def not_foreseen(error: Exception) -> View:
    """An error that is ours."""
    return word("failed", "Failed", unforeseen(error))


def outcome(recorder: Recorder) -> View:
    """How the run ended."""
    return display.outcome(recorder.record, recorder.path)


def _approval(by: str) -> str:
    return f"Approved by {by}" if by else "Nothing had to be approved"
