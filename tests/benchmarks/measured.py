"""A command, and what it took: CPU seconds of it and of all its processes, wall time, and memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

from ..processes import running

# Every so many seconds a running command is looked at.
_TICK = 0.1


@dataclass
class Measured:
    """What a command took."""

    cpu: float
    wall: float


def measure(
    command: Sequence[str | Path], folder: Path, environment: dict[str, str], look: Callable[[int], None] | None = None
) -> Measured:
    """Run a command to its end. `look` is called with its process id every tenth of a second.

    Raises RuntimeError, with the end of what it said, if it fails.
    """
    began = time.monotonic()
    with (
        (folder / "said.txt").open("w+") as said,
        running(command, cwd=folder, env=os.environ | environment, stdout=said, stderr=said) as process,
    ):
        with _looked_at(process.pid, look or (lambda _: None)):
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if process.returncode:
            shown = " ".join(map(str, command))[:300]
            raise RuntimeError(f"{shown} ended with {process.returncode}: {said.read()[-3000:]}")
    return Measured(usage.ru_utime + usage.ru_stime, wall)


@contextmanager
def _looked_at(pid: int, look: Callable[[int], None]) -> Iterator[None]:
    ended = Event()
    looking = Thread(target=_every_tick, args=(lambda: look(pid), ended))
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join()


def _every_tick(look: Callable[[], None], ended: Event) -> None:
    while not ended.wait(_TICK):
        look()


def notebooks_of(pid: int) -> list[psutil.Process]:
    """The processes of the notebooks that a command runs now."""
    try:
        return [each for each in psutil.Process(pid).children(recursive=True) if each.name() == "notebook"]
    except psutil.Error:
        return []


def private_mib(pid: int) -> float:
    """Memory that no other process shares; 0 if the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def cpu_of(pid: int) -> float:
    """CPU seconds of a running command so far, with all its processes that still run or that were waited for."""
    total = 0.0
    try:
        for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            total += sum(each.cpu_times()[:4])
    except psutil.Error:
        pass
    return total
