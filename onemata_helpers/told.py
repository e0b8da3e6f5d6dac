"""What an earlier run's record tells. It is only ever shown, or used to choose what is run: never to act in AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from .choices import Action
from .parameters import ServiceParameters
from .record import Outcome
from .text import visible

IN_PLACE = ("applied", "verified")
"""The outcomes after which all was seen in place."""
CUT_OFF = "cut off"
RUNNING = "running"
"""In place of an outcome, of a record that has no end (yet)."""
# What says how a run was made, and not of what.
_OF_THE_RUN = {"action", "approved_plan", "approved_by", "approval_reference", "plan_shown", "record"}


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time that there is in UTC") from None


Text = Annotated[str, AfterValidator(visible)]
Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class _Form(BaseModel):
    """Records of older versions may lack some of it, and newer ones have more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ToldCheck(_Form):
    """A check."""

    name: Text
    result: Text
    evidence: Text = ""


class ToldChange(_Form):
    """A change that was planned."""

    kind: Text
    resource: Text
    why: Text = ""
    calls: list[object] = []


class ToldPlan(_Form):
    """A plan."""

    changes: list[ToldChange]

    @property
    def to_do(self) -> list[str]:
        """What applying it would change."""
        return [change.resource for change in self.changes if change.calls]

    @property
    def open(self) -> list[str]:
        """What it found to do, or in the way."""
        return [change.resource for change in self.changes if change.calls or change.kind == "blocked"]


class Told(_Form):
    """A record, as far as others than its run need it. Times that are no times, and unknown words, are refused."""

    action: Action
    outcome: Outcome | None
    reason: Text = ""
    started: Time
    finished: Time | None = None
    doing: Text = ""
    sandbox: bool = False
    parameters: dict[str, Any] = {}
    plan: ToldPlan | None = None
    plan_digest: Text = ""
    checks: list[ToldCheck] = []

    @property
    def ended(self) -> datetime:
        """When it ended; of one that was cut off, when it began."""
        return self.finished or self.started

    @property
    def subject(self) -> dict[str, Any]:
        """The parameters without those that say only how a run was made."""
        return _without_run(self.parameters)

    @property
    def failed(self) -> list[ToldCheck]:
        """The checks that failed."""
        return [check for check in self.checks if check.result == "failed"]

    @property
    def unproven(self) -> list[ToldCheck]:
        """The checks that are neither proven nor failed."""
        return [check for check in self.checks if check.result not in ("proven", "failed")]

    @property
    def differences(self) -> list[str]:
        """What is not as it should be: what the plan found to do, and what failed when it was verified."""
        planned = self.plan.open if self.plan else []
        return list(dict.fromkeys([*planned, *(check.name for check in self.failed)]))


def subject(parameters: ServiceParameters) -> dict[str, Any]:
    """What a record of a run with these parameters has as its subject."""
    return _without_run(parameters.model_dump(mode="json"))


def _without_run(parameters: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key not in _OF_THE_RUN}


def outcome_seen(told: Told | None, changing: Callable[[], bool]) -> str:
    """A record's outcome, or what stands for it; `changing` tells whether a run changes things for its client now.

    One that cannot be read was cut off as it was begun.
    """
    if told and told.outcome:
        return told.outcome
    return RUNNING if changing() else CUT_OFF


class Past:
    """The records of a client's service, the newest first, each read once and only when it is come to.

    One that cannot be read is None.
    """

    def __init__(self, names: Sequence[str], read: Callable[[str], bytes]) -> None:
        self._names = names
        self._read = read
        self._seen: list[Told | None] = []

    def __iter__(self) -> Iterator[Told | None]:
        for number, name in enumerate(self._names):
            if number == len(self._seen):
                self._seen.append(_told(self._read, name))
            yield self._seen[number]


def _told(read: Callable[[str], bytes], name: str) -> Told | None:
    try:
        return Told.model_validate_json(read(name))
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class Drift:
    """What was found to be other than it had been put in place, when, and when it was last seen in place."""

    what: tuple[str, ...]
    found: datetime
    since: datetime


def drift(past: Iterable[Told | None]) -> Drift | None:
    """What the last plan or verification found changed since all was in place with the same parameters.

    None if nothing was, or nobody looked. A run that fails before it has seen anything says nothing.
    """
    found: Told | None = None
    for told in past:
        if told is None:
            continue
        if told.action == "remove":
            return None
        if told.outcome in IN_PLACE:
            known = found is not None and found.subject == told.subject
            return Drift(tuple(found.differences), found.ended, told.ended) if found and known else None
        if found is None and told.action in ("plan", "verify") and (told.plan or told.checks):
            if not told.differences:
                return None
            found = told
    return None
