"""Pieces of work that do not depend on one another, done at the same time: most of what AWS takes is waiting for it.

What they have to tell meanwhile is told by the thread that waits for them, so a record, a terminal and a notebook's
widgets only ever hear of one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from queue import SimpleQueue
from threading import BoundedSemaphore, Lock
from typing import Final

AT_ONCE: Final = 4
"""How many calls one run makes at the same time: enough to hide the way to AWS, and far below its limits."""

# Most of them wait for a read that another has begun.
_THREADS = 16

Act = Callable[[], None]


def side_by_side(works: Sequence[Act]) -> None:
    """Do all of it, and come back when it is done. It must not raise.

    Ctrl-C is answered at once: what has not begun is left, and what is under way is waited for by nobody.
    """
    if len(works) < 2 or _waiting.get():
        for work in works:
            work()
        return
    waiting = _Waiting()
    pool = ThreadPoolExecutor(min(_THREADS, len(works)))
    try:
        waiting.until_done([pool.submit(waiting.context(), work) for work in works])
    finally:
        waiting.leave()
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def in_turn() -> Iterator[None]:
    """A call is made within: no more than AT_ONCE of what is done side by side are within at the same time."""
    waiting = _waiting.get()
    with waiting.turns if waiting else nullcontext():
        yield


def pass_on(tell: Act) -> None:
    """Have it told by the thread that waits for this one; by this one where nobody does. Raises what `tell` raises."""
    waiting = _waiting.get()
    if waiting is None:
        tell()
    else:
        waiting.pass_on(tell)


class _Waiting:
    """A thread that waits for others, and does the telling for them."""

    def __init__(self) -> None:
        self.turns = BoundedSemaphore(AT_ONCE)
        self._heard: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._has_left = False
        self._leaving = Lock()

    def context(self) -> Callable[[Act], None]:
        """What runs a piece of work so that it knows who waits for it."""
        context = copy_context()
        context.run(_waiting.set, self)
        return context.run

    def until_done(self, works: Sequence[Future[None]]) -> None:
        """Tell what is to be told until all are done. Raises the first failure."""
        left = set(works)
        for work in works:
            work.add_done_callback(lambda done: self._heard.put(lambda: left.discard(done)))
        while left:
            self._heard.get()()
        for work in works:
            work.result()

    def leave(self) -> None:
        """Nobody waits any more: what was to be told is told, and from now on each tells for itself."""
        with self._leaving:
            self._has_left = True
        while not self._heard.empty():
            self._heard.get()()

    def pass_on(self, tell: Act) -> None:
        """Have it told. Raises what `tell` raises."""
        telling: Future[None] = Future()
        with self._leaving:
            heard = not self._has_left
            if heard:
                self._heard.put(lambda: _done(telling, tell))
        if heard:
            telling.result()
        else:
            tell()


def _done(telling: Future[None], tell: Act) -> None:
    try:
        tell()
    except BaseException as error:
        telling.set_exception(error)
        if not isinstance(error, Exception):
            raise  # Ctrl-C is for the thread that waits
    else:
        telling.set_result(None)


_waiting: ContextVar[_Waiting | None] = ContextVar("waiting", default=None)
