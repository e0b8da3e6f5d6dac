"""Loads the AWS CLI, and becomes it in a fork for each client, until this process's stdin ends.

Run with the number of the socket that they come to, and the real program.
"""

from __future__ import annotations

import atexit
import gc
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any


def main() -> None:
    number, program = sys.argv[1:]
    _load()
    client = _Server(socket.socket(fileno=int(number))).next_client()
    if client:
        _become(client)
        _run(program)


def _load() -> None:
    """All that most commands load, set apart: a collection of garbage in a fork would touch it, and so copy it."""
    os.environ["HOME"] = f"/proc/self/fd/{_HOME}"
    import awscli.clidriver
    import awscli.handlers  # noqa: F401

    _keep_what_never_changes()
    gc.collect()
    gc.freeze()


def _keep_what_never_changes() -> None:
    """What each start finds out anew, and always the same: the program's own files of descriptions, which services they
    are of, and which events have a new name. None of it knows a user, a setting or a time.
    """
    import awscli.clidriver
    from botocore import hooks, loaders  # the own one of the AWS CLI

    for kind, method in (
        (loaders.JSONFileLoader, "load_file"),
        (loaders.Loader, "list_available_services"),
        (getattr(hooks, "EventAliaser", None), "_alias_event_name"),  # version 2 has none
    ):
        if kind:
            setattr(kind, method, _once_each(getattr(kind, method)))
    hooks.accepts_kwargs = cache(hooks.accepts_kwargs)
    awscli.clidriver.create_clidriver()  # has them look up most of it
    loader = loaders.create_loader()
    for service in ("sts", "s3"):
        for description in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, description)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry", "cli", "s3/2006-03-01/paginators-1"):
        with suppress(loaders.DataNotFoundError):
            loader.load_data(name)


def _once_each(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method of whichever object; its answer depends on its argument, and on where its object looks, alone."""
    known: dict[tuple[str, ...], Any] = {}

    def once(self: Any, *given: str, **named: str) -> Any:
        (argument,) = (*given, *named.values())
        key = (argument, *getattr(self, "search_paths", ()))
        if key not in known:
            known[key] = method(self, argument)
        return known[key]

    return once


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
    _, streams, _, _ = socket.recv_fds(client, 1, 3)
    with client.makefile("rb") as message:
        request = marshal.loads(message.read(int.from_bytes(message.read(8), "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.umask(request["umask"])
    os.chdir(request["folder"])
    own = os.environ["AWS_DATA_PATH"]  # which the AWS CLI puts behind what is given, when it is loaded
    given = request["environment"].get("AWS_DATA_PATH")
    os.environ.clear()
    os.environ.update(request["environment"], AWS_DATA_PATH=os.pathsep.join(filter(None, (given, own))))
    home = os.open(os.environ["HOME"], os.O_DIRECTORY)
    os.dup2(home, _HOME, inheritable=False)
    os.close(home)
    sys.argv[1:] = request["arguments"]
    threading.Thread(target=_end_with, args=(client,), daemon=True).start()


def _run(program: str) -> None:
    """Run the program to its end, but do not free one by one what is loaded: that costs as much as most commands."""
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:  # whoever read it is gone, of which Python says more at its ordinary end
            raise end from None
        os._exit(end.code & 0xFF)


def _end_with(client: socket.socket) -> None:
    """Whoever kills the client means the program."""
    client.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
