"""The server: loads all that notebooks need, and then forks whenever the runner asks for a process."""

from __future__ import annotations

import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from .wire import READY, Inbox


def main() -> None:
    """Serve the runner at the other end of the socket whose number is the first argument, until it is gone.

    The others are the services of AWS's that the notebooks call.
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # in the forks, too, but for their cells
    # Who stops a service asks all its processes to end. The runner alone answers: notebooks come to a safe point first.
    # https://www.freedesktop.org/software/systemd/man/latest/systemd.kill.html (KillMode=control-group)
    signal.signal(signal.SIGTERM, lambda *_: None)  # unlike SIG_IGN, not so in what a cell starts
    try:
        _load(sys.argv[2:])
        _refuse_if_unsafe()
    except Exception as error:  # whatever it is, notebooks can still be run in kernels of their own
        control.send(f"{type(error).__name__}: {error}"[:1000].encode())
        return
    control.send(READY)
    _Server(control).serve()


def _load(apis: list[str]) -> None:
    """Load all, and set it apart, garbage too: a collection in a fork would touch it, and so copy it."""
    gc.disable()
    from . import preload

    preload.load(apis)
    gc.freeze()


def _refuse_if_unsafe() -> None:
    """A fork has only the thread that forked; what others held locked stays so. Raises RuntimeError, and OSError."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"the warm process has {threads} threads")
    os.close(os.pidfd_open(os.getpid()))  # by which the end of a process is seen


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, tuple[int, socket.socket]] = {}  # by pidfd: the pid, and whom to tell its end
        self._events = selectors.DefaultSelector()

    def serve(self) -> None:
        self._events.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _ in self._events.select():
                if key.fd in self._running:
                    self._tell_end(key.fd)
                elif not self._fork():
                    return self._kill_all()

    def _fork(self) -> bool:
        """Fork for the two sockets that come with a request; False when the runner is gone."""
        _, sockets, _, _ = socket.recv_fds(self._control, 16, 2)
        if not sockets:
            return False
        stream, status = sockets
        pid = os.fork()
        if pid == 0:
            _become_notebook(stream)
        os.close(stream)
        pidfd, told = os.pidfd_open(pid), socket.socket(fileno=status)
        self._running[pidfd] = (pid, told)
        self._events.register(pidfd, selectors.EVENT_READ)
        with suppress(OSError):
            socket.send_fds(told, [str(pid).encode()], [pidfd])
        return True

    def _tell_end(self, pidfd: int) -> None:
        pid, told = self._running.pop(pidfd)
        self._events.unregister(pidfd)
        os.close(pidfd)
        _kill_group(pid)  # what it started
        _, status = os.waitpid(pid, 0)
        with told, suppress(OSError):
            told.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _kill_all(self) -> None:
        for pid, _ in self._running.values():
            _kill_group(pid)


def _become_notebook(stream: int) -> NoReturn:
    """In the fork: let go of all that is the server's and other notebooks', and run."""
    code = 1
    try:
        os.setsid()
        # A crash leaves no file with what was in memory. 1, since 0 binds no program that the system pipes it to.
        # https://man7.org/linux/man-pages/man5/core.5.html, and fs/coredump.c of Linux
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
        Path("/proc/self/comm").write_text("notebook")
        for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
            if number not in (0, 1, 2, stream):
                with suppress(OSError):
                    os.close(number)
        _run(socket.socket(fileno=stream))
        code = 0
    finally:
        os._exit(code)


def _run(stream: socket.socket) -> None:
    from ..role_sessions import hand_over
    from .kernel import run_kernel

    rest = Inbox()
    setting = json.loads(_first(stream, rest))
    os.environ.clear()
    os.environ.update(setting["environment"])
    os.chdir(setting["folder"])
    hand_over(setting.pop("role sessions"))
    site = next((n for n, folder in enumerate(sys.path) if folder.endswith("site-packages")), 0)
    sys.path.insert(site, "")  # the working folder, where every kernel has it
    gc.enable()
    run_kernel(stream, rest)


def _first(stream: socket.socket, rest: Inbox) -> bytes:
    """The first message; what comes with it stays in `rest`. Raises OSError if the runner is gone."""
    while piece := stream.recv(1 << 16):
        for _, (content,) in rest.put(piece):
            return content
    raise ConnectionResetError


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
