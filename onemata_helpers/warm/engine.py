"""A papermill engine whose kernel is a forked process: papermill's and nbclient's own code, without ZeroMQ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing, suppress
from queue import Empty
from socket import MSG_DONTWAIT
from threading import Lock
from time import monotonic
from typing import Any

from jupyter_core.utils import ensure_event_loop
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.iorw import papermill_io
from papermill.log import logger

from .process import Process
from .wire import IOPUB, SHELL, Inbox, Outbox, new_session, read_message

FORKED = "onemata-forked"
"""The engine's name."""

# Seconds between two savings, and when there is much to save, the share of the time that it may take.
_OFTEN, _SHARE = 1.0, 0.1


class _Channel:
    """What comes on one channel, as nbclient takes it, and on the shell's what is sent."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.put = self._messages.put_nowait
        self.send = send

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(self._messages.get(), timeout)
        except TimeoutError:
            raise Empty from None


class _Kernel:
    """A forked process, as what nbclient takes for a kernel's manager and for its client."""

    has_kernel = True
    allow_stdin = False

    def __init__(self, process: Process) -> None:
        self._process = process
        self.session, self._inbox = new_session(), Inbox()
        self._requests = Outbox(process.stream, SHELL, Lock())
        self.shell_channel, self.iopub_channel = _Channel(self._send), _Channel(self._send)
        self._channels = {SHELL: self.shell_channel, IOPUB: self.iopub_channel}
        self.is_alive: Callable[[], bool] = process.alive

    def client(self) -> _Kernel:
        return self

    async def start_channels(self) -> None:
        asyncio.get_running_loop().add_reader(self._process.stream, self._receive)

    async def stop_channels(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.stream)

    def wait_for_ready(self, timeout: float) -> None:
        """A request waits in the socket until the kernel reads it."""

    def cleanup_resources(self) -> None:
        """The process belongs to whoever had it forked."""

    def shutdown_kernel(self, now: bool) -> None:
        with suppress(OSError):
            self._requests.send_multipart([])

    def kernel_info(self) -> str:
        return self._request("kernel_info_request", {})

    def execute(self, code: str, *, store_history: bool, stop_on_error: bool) -> str:
        wanted = {"store_history": store_history, "stop_on_error": stop_on_error, "allow_stdin": self.allow_stdin}
        return self._request("execute_request", {"code": code, "silent": False, "user_expressions": {}} | wanted)

    def _request(self, kind: str, content: dict[str, Any]) -> str:
        message = self.session.msg(kind, content)
        self._send(message)
        return str(message["header"]["msg_id"])

    def _send(self, message: dict[str, Any]) -> None:
        self.session.send(self._requests, message)  # type: ignore[arg-type]

    def _receive(self) -> None:
        try:
            piece = self._process.stream.recv(1 << 18, MSG_DONTWAIT)
        except ConnectionResetError:
            piece = b""
        if not piece:
            asyncio.get_running_loop().remove_reader(self._process.stream)
        for channel, parts in self._inbox.put(piece):
            self._channels[channel].put(read_message(parts))


class _Saving(NotebookExecutionManager):  # type: ignore[misc]
    """Saves whatever changes, cells' states and outputs, within a second, and the end at once.

    papermill's own saves around each cell, prose too, and no output until there is another, half a minute later.
    """

    def __init__(self, nb: Any, output_path: str | None) -> None:
        super().__init__(nb, output_path=output_path, progress_bar=False)
        self._earliest = 0.0
        self._due: asyncio.TimerHandle | None = None

    def autosave_cell(self, **kwargs: Any) -> None:
        """Called with each message of the kernel."""
        self.save()

    def save(self, **kwargs: Any) -> None:
        if self._due is None:
            self._due = ensure_event_loop().call_later(self._earliest - monotonic(), self._write)

    def notebook_complete(self, **kwargs: Any) -> None:
        super().notebook_complete(**kwargs)
        if self._due is not None:
            self._due.cancel()
        self._write()

    def _write(self) -> None:
        """Without indentation, which takes most of the time, and not compared with nbformat's schema.

        papermill writes the executed notebook once more, as all notebooks are written.
        """
        self._due = None
        began = monotonic()
        papermill_io.write(json.dumps(self.nb, ensure_ascii=False), self.output_path)
        ended = monotonic()
        self._earliest = ended + max(_OFTEN, (ended - began) / _SHARE)


class ForkedEngine(Engine):  # type: ignore[misc]
    """Runs a notebook in the forked `process`."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, _kernel_name: str, output_path: str | None = None, *, process: Process, **_: Any
    ) -> Any:
        manager = _Saving(nb, output_path)
        with closing(ensure_event_loop()):  # a thread's own, which nbclient would leave open
            manager.notebook_start()
            try:
                PapermillNotebookClient(manager, km=_Kernel(process), log=logger).execute(cleanup_kc=True)
            finally:
                manager.notebook_complete()
        return manager.nb


papermill_engines.register(FORKED, ForkedEngine)
