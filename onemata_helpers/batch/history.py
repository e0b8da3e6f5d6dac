"""What the records say of a client's service: how the newest run ended, and whether its account drifted since.

Records are only ever read to choose what is run. What is done in AWS is decided by what AWS says then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path

from ..archive import FILE, records
from ..files import read_file
from ..lock import is_changing
from ..told import CUT_OFF, IN_PLACE, Past, Told, drift, outcome_seen, subject
from .elsewhere import changes_elsewhere
from .jobs import Job


class State(StrEnum):
    """What the newest record says, in the words of `--only`."""

    FAILED = "failed"
    BLOCKED = "blocked"
    WAITING = "waiting"
    NOT_VERIFIED = "not-verified"
    DRIFTED = "drifted"
    NEVER = "never"


@dataclass(frozen=True)
class Seen:
    """A record: where it is, what it tells (None if it cannot be read), and its outcome, or what stands for it."""

    path: Path
    told: Told | None
    outcome: str

    @property
    def reason(self) -> str:
        """Why it ended so."""
        return self.told.reason if self.told else "The record cannot be read."

    @property
    def doing(self) -> str:
        """What it was doing when it was cut off."""
        return self.told.doing if self.told else ""


def newest(job: Job) -> Seen | None:
    """The newest record of a job's client and service; None if there is none."""
    names = _names(job.folder)
    return _seen(job, names[0], next(iter(_past(job, names)))) if names else None


def doing(record: Path) -> str:
    """What a run that writes this record is doing; empty if that cannot be seen."""
    try:
        told = Told.model_validate_json(read_file(record))
    except (OSError, ValueError):
        return ""
    return "ending" if told.finished else told.doing


def states(job: Job) -> set[State]:
    """All states that the newest record puts a job in."""
    names = _names(job.folder)
    if not names:
        return {State.NEVER, State.NOT_VERIFIED}
    past = iter(_past(job, names))
    told = next(past)
    last = _seen(job, names[0], told)
    found = set() if last.outcome in (*IN_PLACE, "removed") else {State.NOT_VERIFIED}
    if last.outcome in (State.FAILED, CUT_OFF):
        found.add(State.FAILED)
    elif last.outcome in (State.BLOCKED, State.WAITING):
        found.add(State(last.outcome))
    return found | {State.DRIFTED} if drift(chain([told], past)) else found


def at_goal(job: Job, seen: Seen, since: datetime) -> bool:
    """Whether this record is of a run since then, with the same parameters, that ended as this action is to end.

    A clock that was ahead has given an older run a time that is still to come.
    """
    told = seen.told
    if told is None or not since <= told.started <= datetime.now(UTC) or told.subject != subject(job.parameters):
        return False
    return seen.outcome in _goals(job.parameters.action) and (
        told.action == job.parameters.action or seen.outcome in IN_PLACE
    )


def _goals(action: str) -> tuple[str, ...]:
    if action in ("apply", "verify"):
        return IN_PLACE
    return ("removed",) if action == "remove" else ("planned",)


def _past(job: Job, names: list[str]) -> Past:
    return Past(names, lambda name: read_file(job.folder / name))


def _names(folder: Path) -> list[str]:
    """The names of the records of a client and service, the newest first."""
    return records(path.name for path in folder.glob("*.json") if FILE.fullmatch(path.name))


def _seen(job: Job, name: str, told: Told | None) -> Seen:
    p = job.parameters
    outcome = outcome_seen(told, lambda: is_changing(job.folder, p.client, p.service) or changes_elsewhere(job))
    return Seen(job.folder / name, told, outcome)
