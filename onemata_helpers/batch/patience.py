"""What the runner itself asks AWS for on behalf of a job, which is waited for no longer once the job was killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Protocol, TypeVar

_TICK = 0.25

Result = TypeVar("Result")


class Killable(Protocol):
    """What may be killed, and then says why."""

    why_killed: str


class Abandoned(Exception):
    """Nobody waits for it any more. It may still go on, until it ends or this process does."""


def unless_killed(work: Callable[[], Result], of: Killable, seconds: float = 0) -> Result:
    """What `work` gives, or raises. Raises Abandoned so many seconds after `of` was seen to be killed."""
    done = begun(work)
    end: float | None = None
    while wait([done], _TICK).not_done:
        if of.why_killed:
            end = time.monotonic() + seconds if end is None else end
            if time.monotonic() >= end:
                raise Abandoned
    return done.result()


def begun(work: Callable[[], Result]) -> Future[Result]:
    """Have it done in a thread that this process does not wait for at its end, as it would for a pool's."""
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, name="for a job", daemon=True).start()
    return done
