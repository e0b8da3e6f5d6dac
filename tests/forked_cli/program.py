"""Makes the program that stands in for `aws`, and starts the server that it asks, once for this process."""

from __future__ import annotations

import atexit
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from onemata_helpers.sandbox.instance.machine import AWS_CLI

_HERE = Path(__file__).parent
_ENDING = 30


@cache
def forked_cli() -> Path:
    """An `aws` for our own user. Where processes cannot be forked like that, it is the real one."""
    if sys.platform != "linux":
        return AWS_CLI
    folder = Path(tempfile.mkdtemp(prefix="onemata-aws-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _start_server(folder / "socket")
    program = folder / "aws"
    words = (sys.executable, "-I", "-S", _HERE / "client.py", folder / "socket", AWS_CLI)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    program.chmod(0o755)
    return program


def _start_server(address: Path) -> None:
    """It ends when this process does: then its stdin is at its end. Who asks before it has loaded waits."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(128)
        server = subprocess.Popen(
            [sys.executable, "-P", _HERE / "server.py", str(listener.fileno()), AWS_CLI],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
        )
    atexit.register(_end, server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Its stdin comes to an end; one that does not heed that is killed."""
    try:
        server.communicate(timeout=_ENDING)
    except subprocess.TimeoutExpired:
        server.kill()
