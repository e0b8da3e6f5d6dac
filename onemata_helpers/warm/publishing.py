"""What a cell shows and prints, sent by whoever has it: ipykernel hands each message to a thread of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from threading import RLock, current_thread, main_thread
from typing import Any

import zmq
from ipykernel.iostream import IOPubThread, OutStream

from .wire import IOPUB, Outbox


class Publisher(IOPubThread):
    """The thread still flushes what is printed before a long silence, and takes what child processes print."""

    def __init__(self, socket: PubSocket, session: Any) -> None:
        super().__init__(socket, pipe=True, session=session)  # type: ignore[no-untyped-call]
        self.turn = RLock()
        os.register_at_fork(after_in_child=self._let_go)

    def schedule(self, f: Callable[[], None]) -> None:
        """Do it now, in its turn."""
        with self.turn:
            f()

    def _let_go(self) -> None:
        """In a child that a cell forks, nobody is left who would end the turn."""
        self.turn = RLock()


class Stream(OutStream):
    """`sys.stdout` or `sys.stderr`."""

    pub_thread: Publisher

    def _schedule_flush(self) -> None:
        if not self._flush_pending:
            self._flush_pending = True
            self._io_loop.add_callback(self._io_loop.call_later, self.flush_interval, self._flush)

    def _flush(self) -> None:
        """Nothing may come between taking what was printed and sending it: not the end of its cell, above all."""
        with self.pub_thread.turn:
            super()._flush()  # type: ignore[no-untyped-call]


class PubSocket(Outbox):
    """The channel that all the world may hear, with what IOPubThread takes from a socket beside sending."""

    def __init__(self, stream: Any, lock: Any) -> None:
        super().__init__(stream, IOPUB, lock)
        self.context = zmq.Context()

    def send_multipart(self, parts: Sequence[bytes | memoryview], **_: object) -> None:
        """Send one message, whole: a Ctrl-C meanwhile is raised afterwards."""
        if current_thread() is not main_thread():
            return super().send_multipart(parts)
        noted: list[int] = []
        before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
        try:
            super().send_multipart(parts)
        finally:
            signal.signal(signal.SIGINT, before)
        if noted:
            signal.raise_signal(signal.SIGINT)
