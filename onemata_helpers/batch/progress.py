"""How a batch goes on: plain lines, one for each start and one for each end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..terminal import say
from ..text import lasting
from .jobs import Result
from .runner import Batch, Started

Show = Callable[[Started | Result | None], None]


@contextmanager
def shown_progress(batch: Batch) -> Iterator[Show]:  # noqa: ARG001
    """What shows each event."""
    yield _in_lines


def _in_lines(event: Started | Result | None) -> None:
    if isinstance(event, Started):
        say(f"{event.job.name}: {event.job.parameters.action} begins")
    elif event:
        say(f"{event.name}: {event.outcome} after {lasting(event.seconds)}: {event.reason}")
        if event.record:
            say(f"  {event.record.with_suffix('.ipynb').as_posix()}")
