"""Ctrl-C, and the signals that ask a process to end, counted instead of raised: what is running decides."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_PRINTED = (1, 2)
"""Standard output and standard error."""


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
    terminals = [number for number in _PRINTED if os.isatty(number)]

    def hang_up(*_: object) -> None:
        """The terminal is gone, and with it all that would be printed there."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in terminals:
            os.dup2(nowhere, number)
        if not asked.count:  # the system may send it twice, which is nobody's wish to kill
            asked.heed()

    heeding = dict.fromkeys(_NUMBERS, asked.heed)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        heeding[signal.SIGHUP] = hang_up
    before = {number: signal.signal(number, heed) for number, heed in heeding.items()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
