"""What became of all: a line for each client, failures first, with the reason, who acts, and the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import indent

from ..outcome_signs import COLOURS, WORST_FIRST
from ..terminal import out, say
from ..text import counted, lasting
from .jobs import Result
from .standing import MISSING
from .standing import WORST_FIRST as WORST_PREFLIGHT_FIRST


def show_recap(results: Sequence[Result], seconds: float) -> None:
    """Print it."""
    if not results:
        return
    out.print()
    say(f"{'Preflight':<11}{'Outcome':<13}Client: runbooks", "bold")
    for line, style in _lines(results):
        say(line, style)
    clients = counted(len({result.client for result in results}), "client")
    counts = Counter(result.outcome for result in results)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in WORST_FIRST if counts[outcome])
    say(f"{counted(len(results), 'runbook')} of {clients} in {lasting(seconds)}: {said}.", "bold")


def _lines(results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    of_clients: dict[str, list[Result]] = {}
    for result in results:
        of_clients.setdefault(result.client, []).append(result)
    for client, mine in sorted(of_clients.items(), key=lambda each: _badness(each[1])):
        worst = min(mine, key=_rank).outcome
        services = ", ".join(f"{each.service} {each.outcome}" if each.service else "folder" for each in mine)
        yield f"{_preflight(mine):<11}{worst.upper():<13}{client}: {services}", COLOURS[worst]
        for each in sorted(mine, key=_rank):
            yield from ((f"    {each.service}: {each.preflight}: {about}", "") for about in each.preflight_about)
            if _rank(each) < WORST_FIRST.index("planned"):
                yield indent(f"{each.service or 'folder'}: {each.reason}", "    "), ""
                if each.record:
                    yield f"    {each.record.with_suffix('.ipynb').as_posix()}", ""


def _preflight(mine: Sequence[Result]) -> str:
    """The worst of a client's, and of what is missing how much."""
    missing = sum(len(each.preflight_about) for each in mine if each.preflight == MISSING)
    return f"{missing} {MISSING}" if missing else _worst_preflight(mine) or "-"


def _worst_preflight(mine: Sequence[Result]) -> str:
    return min((each.preflight for each in mine), key=WORST_PREFLIGHT_FIRST.index)


def _rank(result: Result) -> int:
    return WORST_FIRST.index(result.outcome)


def _badness(mine: Sequence[Result]) -> tuple[int, int]:
    """Among those that ended alike, whom something is missing must not stand in the middle of hundreds."""
    return min(map(_rank, mine)), WORST_PREFLIGHT_FIRST.index(_worst_preflight(mine))
