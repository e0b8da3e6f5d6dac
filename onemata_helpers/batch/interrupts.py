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


@contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Count them while this lasts. Must be entered in the main thread."""
    asked = Interrupts()

    def heed(*_: object) -> None:
        asked.count += 1

    before = {number: signal.signal(number, heed) for number in _NUMBERS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
