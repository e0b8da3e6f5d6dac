"""A row for each client's service: how its newest run ended, when it was last verified, and what has drifted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from ..archive import FAR_BACK, Archive, records
from ..outcome_signs import WORST_FIRST
from ..text import sentence, visible
from ..told import RUNNING, Drift, Past, Told, drift, outcome_seen
from .waits import Wait, waits_for

UNREADABLE = "unreadable"


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
        good = WORST_FIRST.index("waiting")
        return min(WORST_FIRST.index(self.outcome), good if self.drift else len(WORST_FIRST))


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

    def row_of(each: tuple[str, str]) -> Row:
        return _row(*each, records(of_each[each]), archive, notebooks)

    with ThreadPoolExecutor(archive.at_once) as pool:
        found = list(pool.map(row_of, of_each))
    return sorted([*found, *_unread(archive.unread)], key=lambda row: (row.client, row.service))


def _row(client: str, service: str, names: Sequence[str], archive: Archive, notebooks: set[str]) -> Row:
    past = Past(names, archive.read)
    last = next(iter(past))
    notebook = names[0].removesuffix(".json") + ".ipynb"
    link = archive.link(notebook if notebook in notebooks else names[0])
    seen = next((told for told in islice(past, FAR_BACK) if told and told.checks), None)
    verified, proven = (seen.ended, _proven(seen)) if seen else (None, "")
    name = (visible(client), visible(service))
    if last is None:
        waits = (Wait("engineer", "The engineer looks at the file, and runs it again."),)
        why = "The newest record cannot be read."
        return Row(*name, UNREADABLE, why, verified=verified, proven=proven, waits=waits, record=link)
    drifted = drift(islice(past, FAR_BACK))
    outcome = outcome_seen(last, lambda: archive.changing(client, service))
    running = outcome == RUNNING
    return Row(
        *name,
        outcome,
        last.reason if last.outcome else _where(last, running=running),
        last.action,
        last.ended,
        verified,
        proven,
        drifted,
        () if running else tuple(waits_for(last, drifted)),
        link,
        last.sandbox,
    )


def _proven(told: Told) -> str:
    proven = sum(check.result == "proven" for check in told.checks)
    return f"{proven} of {len(told.checks)} proven"


def _where(told: Told, *, running: bool) -> str:
    """A record without an end: of a run that was cut off, or that is under way. One that only reads holds no lock."""
    said = "It changes things now" if running else "It has no end: it was cut off, or still runs and only reads"
    return sentence(f"{said}{f', at: {told.doing}' if told.doing else ''}")


def _unread(places: dict[str, str]) -> Iterator[Row]:
    for place, why in places.items():
        client, _, service = place.partition("/")
        waits = (Wait("engineer", "The engineer gives the right to read it."),)
        yield Row(visible(client), visible(service), UNREADABLE, why, waits=waits)
