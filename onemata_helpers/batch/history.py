"""What the records say of a client's service: how the newest run ended, and whether its account drifted since.

Records are only ever read to choose what is run. What is done in AWS is decided by what AWS says then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..lock import is_changing
from ..parameters import ServiceParameters
from ..record import Outcome
from .jobs import Job

_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z\.json")
IN_PLACE = ("applied", "verified")
"""The outcomes after which all was seen in place."""
CUT_OFF = "cut off"
RUNNING = "running"
"""In place of an outcome, of a record that has no end (yet)."""
# What says how a run was made, and not of what.
_OF_THE_RUN = {"action", "approved_plan", "approved_by", "approval_reference", "record"}


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
    """A record, as far as it matters here.

    `doing` is what it was doing when it was cut off; `differs`: its plan found something to do, or in the way.
    """

    path: Path
    action: str
    outcome: str
    reason: str
    started: str
    doing: str
    parameters: dict[str, Any]
    differs: bool


class _Change(BaseModel):
    model_config = ConfigDict(extra="ignore")

    kind: str
    calls: list[Any] = []


class _Plan(BaseModel):
    model_config = ConfigDict(extra="ignore")

    changes: list[_Change]


class _Doing(BaseModel):
    model_config = ConfigDict(extra="ignore")

    doing: str
    finished: str | None


class _Kept(BaseModel):
    """The form of what is read of a record; records of older versions may lack the rest."""

    model_config = ConfigDict(extra="ignore")

    action: str
    outcome: Outcome | None
    reason: str
    started: str
    doing: str = ""
    parameters: dict[str, Any]
    plan: _Plan | None


def newest(job: Job) -> Seen | None:
    """The newest record of a job's client and service; None if there is none."""
    return next(_records(job), None)


def doing(record: Path) -> str:
    """What a run that writes this record is doing; empty if that cannot be seen."""
    try:
        found = _Doing.model_validate_json(record.read_bytes())
    except (OSError, ValueError):
        return ""
    return "ending" if found.finished else found.doing


def states(job: Job) -> set[State]:
    """All states that the newest record puts a job in."""
    found = _records(job)
    last = next(found, None)
    if last is None:
        return {State.NEVER, State.NOT_VERIFIED}
    states = set() if last.outcome in (*IN_PLACE, "removed") else {State.NOT_VERIFIED}
    if last.outcome in (State.FAILED, CUT_OFF):
        states.add(State.FAILED)
    elif last.outcome in (State.BLOCKED, State.WAITING):
        states.add(State(last.outcome))
    if last.action in ("plan", "verify") and last.differs and _was_in_place(last, found):
        states.add(State.DRIFTED)
    return states


def at_goal(job: Job, seen: Seen, since: str) -> bool:
    """Whether this record is of a run since then, with the same parameters, that ended as this action is to end."""
    if seen.started < since or seen.parameters != without_run(job.parameters.model_dump(mode="json")):
        return False
    return seen.outcome in _goals(job.parameters) and (seen.action == job.parameters.action or seen.outcome in IN_PLACE)


def without_run(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters without what says only how a run was made."""
    return {key: value for key, value in parameters.items() if key not in _OF_THE_RUN}


def _goals(parameters: ServiceParameters) -> tuple[str, ...]:
    if parameters.action in ("apply", "verify"):
        return IN_PLACE
    return ("removed",) if parameters.action == "remove" else ("planned",)


def _was_in_place(last: Seen, earlier: Iterator[Seen]) -> bool:
    """Whether all was in place in an earlier run with the same parameters, and not removed since."""
    ended = next((each for each in earlier if each.outcome in (*IN_PLACE, "removed")), None)
    return ended is not None and ended.outcome in IN_PLACE and ended.parameters == last.parameters


def _records(job: Job) -> Iterator[Seen]:
    """The records of a job's client and service, the newest first."""
    folder = job.folder
    try:
        names = sorted((path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
    except FileNotFoundError:
        return
    changing = is_changing(folder, job.parameters.client, job.parameters.service)
    for number, name in enumerate(names):
        yield _read(folder / name, RUNNING if changing and number == 0 else CUT_OFF)


def _read(path: Path, unfinished: str) -> Seen:
    """A record. One that cannot be read was cut off as it was begun, or is not ours to judge."""
    try:
        kept = _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return Seen(path, "", CUT_OFF, "The record cannot be read.", "", "", {}, differs=False)
    changes = kept.plan.changes if kept.plan else []
    differs = any(change.calls or change.kind == "blocked" for change in changes)
    parameters = without_run(kept.parameters)
    outcome = kept.outcome or unfinished
    return Seen(path, kept.action, outcome, kept.reason, kept.started, kept.doing, parameters, differs)
