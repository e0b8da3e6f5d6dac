"""What a cell shows and prints, sent by whoever has it: ipykernel hands each message to a thread of its own."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from threading import Event, Lock, RLock, current_thread, main_thread

import zmq
from ipykernel.iostream import IOPubThread, OutStream
from jupyter_client.session import Session

from .wire import IOPUB, Outbox

# Seconds at most until the thread hears of children; without it, what they print is lost, and nothing else.
_HEARD = 5.0


class Publisher(IOPubThread):
    """The thread still flushes what is printed before a long silence, and takes what child processes print.

    ZeroMQ, by which these tell it, is set up before the first of them is forked, as is seldom done.
    """

    def __init__(self, socket: PubSocket, session: Session) -> None:
        super().__init__(socket, session=session)  # type: ignore[no-untyped-call]
        self.turn = RLock()
        os.register_at_fork(before=self._hear_children, after_in_child=self._let_go)

    def schedule(self, f: Callable[[], None]) -> None:
        """Do it now, in its turn."""
        with self.turn:
            f()

    def _setup_event_pipe(self) -> None:
        """Nothing is handed to the thread."""

    def _hear_children(self) -> None:
        if self._pipe_flag or not self._is_master_process() or not self.thread.is_alive():  # type: ignore[no-untyped-call]
            return
        self._pipe_flag, heard = True, Event()
        self.io_loop.add_callback(self._setup_pipe_in)
        self.io_loop.add_callback(heard.set)
        heard.wait(_HEARD)

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

    def __init__(self, stream: socket.socket, lock: Lock) -> None:
        super().__init__(stream, IOPUB, lock)

    def send_multipart(self, parts: Sequence[bytes | memoryview], **_: object) -> None:
        """Send one message, and whole, also from a cell. Raises OSError when the other side is gone."""
        with _ctrl_c_waits() if current_thread() is main_thread() else nullcontext():
            super().send_multipart(parts)

    @cached_property
    def context(self) -> zmq.Context[zmq.Socket[bytes]]:
        """ZeroMQ's, with threads of its own."""
        return zmq.Context()


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if noted:
        signal.raise_signal(signal.SIGINT)
