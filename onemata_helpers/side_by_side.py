"""Pieces of work that do not depend on one another, done at the same time: most of what AWS takes is waiting for it.

What they have to tell meanwhile is told by the thread that waits for them, so a record, a terminal and a notebook's
widgets only ever hear of one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Lock, Thread

from .at_once import CALLS

# Most of them wait for a read that another has begun.
_THREADS = 16

# Seconds between two looks. Python does not see a Ctrl-C that comes right before a wait as long as that lasts.
# https://docs.python.org/3/library/signal.html#execution-of-python-signal-handlers
_LOOK = 0.5

Act = Callable[[], None]


def side_by_side(works: Sequence[Act], at_once: int = _THREADS) -> None:
    """Do all of it, so many at once, and come back when it is done. Raises what the first that failed raised.

    Ctrl-C is answered at once: what has not begun is left, and for what is under way nobody waits, not even the end of
    this process.
    """
    if len(works) < 2 or _waiting.get():
        for work in works:
            work()
        return
    waiting = _Waiting(works)
    try:
        for _ in range(min(at_once, len(works))):
            Thread(target=waiting.context().run, args=(waiting.work_off,), daemon=True).start()
        waiting.until_done()
    finally:
        waiting.leave()


@contextmanager
def in_turn() -> Iterator[None]:
    """A call is made within: no more than CALLS of what is done side by side are within at the same time."""
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

    def __init__(self, works: Sequence[Act]) -> None:
        self.turns = BoundedSemaphore(CALLS)
        self._works = deque(works)
        self._left = len(works)
        self._heard: SimpleQueue[Act] = SimpleQueue()
        self._has_left = False
        self._leaving = Lock()

    def context(self) -> Context:
        """What a thread runs in that shall know who waits for it."""
        context = copy_context()
        context.run(_waiting.set, self)
        return context

    def work_off(self) -> None:
        """Do piece after piece, until all have begun."""
        with suppress(IndexError):
            while True:
                work = self._works.popleft()
                done: Future[None] = Future()
                try:
                    work()
                except BaseException as error:  # whatever it is: who waits for all would wait for ever
                    done.set_exception(error)
                else:
                    done.set_result(None)
                self._heard.put(partial(self._ended, done))

    def until_done(self) -> None:
        """Tell what is to be told until all is done. Raises the first failure."""
        while self._left:
            try:
                act = self._heard.get(timeout=_LOOK)
            except Empty:
                continue
            act()

    def leave(self) -> None:
        """Nobody waits any more: what was to be told is told, and from now on each tells for itself."""
        self._works.clear()
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
                self._heard.put(partial(_do, tell, telling))
        if heard:
            telling.result()
        else:
            tell()

    def _ended(self, done: Future[None]) -> None:
        self._left -= 1
        if not self._has_left:
            done.result()


def _do(act: Act, done: Future[None]) -> None:
    """Do it, and say so. Ctrl-C goes to the thread that waits, which this one then is."""
    try:
        act()
    except Exception as error:
        done.set_exception(error)
    except BaseException:
        done.set_result(None)
        raise
    else:
        done.set_result(None)


_waiting: ContextVar[_Waiting | None] = ContextVar("waiting", default=None)
