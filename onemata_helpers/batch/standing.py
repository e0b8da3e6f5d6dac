"""How a job stood before anything was changed, by its record: what the operator lacks, and what is not ready."""

from __future__ import annotations

from pathlib import Path

from ..permitted import Readiness
from ..plan import Plan
from ..record import Record, read_record

MISSING, NOT_READY, NOT_KNOWN, READY = "missing", "not ready", "not known", "ready"
WORST_FIRST = (MISSING, NOT_READY, NOT_KNOWN, READY, "")


def standing(path: Path) -> tuple[str, tuple[str, ...]]:
    """A word, and what it is about. Empty where nothing was asked, or no record says so."""
    try:
        record = read_record(path)
    except (OSError, ValueError):  # the result says so already
        return "", ()
    lacking = _lacking(record)
    if lacking:
        return MISSING, lacking
    late = tuple(f"{each.about}: {each.state}" for each in _readiness(record.plan) if not each.ready)
    if late:
        return NOT_READY, late
    found = record.preflight
    if found is None:
        return "", ()
    if found.untold:
        return NOT_KNOWN, (found.untold,)
    open_ones = tuple(f"{each.action} on {each.resource}" for each in found.having("not provable from here"))
    return (NOT_KNOWN, open_ones) if open_ones else (READY, ())


def _lacking(record: Record) -> tuple[str, ...]:
    """What the plan needs; without a plan, all that is denied: what was needed to make one is among it."""
    found = record.preflight.having("denied") if record.preflight else ()
    if record.plan:
        found = tuple(each.permission for each in record.plan.missing)
    return tuple(f"{each.action} on {each.resource}" for each in found)


def _readiness(plan: Plan | None) -> tuple[Readiness, ...]:
    return plan.readiness if plan else ()
