"""Who is told how the work goes on, as it happens. Nobody, unless somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .apply import Done
from .calls import ApiCall
from .checks import Check


class Watcher:
    """Is told each AWS call, each change as it begins and ends, each check as it is made, and why we wait."""

    def call(self, call: ApiCall) -> None:
        """An AWS call was answered, or failed."""

    def change(self, done: Done) -> None:
        """A change has begun or ended."""

    def check(self, check: Check) -> None:
        """A check has its result."""

    def waiting(self, why: str) -> None:
        """We wait; `why` is a sentence."""

    def after(self, tell: Callable[[Done], None]) -> Callable[[Done], None]:
        """What tells of each change, and then this."""

        def told(done: Done) -> None:
            tell(done)
            self.change(done)

        return told

    def each(self, checks: Iterable[Check]) -> Iterator[Check]:
        """The checks, each told as it comes."""
        for check in checks:
            self.check(check)
            yield check
