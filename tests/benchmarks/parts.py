"""The parts of the benchmark. Each yields its rows: what was measured, how much, and what was to be reached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from . import ways
from .clients import ONEMATA, SERVICES, make_clients, served
from .measured import Measured, cpu_of, measure, notebooks_of, private_mib
from .ways import Way

_TICK = 0.002  # seconds: records round when a call began

# CPU seconds of a notebook before any of this was made faster, from the issue that asked for it. They are of another
# day and its machine: beside those of a run they say how far it has come, and not how much exactly.
_BEFORE = {"papermill command": 9.2, "papermill.execute_notebook": 4.3, "one plain Python process": 0.33}


@dataclass(frozen=True)
class Sizes:
    """How much is run."""

    clients: int
    slow_clients: int
    jobs: int
    latency: float
    many: int
    slow_notebooks: int = len(SERVICES)
    """Of each client, how many for papermill's own ways."""
    tries: int = 3
    """Of a command that does little; the best counts."""


def row(what: str, value: str, goal: str = "") -> str:
    """One line of the table."""
    return f"{what:<72} {value:>12}  {goal}"


def cpu(sizes: Sizes, work: Path) -> Iterator[str]:
    """CPU seconds of a notebook, each way with clients of its own on one sandbox."""
    slow = SERVICES[: sizes.slow_notebooks]
    of_each: dict[str, tuple[Way, int, tuple[str, ...]]] = {
        "papermill command": (ways.papermill_command, sizes.slow_clients, slow),
        "papermill.execute_notebook": (ways.papermill_function, sizes.slow_clients, slow),
        "one plain Python process": (ways.plain_process, sizes.clients, SERVICES),
        "onemata run": (ways.onemata, sizes.clients, SERVICES),
    }
    folders = {
        name: make_clients(work, "abcd"[n], number, services)
        for n, (name, (_, number, services)) in enumerate(of_each.items())
    }
    yield f"CPU seconds a notebook, apply, Redshift and Glue, {sizes.clients} clients:"
    taken = {}
    with served([each for some in folders.values() for each in some]) as environment:
        for name, (way, _, services) in of_each.items():
            (work / name).mkdir()
            measured = way(folders[name], work / name, environment, sizes.jobs)
            notebooks = len(folders[name]) * len(services)
            taken[name] = measured.cpu / notebooks
            before = f"; before, on another day: {_BEFORE[name]} s" if name in _BEFORE else ""
            yield row(f"  {name}", f"{taken[name]:.3f} s", f"wall {measured.wall / notebooks:.2f} s{before}")
    ours = taken.pop("onemata run")
    for (name, cost), goal in zip(taken.items(), ("1/20", "1/8", "1.5"), strict=True):
        share = f"1/{cost / ours:.1f}" if goal.startswith("1/") else f"{ours / cost:.2f}"
        yield row(f"  onemata run, of {name}", share, f"goal: at most {goal}")


def wall(sizes: Sizes, work: Path) -> Iterator[str]:
    """Wall time with slow calls, beside what the calls alone would take; and the memory of running notebooks."""
    folders = make_clients(work, "w", sizes.clients)
    most: dict[int, float] = {}

    def look(pid: int) -> None:
        for each in notebooks_of(pid):
            most[each.pid] = max(most.get(each.pid, 0.0), private_mib(each.pid))

    with served(folders, sizes.latency) as environment:
        measured = measure(ways.onemata_command(folders, sizes.jobs), work, environment, look)
    chains = [_chain(work / "records" / each.name) for each in folders]
    rounds = max(1.0, len(folders) / sizes.jobs)
    ideal = max(chains) * sizes.latency * rounds
    yield f"Wall time, {sizes.clients} clients, {sizes.jobs} at once, {sizes.latency * 1000:.0f} ms a call:"
    yield row("  onemata run", f"{measured.wall:.1f} s", f"CPU {measured.cpu:.1f} s")
    yield row(f"  ideal: {max(chains)} calls of a client one after the other, and nothing else", f"{ideal:.1f} s")
    if ideal:  # not with calls that take no time
        yield row("  onemata run, of the ideal", f"{measured.wall / ideal:.2f}", "goal: at most 1.5")
    yield row("Private memory of a running notebook, the middle one", f"{median(most.values()):.1f} MiB")
    yield row("Private memory of a running notebook, the largest", f"{max(most.values()):.1f} MiB", "goal: at most 25")


def _chain(records: Path) -> int:
    """The most calls of a client of which each began when the one before it had ended."""
    return sum(_longest(json.loads(path.read_text())["calls"]) for path in records.rglob("*.json"))


def _longest(calls: list[dict[str, Any]]) -> int:
    ended: list[tuple[float, int]] = []
    for began, end in sorted((_began(call), _began(call) + call["seconds"]) for call in calls):
        ended.append((end, 1 + max((length for before, length in ended if before <= began + _TICK), default=0)))
    return max((length for _, length in ended), default=0)


def _began(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["time"]).timestamp()


def drift(sizes: Sizes, work: Path) -> Iterator[str]:
    """Whether the last hundred notebooks of a long run cost more than the second: in the first lies its start.

    Of a run of less than a thousand, it is the last tenth and the second.
    """
    folders = make_clients(work, "m", sizes.many)
    seen: list[tuple[int, float, float]] = []

    def look(pid: int) -> None:
        ended = sum(1 for _ in (work / "records").rglob("*.json"))
        if not seen or ended > seen[-1][0]:
            seen.append((ended, cpu_of(pid), private_mib(pid)))

    with served(folders) as environment:
        measured = measure(ways.onemata_command(folders, sizes.jobs), work, environment, look)
    notebooks = len(folders) * len(SERVICES)
    some = min(100, notebooks // 10)
    first = _cost(seen, some, 2 * some)
    last = _cost(seen, notebooks - some, notebooks)
    yield f"A long run, {sizes.many} clients:"
    yield row("  CPU seconds in all", f"{measured.cpu:.1f} s", f"wall {measured.wall:.1f} s")
    yield row(f"  CPU seconds a notebook, the last {some} of the second", f"{last / first:.2f}", "goal: at most 1.1")
    memory = [mib for ended, _, mib in seen if ended >= some]
    yield row(f"  Memory of the runner at the end, of that after {some}", f"{memory[-1] / memory[0]:.2f}", "goal: 1.1")


def _cost(seen: list[tuple[int, float, float]], begin: int, end: int) -> float:
    """CPU seconds a notebook between two counts of notebooks that have begun."""
    within = [each for each in seen if begin <= each[0] <= end]
    return (within[-1][1] - within[0][1]) / max(1, within[-1][0] - within[0][0])


def commands(sizes: Sizes, work: Path) -> Iterator[str]:
    """CPU seconds of the commands that do little."""
    folders = list(map(str, make_clients(work, "k", sizes.clients)))
    yield f"CPU seconds of commands, the best of {sizes.tries}:"
    for arguments, goal in ((["--help"], "0.25 s"), (["--version"], "0.25 s"), (["check", *folders], "")):
        best = min(measure([str(ONEMATA), *arguments], work, {}).cpu for _ in range(sizes.tries))
        goal = goal or f"{1.5 * max(100, len(folders)) / 100:.1f} s"
        yield row(f"  onemata {arguments[0]}", f"{best:.2f} s", f"goal: at most {goal}")
    best = min(_typo(work).cpu for _ in range(sizes.tries))
    yield row("  onemata chekc", f"{best:.2f} s", "goal: at most 0.25 s")


def _typo(work: Path) -> Measured:
    return measure(["sh", "-c", f'"{ONEMATA}" chekc || true'], work, {})
