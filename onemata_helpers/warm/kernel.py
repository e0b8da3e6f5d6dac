"""IPython's own kernel in a process that was just forked, over one socket in place of ZeroMQ's five."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from logging import NullHandler, getLogger
from threading import Lock, Thread, main_thread
from types import SimpleNamespace
from typing import Any

import zmq
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets.config import Config

from .wire import IOPUB, SHELL, Inbox, Outbox, Parts, new_session

# As nbclient does it: the history of what was run is nobody's.
_CONFIG = Config({"HistoryManager": {"hist_file": ":memory:"}})
_LATE = (
    "ipykernel.debugger",
    "IPython.core.application",
    "IPython.core.completerlib",
    "IPython.core.crashhandler",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "sqlite3",
    "tornado.platform.asyncio",
)
_LOG = getLogger("onemata.kernel")
_LOG.addHandler(NullHandler())
_LOG.propagate = False


class _Kernel(IPythonKernel):
    """As it is but for the sockets: there is one client, which sends a request when the last one was answered."""

    shell_stream = AnyTrait()
    interrupted = False
    _supports_kernel_subshells = False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """After an error nothing waits."""

    def note_interrupt(self, *_: object) -> None:
        """Ctrl-C between two cells, which would be lost, ends the next one. In a cell it raises KeyboardInterrupt."""
        self.interrupted = True

    async def do_execute(self, code: str, *args: Any, **kwargs: Any) -> Any:
        return await super().do_execute("raise KeyboardInterrupt" if self.interrupted else code, *args, **kwargs)  # type: ignore[no-untyped-call]


class _PubSocket(Outbox):
    """The channel that all the world may hear, with what IOPubThread takes from a socket beside sending."""

    def __init__(self, stream: socket.socket, lock: Lock) -> None:
        super().__init__(stream, IOPUB, lock)
        self.context = zmq.Context()


def load() -> None:
    """Import what a kernel imports only as it begins."""
    for name in _LATE:
        import_module(name)


def run_kernel(stream: socket.socket, rest: Inbox) -> None:
    """Serve what comes over `stream` until the runner says that it was the last. `rest` holds what came already.

    It ends the process, and all that it started, when the runner is gone.
    """
    session, lock = new_session(), Lock()
    iopub = IOPubThread(_PubSocket(stream, lock), pipe=True, session=session)  # type: ignore[no-untyped-call]
    iopub.start()  # type: ignore[no-untyped-call]
    sys.stdout = OutStream(session, iopub, "stdout")  # type: ignore[no-untyped-call]
    sys.stderr = OutStream(session, iopub, "stderr")  # type: ignore[no-untyped-call]
    kernel = _Kernel.instance(
        session=session,
        iopub_thread=iopub,
        iopub_socket=iopub.background_socket,
        shell_stream=Outbox(stream, SHELL, lock),
        shell_channel_thread=SimpleNamespace(parent_thread=main_thread()),  # asked in which thread Ctrl-C comes
        config=_CONFIG,
        log=_LOG,
    )
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    signal.signal(signal.SIGINT, kernel.note_interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    asyncio.run(_serve(kernel, stream, rest))
    atexit._run_exitfuncs()


async def _serve(kernel: _Kernel, stream: socket.socket, rest: Inbox) -> None:
    kernel.io_loop = IOLoop.current()
    loop, requests = asyncio.get_running_loop(), asyncio.Queue[Parts]()

    def put(parts: Parts) -> None:
        loop.call_soon_threadsafe(requests.put_nowait, parts)

    Thread(target=_read, args=(stream, rest, put), name="Requests", daemon=True).start()
    while parts := await requests.get():
        await kernel.dispatch_shell([zmq.Message(part) for part in parts])


def _read(stream: socket.socket, rest: Inbox, put: Callable[[Parts], None]) -> None:
    """Beside the cells, so that the runner's end is seen while one of them is running."""
    piece = b""
    while True:
        for _, parts in rest.put(piece):
            put(parts)
        piece = stream.recv(1 << 16)
        if not piece:
            os.killpg(0, signal.SIGKILL)
