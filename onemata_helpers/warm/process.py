"""The runner's side: the warm server, and a process that it forked for one notebook."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from ..role_sessions import RoleSessions
from .wire import READY, Outbox

# Seconds until the server has loaded all, until it has forked, and for a notebook's process to end by itself.
_LOADING, _FORKING, _ENDING = 120.0, 30.0, 5.0

# Threads share one heap, and none begins a new one of its own: mallopt(3). A notebook's environment does not have it.
_MALLOC = {"MALLOC_ARENA_MAX": "1"}


class NotForked(Exception):
    """No process can be forked, and why."""


class Process:
    """A notebook's own process, in a session of its own: a terminal's Ctrl-C does not reach it.

    As a context manager it ends with the block: by itself in five seconds, or it is killed.
    """

    def __init__(self, control: socket.socket, sessions: RoleSessions) -> None:
        """Have it forked, with the environment and folder that this process has now. Raises NotForked.

        The sessions go to it, and to nobody else, over a socket that only the two have.
        """
        self._lock, self._open = Lock(), True
        self.stream, theirs = socket.socketpair()
        self._status, told = socket.socketpair()
        self._status.settimeout(_FORKING)
        try:
            with theirs, told:
                socket.send_fds(control, [b"fork"], [theirs.fileno(), told.fileno()])
            pid, (self._pidfd,), _, _ = socket.recv_fds(self._status, 32, 1)
            self.pid = int(pid)
            # As of every kernel that is started, its environment says which process did it.
            environment = dict(os.environ) | {"JPY_PARENT_PID": str(os.getpid())}
            setting = {"environment": environment, "folder": str(Path.cwd()), "role sessions": sessions.plain()}
            Outbox(self.stream, "setting", Lock()).send_multipart([json.dumps(setting).encode()])
        except (OSError, ValueError) as error:
            self.stream.close()
            self._status.close()
            raise NotForked(f"the warm process does not answer: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ends(_ENDING):
            self.kill()
        self.stream.close()
        self._status.close()
        with self._lock:
            os.close(self._pidfd)
            self._open = False

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ends(0)

    def kill(self) -> None:
        """End it at once, and with it what it has started."""
        with self._lock, suppress(ProcessLookupError):
            if self._open:  # else the number may be another's
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def exit_code(self) -> int | None:
        """Wait for its end: its exit code, or below zero the number of the signal that ended it; None: unknown."""
        with suppress(OSError, ValueError):
            return int(self._status.recv(32))
        return None

    def _ends(self, seconds: float) -> bool:
        """Whether it ends within this time. From then on a pidfd can be read: pidfd_open(2)."""
        end = select.poll()
        end.register(self._pidfd, select.POLLIN)
        return bool(end.poll(seconds * 1000))


class Warm:
    """The server from which processes are forked. It is started when first needed, and again when it has died."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready = False
        atexit.register(self.stop)

    def start(self) -> None:
        """Start it, if it does not run yet; it loads while we go on. Raises NotForked where forking is not safe."""
        with self._lock:
            self._start()

    def fork(self, sessions: RoleSessions | None = None) -> Process:
        """A new process, which goes on with these sessions. Raises NotForked."""
        its_own = sessions or RoleSessions()
        with self._lock:
            try:
                return Process(self._started(), its_own)
            except NotForked:
                if not self._ready or self._runs():
                    raise
                return Process(self._started(), its_own)

    def stop(self) -> None:
        """End it, and what it forked."""
        if self._control is not None and self._server is not None:
            self._control.close()
            try:
                self._server.wait(_ENDING)
            except subprocess.TimeoutExpired:  # whatever it is that it still loads
                self._server.kill()
                self._server.wait()
        self._control = self._server = None

    def _started(self) -> socket.socket:
        control = self._start()
        if not self._ready:
            said = b""
            with suppress(OSError):
                said = control.recv(1000)
            if said != READY:
                raise NotForked(said.decode(errors="replace") or "the warm process ended while it was loading")
            self._ready = True
        return control

    def _start(self) -> socket.socket:
        if self._control is not None and self._runs():
            return self._control
        self.stop()
        if not hasattr(os, "pidfd_open"):  # Linux has it; the libraries of macOS do not bear a fork
            raise NotForked(f"processes cannot be forked safely on {sys.platform}")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_LOADING)
        with theirs:
            self._server = subprocess.Popen(  # noqa: S603 (this very Python, and a module of ours)
                [sys.executable, "-P", "-m", __package__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | _MALLOC,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._control, self._ready = ours, False
        return ours

    def _runs(self) -> bool:
        return self._server is not None and self._server.poll() is None


warm = Warm()
"""The one of this process."""
