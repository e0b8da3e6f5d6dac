"""A step of a run as a live session takes it: its place shows how it goes on, then what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..display import View, word
from ..errors import OnemataError, OutOfOrder
from . import cards
from .progress import LiveProgress
from .screen import Screen
from .stopped import Stopped


class Steps:
    """Takes steps, by a cell or by a click.

    `failed` is told which failed, and why. `must_be_newest` raises OutOfOrder if the run is over.
    """

    def __init__(
        self, screen: Screen, failed: Callable[[str, OnemataError], None], must_be_newest: Callable[[], None]
    ) -> None:
        self._screen, self._failed, self._must_be_newest = screen, failed, must_be_newest
        self.progress = LiveProgress()

    def cell(self, name: str, work: Callable[[], View], title: str, expected: Sequence[str] = ()) -> None:
        """Take a step under the cell that runs now. Raises Stopped if it fails."""
        self._screen.place(name).open(word("begun", title))
        if not self.take(name, work, title, expected):
            raise Stopped("")

    def take(self, name: str, work: Callable[[], View], title: str, expected: Sequence[str] = ()) -> bool:
        """Take a step, with a row for each thing that is expected; whether it went well."""
        try:
            self._must_be_newest()
            with self.progress.shown(self._screen.place(name), title, expected):
                view = work()
        except OutOfOrder as error:
            self._screen.put(word("waiting", "Run the cells from the top", str(error)), name)
            return False
        except OnemataError as error:
            self._failed(name, error)
            return False
        except Exception as error:  # a click has no traceback; the record has the words, too
            self._screen.put(cards.not_foreseen(error), name)
            raise
        self._screen.put(view, name)
        self._screen.keep()
        return True
