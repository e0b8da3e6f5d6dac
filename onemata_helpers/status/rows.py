"""A row for each client's service: how its newest run ended, when it was last verified, and what has drifted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from ..archive import FAR_BACK, Archive, RecordRefused, records
from ..outcome_signs import WORST_FIRST
from ..side_by_side import side_by_side
from ..text import one_line, sentence, visible
from ..told import RUNNING, Drift, Past, Told, drift, outcome_seen
from ..waits import Wait, said_in, waits_for

UNREADABLE = "unreadable"
_OPEN = WORST_FIRST.index("waiting")


@dataclass(frozen=True)
class Row:
    """What the records say of one client's service. `service` is empty where even its folder could not be read."""

    client: str
    service: str
    outcome: str
    reason: str
    action: str = ""
    ended: datetime | None = None
    verified: datetime | None = None
    proven: str = ""
    drift: Drift | None = None
    waits: tuple[Wait, ...] = ()
    record: str = ""
    sandbox: bool = False

    @property
    def rank(self) -> int:
        """The less, the sooner somebody should look at it."""
        return min(WORST_FIRST.index(self.outcome), _OPEN if self.drift else len(WORST_FIRST))

    @property
    def why(self) -> str:
        """Why it ended as it should not have, without who acts; empty if nothing is wrong, or if that says it."""
        happened = self.reason.partition("Who acts: ")[0].strip()
        wrong = WORST_FIRST.index(self.outcome) < _OPEN
        return happened if wrong and not any(happened in wait.what for wait in self.waits) else ""


def rows(archive: Archive) -> list[Row]:
    """All rows, by client and service. Raises NoRecords."""
    of_each: dict[tuple[str, str], list[str]] = defaultdict(list)
    notebooks = set()
    for name in archive.names():
        client, service, file = name.split("/")
        if file.endswith(".json"):
            of_each[client, service].append(name)
        else:
            notebooks.add(name)

    found: list[Row] = []

    def look(client: str, service: str) -> None:
        found.append(_row(client, service, records(of_each[client, service]), archive, notebooks))

    side_by_side([partial(look, *each) for each in of_each], archive.at_once)
    return sorted([*found, *_unread(archive.unread)], key=lambda row: (row.client, row.service))


class _Refused:
    """What an archive does not let us read, by name, and why not: the rest is shown all the same."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.why: dict[str, str] = {}

    def read(self, name: str) -> bytes:
        """The content of a record. Raises OSError."""
        try:
            return self._archive.read(name)
        except RecordRefused as error:
            self.why[name] = str(error)
            raise OSError from None

    def changing(self, client: str, service: str) -> bool:
        """Whether a run is known to change things for them now."""
        try:
            return self._archive.changing(client, service)
        except RecordRefused as error:
            self.why["lock"] = str(error)
            return False

    @property
    def said(self) -> str:
        """That something older, or the lock, is not known, and who acts; empty if all is."""
        first = next(iter(self.why.values()), "")
        more = f" ({len(self.why) - 1} more like this)" if len(self.why) > 1 else ""
        return f"Not all could be read, so there may be more to know{more}: {first}" if first else ""

    def waits(self) -> Iterator[Wait]:
        """Who acts, with what that is about."""
        happened = self.said.partition(" Who acts: ")[0]
        yield from (Wait(each.who, f"{happened} {each.what}") for each in said_in(self.said))


def _row(client: str, service: str, names: Sequence[str], archive: Archive, notebooks: set[str]) -> Row:
    reading = _Refused(archive)
    past = Past(names, reading.read)
    last = next(iter(past))
    notebook = names[0].removesuffix(".json") + ".ipynb"
    link = archive.link(notebook if notebook in notebooks else names[0])
    seen = next((told for told in islice(past, FAR_BACK) if told and told.checks), None)
    verified, proven = (seen.ended, _proven(seen)) if seen else (None, "")
    name = (visible(client), visible(service))
    if last is None:
        why = reading.why.pop(names[0], "")
        waits = tuple(said_in(why)) or (Wait("engineer", "The engineer looks at the file, and runs it again."),)
        why = f"The newest record cannot be read. {why}".strip()
        return Row(*name, UNREADABLE, why, verified=verified, proven=proven, waits=waits, record=link)
    drifted = drift(islice(past, FAR_BACK))
    outcome = outcome_seen(last, lambda: reading.changing(client, service))
    running = outcome == RUNNING
    return Row(
        *name,
        outcome,
        " ".join(filter(None, (_reason(last, running=running), reading.said))),
        last.action,
        last.ended,
        verified,
        proven,
        drifted,
        (*(() if running else waits_for(last, drifted)), *reading.waits()),
        link,
        last.sandbox,
    )


def _proven(told: Told) -> str:
    proven = sum(check.result == "proven" for check in told.checks)
    return f"{proven} of {len(told.checks)} proven"


def _reason(told: Told, *, running: bool) -> str:
    """The record's own; and where it only says which checks failed, what each of them saw."""
    if told.outcome is None:
        return _where(told, running=running)
    seen = [f"{check.name}: {one_line(check.evidence.partition('Who acts: ')[0])}" for check in told.failed]
    return " ".join([told.reason, *map(sentence, seen)])


def _where(told: Told, *, running: bool) -> str:
    """A record without an end: of a run that was cut off, or that is under way. One that only reads holds no lock."""
    said = "It changes things now" if running else "It has no end: it was cut off, or still runs and only reads"
    return sentence(f"{said}{f', at: {told.doing}' if told.doing else ''}")


def _unread(places: dict[str, str]) -> Iterator[Row]:
    for place, why in places.items():
        client, _, service = place.partition("/")
        waits = (Wait("engineer", "The engineer gives the right to read it."),)
        yield Row(visible(client), visible(service), UNREADABLE, why, waits=waits)
