"""How a batch goes on: on a terminal a picture that moves, in a log one line for each start and one for each end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..terminal import out, say, shown
from ..text import lasting, one_line
from .history import doing
from .jobs import Result
from .runner import Batch, Running, Started

Show = Callable[[Started | Result | None], None]

_PER_SECOND = 4
# Seconds: a notebook may take minutes.
_LOOKING_BACK = 3600
_MOST_LINES = 16
_LONGEST = 100


@contextmanager
def shown_progress(batch: Batch) -> Iterator[Show]:
    """What shows each event, as long as this lasts."""
    if not out.is_terminal:
        yield _in_lines
        return
    picture = _Picture(batch)
    with Live(get_renderable=picture.drawn, console=out, refresh_per_second=_PER_SECOND, transient=True):
        yield picture.show


def _in_lines(event: Started | Result | None) -> None:
    if isinstance(event, Started):
        say(f"{event.job.name}: {event.job.parameters.action} begins")
    elif event:
        _say_end(event)


def _say_end(result: Result) -> None:
    say(f"{result.name}: {result.outcome} after {lasting(result.seconds)}: {result.reason}")
    if result.record:
        say(f"  {result.record.with_suffix('.ipynb').as_posix()}")


class _Picture:
    """Done of how many, the time left, and what each running job is doing and for how long."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "left:", TimeRemainingColumn())
        self._bar = Progress(*columns, speed_estimate_period=_LOOKING_BACK)
        self._all = self._bar.add_task("", total=len(batch.todo))

    def show(self, event: Started | Result | None) -> None:
        """A job that ended is said above the picture."""
        if isinstance(event, Result):
            _say_end(event)
            self._bar.advance(self._all)

    def drawn(self) -> RenderableType:
        """The picture as it is now."""
        running = self._batch.running_now()
        table = Table.grid(padding=(0, 2))
        for each in running[:_MOST_LINES]:
            table.add_row(shown(each.job.name), shown(lasting(each.seconds)), shown(_doing(each)))
        more = len(running) - _MOST_LINES
        return Group(self._bar, table, shown(f"and {more} more")) if more > 0 else Group(self._bar, table)


def _doing(running: Running) -> str:
    said = doing(running.record) if running.record else ""
    stopping = " (asked to stop)" if running.why_asked else ""
    return one_line(said or "starting", _LONGEST) + stopping
