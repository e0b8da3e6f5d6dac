"""Ctrl-C, and the signal that asks a process to end, counted instead of raised: what is running decides."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Interrupts:
    """How often somebody has asked for an end."""

    count: int = 0
    _raising: bool = False

    @contextmanager
    def raised(self) -> Iterator[None]:
        """While a person is asked, they raise KeyboardInterrupt, too: no answer is waited for any more."""
        self._raising = True
        try:
            if self.count:
                raise KeyboardInterrupt
            yield
        finally:
            self._raising = False

    def heed(self, *_: object) -> None:
        """One has come."""
        self.count += 1
        if self._raising:
            self._raising = False
            raise KeyboardInterrupt


@contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Count them while this lasts. Must be entered in the main thread."""
    asked = Interrupts()
    before = {number: signal.signal(number, asked.heed) for number in _NUMBERS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
