"""Processes that a test starts: each ends with its block, whatever became of the test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any

import psutil

LONG = 120
"""Seconds after which a test gives up, on any machine."""


@contextmanager
def running(command: Sequence[str | Path], **how: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process. What still runs at the end of the block is told to end, and killed with all that it started.

    Nothing is read to its end here: who outlives the process may hold the other end of its pipes.
    Raises TimeoutExpired, which names the command, if it had to be killed.
    """
    process = subprocess.Popen(command, **how)
    try:
        yield process
    finally:
        try:
            if process.poll() is None:
                process.terminate()
            process.wait(LONG)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise
        finally:
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()


def next_line(process: subprocess.Popen[str]) -> str:
    """The next line that it prints. A process that prints none for too long is killed; then it is empty."""
    assert process.stdout is not None
    too_long = Timer(LONG, _kill, [process])
    too_long.start()
    try:
        return process.stdout.readline().strip()
    finally:
        too_long.cancel()


def _kill(process: subprocess.Popen[Any]) -> None:
    with suppress(psutil.NoSuchProcess):
        for each in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.kill()
    process.wait(LONG)
