"""Whether a plan may be carried out: nothing is in its way, and it is the approved one or what is left of it.

A run may be cut off in the middle. Then the plan is no longer the approved one, since a part of it is done; but all
that is left was approved. The approved plan is in a record beside this run's: whatever file it is found in, the plan is
the approved one if its digest, worked out anew, is the one that was approved. Once a run under an approval came to its
good end, the approval is used up: what was taken away later is not put back by it, unless the plan was shown again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .errors import PlanBlocked, PlanChanged
from .files import read_file
from .plan import ONLY_SHOW, Change, Plan
from .record import Record, read_record

_GOOD_ENDS = ("applied", "verified", "removed")


def refuse_unless_approved(plan: Plan, approved: str, record: Path, *, just_now: bool = False) -> None:
    """Raise PlanBlocked or PlanChanged when this plan must not be applied.

    `approved` is the digest that was approved, empty when none was given; `just_now` in this very run. `record` is that
    of this run; those of earlier ones lie beside it.
    """
    if plan.blocked:
        reasons = "\n".join(f"  - {change.resource}: {change.why}" for change in plan.blocked)
        raise PlanBlocked(f"Nothing was done: a person has to decide first.\n{reasons}")
    if not approved or just_now or (approved == plan.digest and not plan.pending):
        return
    if approved == plan.digest:
        _refuse_if_used_up(approved, record)
    elif not _is_left_of_approved(plan, approved, record):
        raise PlanChanged(
            f"Nothing was done: the plan {approved} was approved, but the plan is now {plan.digest}. Who acts: the "
            "engineer has this plan approved, and takes the old digest out of approved_plan if the parameters have it."
        )


def is_left_of(plan: Plan, shown: Plan) -> bool:
    """Whether all that this plan does, runs, asks, hands over and says stands in the other, which was shown."""
    same = ("service", "account_id", "partition", "region", "hand_over")
    parts = ("scripts", "proofs", "notes")
    return (
        all(getattr(plan, name) == getattr(shown, name) for name in same)
        and all(each in getattr(shown, name) for name in parts for each in getattr(plan, name))
        and all(any(_is_part(change, whole) for whole in shown.pending) for change in plan.pending)
    )


def _is_part(change: Change, whole: Change) -> bool:
    return (
        change.resource == whole.resource
        and all(call in whole.calls for call in change.calls)
        and all(field in whole.fields for field in change.fields)
    )


def _refuse_if_used_up(approved: str, record: Path) -> None:
    """Raise PlanChanged if a run under this approval came to its good end, and the plan was not shown since."""
    for each in _records_with(approved, record):
        if each.action in ONLY_SHOW and each.plan_digest == approved:
            return
        if each.parameters.get("approved_plan") == approved and each.outcome in _GOOD_ENDS:
            raise PlanChanged(
                f"Nothing was done: the approval of the plan {approved} was used up by the run of {each.started}, and "
                "what that did is no longer there. Who acts: the engineer shows the plan again, and has it approved."
            )


def _is_left_of_approved(plan: Plan, approved: str, record: Path) -> bool:
    """Whether this plan changes nothing, or the last run under the approval left it, of a plan that was approved."""
    earlier = list(_records_with(approved, record))
    plans = (each.plan for each in earlier)
    shown = next((each for each in plans if each and each.digest == approved), None)
    if shown is None or not is_left_of(plan, shown):
        return False
    runs = (each for each in earlier if each.parameters.get("approved_plan") == approved and each.outcome != "blocked")
    last = next(runs, None)
    return not plan.pending or (last is not None and last.outcome in (None, "failed"))


def _records_with(digest: str, record: Path) -> Iterator[Record]:
    """The records beside this one in which the digest stands, the newest first."""
    for path in sorted(record.parent.glob("*.json"), reverse=True):
        try:
            if path != record and digest.encode() in read_file(path):
                yield read_record(path)
        except (OSError, ValueError):
            continue  # what cannot be read approves nothing
