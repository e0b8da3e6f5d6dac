"""Whether a plan may be carried out: nothing is in its way, and it is the approved one or what is left of it.

A run may be cut off in the middle. Then the plan is no longer the approved one, since a part of it is done; but all
that is left was approved. The approved plan is in a record beside this run's: whatever file it is found in, the plan is
the approved one if its digest, worked out anew, is the one that was approved.

An approval acts once. It is used up when a run under it, or one after that, has come to its good end, and for all that
any run has done since: what is taken away later is not put back by it. Only a person can approve the same plan anew,
who was shown it after that. A plan that was merely made again, as each night, was shown to nobody.
"""

from __future__ import annotations

from pathlib import Path

from .approval_past import Past, past_of
from .errors import PlanBlocked, PlanChanged, who_acts
from .parameters import ServiceParameters
from .plan import Change, Plan

_ANEW = (
    "has the plan approved anew: in a terminal (`onemata apply` or `remove`), by a click in a live notebook, or in a "
    "new file of `onemata plan --write-approvals`"
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
    past = past_of(parameters, record)
    if plan.pending:
        _refuse_if_used_up(plan, approved, past)
    if approved != plan.digest and not _is_left_of_approved(plan, past):
        raise PlanChanged(
            f"Nothing was done: the plan {approved} was approved, but the plan is now {plan.digest}. Who acts: the "
            "engineer has this plan approved, and takes the old digest out of approved_plan if the parameters have it."
        )


def _refuse_if_used_up(plan: Plan, approved: str, past: Past) -> None:
    if past.unread:
        happened = (
            f"Nothing was done: {past.unread[0]} cannot be read, and may tell that the approval of the plan {approved} "
            "was used up"
        )
        raise PlanChanged(who_acts(happened, f"the engineer mends or removes that file, or {_ANEW}"))
    if end := past.end_of_approval(plan):
        ended = f"ended {end.outcome}" if end.outcome else "was cut off"
        happened = (
            f"Nothing was done: the approval of the plan {approved} was used up by the run of {end.started}, which "
            f"{ended}. What there is to do now came about since, and nobody has approved that"
        )
        raise PlanChanged(who_acts(happened, f"the engineer {_ANEW}"))


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


def _is_left_of_approved(plan: Plan, past: Past) -> bool:
    """Whether this plan is part of the approved one, and changes nothing or was left by a run under the approval."""
    return past.plan is not None and is_left_of(plan, past.plan) and bool(not plan.pending or past.under)
