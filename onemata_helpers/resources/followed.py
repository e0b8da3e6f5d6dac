"""A statement that runs in a service of AWS's, followed to its end, and stopped there if it is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from ..wait import Wait


class Statement(Protocol):
    """How a statement ended, or what state it was left in."""

    @property
    def under_way(self) -> bool:
        """Whether it had not ended when the time was up."""

    @property
    def is_over(self) -> bool:
        """Whether it is known to have ended."""


Ended = TypeVar("Ended", bound=Statement)


def followed(saying: str, look: Callable[[], Ended], stop: Callable[[], None], wait: Wait) -> Ended:
    """How it ended, as `look` finds it. `stop` is called when the time is up, or whatever else keeps us from following.

    Raises as `look` and `stop` do.
    """
    try:
        ended = wait.patiently(saying, look, lambda found: not found.under_way)
    except BaseException:
        with suppress(Exception):  # what keeps us is what is to be told
            stop()
        raise
    if not ended.is_over:
        stop()
    return ended
