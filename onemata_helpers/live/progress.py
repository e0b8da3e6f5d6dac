"""How the work goes on, row by row: each change and check with its state and seconds, and why we wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..apply import Done
from ..calls import ApiCall
from ..checks import Check
from ..display import View
from ..plan import Change
from ..text import one_line
from ..watcher import Watcher
from .frontend import Place

_TICK = 1.0


def row_of(change: Change) -> str:
    """The name of a change's row: one thing may be made, and then added to."""
    return f"{change.kind}: {change.resource}"


@dataclass
class Row:
    """A change or check: its state, when it began, and how long it took."""

    state: str = "not yet"
    began: float | None = None
    took: float | None = None

    @property
    def seconds(self) -> str:
        """How long it has taken, or takes already."""
        if self.began is None:
            return ""
        return f"{self.took if self.took is not None else time.monotonic() - self.began:.0f} s"


@dataclass
class LiveProgress(Watcher):
    """Shows itself in a place of the notebook, anew each second, so that somebody who watches knows that it works."""

    rows: dict[str, Row] = field(default_factory=dict)
    title: str = ""
    now: str = ""
    _place: Place | None = None
    _began: float = 0.0
    _last: float = 0.0
    _calls: int = 0
    # The newest state is shown last: who shows a moment later must not be overtaken by who took the state before.
    _showing: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def shown(self, place: Place, title: str, expected: Sequence[str] = ()) -> Iterator[None]:
        """Show the progress of what is done within, with a row for each that is expected."""
        self.rows = {name: Row() for name in expected}
        self.title, self.now, self._calls, self._place = title, "", 0, place
        self._began = self._last = time.monotonic()
        ended = threading.Event()
        ticking = threading.Thread(target=self._tick, args=(ended,), daemon=True)
        self._show()
        ticking.start()
        try:
            yield
        finally:
            self._place = None
            ended.set()
            ticking.join()

    def call(self, call: ApiCall) -> None:
        self._calls += 1
        self.now = f"AWS answered {call.service}:{call.operation}"

    def change(self, done: Done) -> None:
        row = self.rows.setdefault(row_of(done.change), Row())
        if done.status == "begun":
            row.state, row.began = "begun", time.monotonic()
        else:
            self._ended(row, done.status)
        self._show()

    def check(self, check: Check) -> None:
        row = self.rows.setdefault(check.name, Row())
        row.began, self._last = self._last, time.monotonic()
        self._ended(row, check.result)
        self._show()

    def waiting(self, why: str) -> None:
        self.now = one_line(why)
        self._show()

    def _ended(self, row: Row, state: str) -> None:
        row.state = state
        if row.began is not None:
            row.took = time.monotonic() - row.began
        self.now = ""

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(_TICK):
            self._show()

    def _show(self) -> None:
        with self._showing:
            if self._place is not None:
                self._place.put(
                    View(
                        "progress",
                        title=self.title,
                        seconds=f"{time.monotonic() - self._began:.0f}",
                        calls=self._calls,
                        now=self.now,
                        rows=list(self.rows.items()),
                    )
                )
