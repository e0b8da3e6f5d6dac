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
from ipykernel.ipkernel import IPythonKernel
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets.config import Config

from .publishing import Publisher, PubSocket, Stream
from .wire import SHELL, Inbox, Outbox, Parts, new_session

# As nbclient does it: the history of what was run is nobody's.
_CONFIG = Config({"HistoryManager": {"hist_file": ":memory:"}})
_LATE = (
    "ipykernel.debugger",
    "IPython.core.application",
    "IPython.core.completerlib",
    "IPython.core.crashhandler",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "bdb",
    "sqlite3",
    "tornado.platform.asyncio",
)
_LOG = getLogger("onemata.kernel")
_LOG.addHandler(NullHandler())
_LOG.propagate = False


class _Kernel(IPythonKernel):
    """As it is but for the sockets: there is one client, which sends a request when the last one was answered."""

    shell_stream = AnyTrait()
    _supports_kernel_subshells = False

    def go(self, stream: socket.socket) -> None:
        """Begin, in the process, with the environment and over the socket that are this notebook's."""
        session: Any = self.session
        shell: Any = self.shell
        session.pid, lock = os.getpid(), Lock()
        thread: Any = Publisher(PubSocket(stream, lock), session)
        self.iopub_thread = thread
        thread.start()
        self.iopub_socket = self.iopub_thread.background_socket
        self.shell_stream = Outbox(stream, SHELL, lock)
        for publisher in (shell.displayhook, shell.display_pub):
            publisher.session, publisher.pub_socket = session, self.iopub_socket
        sys.stdout = Stream(session, thread, "stdout")  # type: ignore[no-untyped-call]
        sys.stderr = Stream(session, thread, "stderr")  # type: ignore[no-untyped-call]
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        shell.init_environment()

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """After an error nothing waits."""

    def pre_handler_hook(self) -> None:
        """Nothing: SIGINT stays ignored but in a cell. It would lose the answer, which the runner waits for."""

    post_handler_hook = pre_handler_hook

    async def do_execute(self, *args: Any, **kwargs: Any) -> Any:
        """In a cell it raises KeyboardInterrupt; where that strikes right beside its code, it fails the cell, too."""
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            answer = await super().do_execute(*args, **kwargs)  # type: ignore[no-untyped-call]
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except BaseException as error:  # IPython makes others of it
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            shell: Any = self.shell
            shell.showtraceback()
            answer = {"status": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}
        return answer


def load() -> None:
    """Make the kernel, without its sockets and threads, and import and set up what it needs only as it runs."""
    for name in _LATE:
        import_module(name)
    kernel: Any = _Kernel.instance(
        session=new_session(),
        shell_channel_thread=SimpleNamespace(parent_thread=main_thread()),  # asked in which thread Ctrl-C comes
        config=_CONFIG,
        log=_LOG,
    )
    kernel.shell.display_formatter.format(0)
    asyncio.run(_practice(kernel))


async def _practice(kernel: Any) -> None:
    """Run a cell that does nothing, for nobody and without a trace: much is made when it is first used."""
    kernel.iopub_socket = kernel.shell_stream = SimpleNamespace(send_multipart=lambda *_, **__: None)
    request = kernel.session.msg("execute_request", {"code": "pass", "silent": True, "store_history": False})
    _, parts = kernel.session.feed_identities(kernel.session.serialize(request))
    await kernel.dispatch_shell([zmq.Message(part) for part in (b"<IDS|MSG>", *parts)])


def run_kernel(stream: socket.socket, rest: Inbox) -> None:
    """Serve what comes over `stream` until the runner says that it was the last. `rest` holds what came already.

    It ends the process, and all that it started, when the runner is gone.
    """
    kernel: Any = _Kernel.instance()
    kernel.go(stream)
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
