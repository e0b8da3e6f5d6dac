"""Makes the program that stands in for `aws`, and starts the server that it asks, once for this process."""

from __future__ import annotations

import atexit
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from onemata_helpers.sandbox.instance.machine import AWS_CLI

V2 = Path("/usr/bin/aws")
"""AWS CLI v2, where Debian's package `awscli` has installed it."""
_HERE = Path(__file__).parent
_ENDING = 30


@cache
def forked_cli(cli: Path = AWS_CLI, python: str = sys.executable) -> Path:
    """An `aws` for our own user: this one, which runs in this Python. Where processes cannot be forked like that, it is
    the real one.
    """
    if sys.platform != "linux":
        return cli
    folder = Path(tempfile.mkdtemp(prefix="onemata-aws-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _start_server(folder / "socket", cli, python)
    program = folder / "aws"
    words = (sys.executable, "-I", "-S", _HERE / "client.py", folder / "socket", cli)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    program.chmod(0o755)
    return program


@cache
def forked_cli_v2() -> Path | None:
    """AWS CLI v2 in the same way; None where there is none. One that is no program of Python's is the real one."""
    said = subprocess.run([V2, "--version"], capture_output=True, text=True, check=True).stdout if V2.exists() else ""
    if not said.startswith("aws-cli/2."):
        return None
    python = re.match(rb"#! *(/\S*python[\d.]*)\n", V2.read_bytes())
    return forked_cli(V2, python[1].decode()) if python else V2


def _start_server(address: Path, cli: Path, python: str) -> None:
    """It ends when this process does: then its stdin is at its end. Who asks before it has loaded waits."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(128)
        server = subprocess.Popen(
            [python, "-I", _HERE / "server.py", str(listener.fileno()), cli],
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
