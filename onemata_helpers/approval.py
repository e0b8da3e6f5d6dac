"""Whether a plan may be carried out: nothing is in its way, and it is the approved one or what is left of it.

A run may be cut off in the middle. Then the plan is no longer the approved one, since a part of it is done; but all
that is left was approved. The approved plan is in a record beside this run's: whatever file it is found in, the plan is
the approved one if its digest, worked out anew, is the one that was approved.

An approval acts once. It is used up when a run under it, or one after that, has come to its good end, and for all that
these have done: what is taken away later is not put back by it. Only a person can approve the same plan anew, who was
shown it after that. A plan that was merely made again, as each night, was shown to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from .errors import PlanBlocked, PlanChanged, who_acts
from .files import read_file
from .parameters import ServiceParameters
from .plan import CHANGING, Change, Plan
from .record import Record, read_record

_GOOD_ENDS = ("applied", "verified", "removed")
_CUT_OFF = (None, "failed")
_ANEW = (
    "the engineer has the plan approved anew: in a terminal, in a live notebook, or in a new file of `onemata plan "
    "--write-approvals`"
)


def refuse_unless_approved(plan: Plan, parameters: ServiceParameters, record: Path, *, just_now: bool = False) -> None:
    """Raise PlanBlocked or PlanChanged when this plan must not be applied.

    The parameters say which plan was approved, if one was; `just_now` in this very run. `record` is that of this run;
    those of earlier ones lie beside it.
    """
    if plan.blocked:
        reasons = "\n".join(f"  - {change.resource}: {change.why}" for change in plan.blocked)
        raise PlanBlocked(f"Nothing was done: a person has to decide first.\n{reasons}")
    approved = parameters.approved_plan
    if not approved or just_now or (approved == plan.digest and not plan.pending):
        return
    earlier = list(_records(record, approved))
    runs = [each for each in earlier if _is_under(parameters, each)]
    if plan.pending and (end := _end_of_approval(plan, runs, record)):
        happened = f"the approval of the plan {approved} was used up by the run of {end.started}"
        raise PlanChanged(
            who_acts(f"Nothing was done: {happened}, and what was in place then is no longer there", _ANEW)
        )
    if approved != plan.digest and not _is_left_of_approved(plan, approved, earlier, runs):
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


def _is_under(parameters: ServiceParameters, run: Record) -> bool:
    """Whether a run acted, or may have, under the approval in these parameters.

    All runs that were told this digest count, unless the plan was shown later than they began.
    """
    told = run.parameters.get("approved_plan") == parameters.approved_plan and run.sandbox == parameters.sandbox
    acted = run.action in CHANGING and run.outcome in (*_CUT_OFF, *_GOOD_ENDS)
    return told and acted and run.started >= parameters.plan_shown


def _end_of_approval(plan: Plan, runs: Sequence[Record], record: Path) -> Record | None:
    """The first run, since the first of these, that came to a good end or did what this plan does; None if none."""
    if not runs:
        return None
    since = takewhile(lambda each: each.started >= runs[-1].started, _records(record))
    ends = [each for each in since if each.action in CHANGING and (each.outcome in _GOOD_ENDS or _did(each, plan))]
    return ends[-1] if ends else None


def _did(run: Record, plan: Plan) -> bool:
    """Whether a run did a part of this plan: then somebody has undone that."""
    done = [each.change for each in run.changes_done if each.status == "done"]
    return any(
        before.resource == change.resource and any(call in before.calls for call in change.calls)
        for before in done
        for change in plan.pending
    )


def _is_left_of_approved(plan: Plan, approved: str, earlier: Sequence[Record], runs: Sequence[Record]) -> bool:
    """Whether this plan changes nothing, or the last run under the approval left it, of a plan that was approved."""
    plans = (each.plan for each in earlier)
    shown = next((each for each in plans if each and each.digest == approved), None)
    if shown is None or not is_left_of(plan, shown):
        return False
    return not plan.pending or bool(runs and runs[0].outcome in _CUT_OFF)


def _records(own: Path, digest: str = "") -> Iterator[Record]:
    """The records beside this one, the newest first; with a digest, those in which it stands."""
    for path in sorted(own.parent.glob("*.json"), reverse=True):
        try:
            if path != own and digest.encode() in read_file(path):
                yield read_record(path)
        except (OSError, ValueError):
            continue  # what cannot be read approves nothing
