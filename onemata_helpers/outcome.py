"""How a run ended, and why, from its plan and its checks."""

from __future__ import annotations

from collections.abc import Sequence

from .checks import Check
from .plan import ONLY_SHOW, Plan
from .record import Outcome
from .text import counted


def outcome_of(plan: Plan, checks: Sequence[Check], *, verified: bool, approved_plan: str) -> tuple[Outcome, str]:
    """The outcome and its reason. `verified`: this run came to the end of its verification."""
    if plan.waiting:
        return "waiting", plan.waiting[0].why
    if plan.blocked and plan.action != "verify":
        return "blocked", "; ".join(f"{change.resource}: {change.why}" for change in plan.blocked)
    if plan.action in ONLY_SHOW:
        return "planned", _what_is_planned(plan, approved_plan)
    if not verified:
        return "failed", "Nothing was verified in this run, so nothing is proven: run the cells from the top."
    return _of_checks(plan, checks)


def _of_checks(plan: Plan, checks: Sequence[Check]) -> tuple[Outcome, str]:
    failed = [check.name for check in checks if check.result == "failed"]
    if failed:
        names = "; ".join(failed)
        return "failed", f"{len(failed)} of {len(checks)} checks failed: {names}. The checks say why, and who acts."
    if plan.action == "remove":
        return "removed", _what_stays(plan)
    unproven = [check.name for check in checks if check.result != "proven"]
    if unproven:
        return "applied", f"In place. Not provable from here: {'; '.join(unproven)}."
    return "verified", "All is in place, and every check is proven."


def _what_is_planned(plan: Plan, approved_plan: str) -> str:
    lacking = f" The operator lacks: {', '.join(plan.lacking)}." if plan.missing else ""
    changes = f"{counted(len(plan.pending), 'change')}, none made yet" if plan.pending else "Nothing to change"
    planned = f"{changes}. Digest: {plan.digest}{lacking}"
    if approved_plan in ("", plan.digest):
        return planned
    stale = f"approved_plan in the parameters is {approved_plan}, of another plan: it approves nothing, take it out."
    return f"{planned}. {stale}"


def _what_stays(plan: Plan) -> str:
    kept = [change.resource for change in plan.changes if change.kind == "keep"]
    stays = f"These stay, and the plan says why: {'; '.join(kept)}." if kept else "Nothing that we looked for is left."
    return f"What is ours alone is gone. {stays} Its notes say what cannot be seen from here."
