"""The rows as a matrix, clients × services, the worst client first; and words for what stands in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..choices import ServiceName
from ..outcome_signs import WORST_FIRST
from ..text import counted
from .rows import Row

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True)
class Client:
    """A line of the matrix."""

    name: str
    rows: dict[str, Row]

    @property
    def rank(self) -> int:
        """That of its worst service."""
        return min(row.rank for row in self.rows.values())

    @property
    def verified(self) -> datetime | None:
        """When the service was verified whose verification is the oldest; None if one never was."""
        times = [row.verified for row in self.rows.values() if row.outcome != "removed"]
        known = [time for time in times if time]
        return min(known) if known and len(known) == len(times) else None


@dataclass(frozen=True)
class Matrix:
    """What is shown: when it was made, the services that occur, and the clients."""

    made: datetime
    services: tuple[str, ...]
    clients: tuple[Client, ...]
    summary: str


def matrix(rows: Sequence[Row]) -> Matrix:
    """The matrix of these rows, as of now."""
    of_clients: dict[str, dict[str, Row]] = {}
    for row in rows:
        of_clients.setdefault(row.client, {})[row.service] = row
    known = [each.value for each in ServiceName]
    there = {row.service for row in rows if row.service}
    services = (*(each for each in known if each in there), *sorted(there.difference(known)))
    clients = sorted((Client(name, mine) for name, mine in of_clients.items()), key=lambda each: each.rank)
    return Matrix(datetime.now(UTC), services, tuple(clients), _summary(rows, len(of_clients)))


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago something was, as people say it."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "just now"


def _summary(rows: Sequence[Row], clients: int) -> str:
    counts = Counter(row.outcome for row in rows)
    said = [f"{counts[each]} {each}" for each in WORST_FIRST if counts[each]]
    drifted = sum(row.drift is not None for row in rows)
    said += [f"{drifted} drifted"] if drifted else []
    return f"{counted(len(rows), 'runbook')} of {counted(clients, 'client')}: {', '.join(said) or 'no records'}."
