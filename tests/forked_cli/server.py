"""Loads the AWS CLI, and becomes it in a fork for each client, until this process's stdin ends.

Run with the number of the socket that they come to, and the real program.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from threading import Thread


def main() -> None:
    number, program = sys.argv[1:]
    _load()
    client = _Server(socket.socket(fileno=int(number))).next_client()
    if client:
        _become(client)
        runpy.run_path(program, run_name="__main__")


def _load() -> None:
    """All that most commands load, set apart: a collection of garbage in a fork would touch it, and so copy it."""
    os.environ["HOME"] = f"/proc/self/fd/{_HOME}"
    import awscli.clidriver
    import awscli.handlers  # noqa: F401

    gc.collect()
    gc.freeze()


_HOME = 99
"""What is loaded takes `/proc/self/fd/99` for the home: a folder that each fork has open under this number."""


class _Server:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._running: dict[int, tuple[int, socket.socket]] = {}  # by pidfd: the pid, and whom to tell its end
        self._events = selectors.DefaultSelector()
        self._events.register(listener, selectors.EVENT_READ)
        self._events.register(sys.stdin, selectors.EVENT_READ)

    def next_client(self) -> socket.socket | None:
        """In a fork: its client. In the server: None, when nobody needs it any more."""
        while True:
            for key, _ in self._events.select():
                if key.fd in self._running:
                    self._tell_end(key.fd)
                elif key.fileobj is not self._listener:
                    return None
                elif client := self._fork():
                    return client

    def _fork(self) -> socket.socket | None:
        """In the fork the client, and in the server None."""
        client, _ = self._listener.accept()
        pid = os.fork()
        if pid == 0:
            self._listener.close()
            for _, other in self._running.values():
                other.close()
            return client
        pidfd = os.pidfd_open(pid)
        self._running[pidfd] = (pid, client)
        self._events.register(pidfd, selectors.EVENT_READ)
        return None

    def _tell_end(self, pidfd: int) -> None:
        pid, client = self._running.pop(pidfd)
        self._events.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        with client, suppress(OSError):
            client.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(client: socket.socket) -> None:
    """Take over all that the program sees of its own process."""
    first, streams, _, _ = socket.recv_fds(client, 1, 3)
    with client.makefile("rb") as rest:
        request = json.loads(first + rest.readline())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.umask(request["umask"])
    os.chdir(request["folder"])
    data = os.environ["AWS_DATA_PATH"]  # which the AWS CLI sets when it is loaded
    os.environ.clear()
    os.environ.update(request["environment"], AWS_DATA_PATH=data)
    home = os.open(os.environ["HOME"], os.O_DIRECTORY)
    os.dup2(home, _HOME, inheritable=False)
    os.close(home)
    sys.argv[1:] = request["arguments"]
    Thread(target=_end_with, args=(client,), daemon=True).start()


def _end_with(client: socket.socket) -> None:
    """Whoever kills the client means the program."""
    client.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
