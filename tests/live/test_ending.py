"""Ctrl-C ends the session at any time, and no kernel outlives it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from onemata_helpers.notebook import template

from ..processes import LONG, running

# `onemata open` with a kernel that does nothing, neither by itself nor when it is asked to, and Ctrl-C as it starts.
_SESSION = """
import os, signal, subprocess
from pathlib import Path
from jupyter_client.provisioning import local_provisioner
def launch(*_, **how):
    kernel = subprocess.Popen(["sleep", "600"], start_new_session=True, preexec_fn=ignore)
    Path("kernel").write_text(str(kernel.pid))
    os.kill(os.getpid(), signal.SIGINT)
    return kernel
def ignore():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
local_provisioner.launch_kernel = launch
"""
_OPEN = "from onemata_helpers.cli import app\napp(['open', 'old.ipynb', '--no-browser'])"
_KERNELS_THAT_DO_NOT_END = """
import asyncio
from onemata_helpers.live import kernels, lab
async def never(*_, **__):
    await asyncio.sleep(600)
kernels.Kernels.shutdown_all = never
lab._ENDING = 0.1
"""


def ended(folder: Path, script: str) -> tuple[int, str]:
    """The exit code of a session that was interrupted while a kernel was started for a notebook, and what it said."""
    (folder / "old.ipynb").write_text(json.dumps(template("glue")))
    with (
        (folder / "said").open("w") as said,
        running([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=said, text=True, cwd=folder) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        ask_for_a_kernel(address)
        code = process.wait(LONG)
    return code, (folder / "said").read_text()


def ask_for_a_kernel(address: str) -> None:
    """As the page does it. By the time of the answer the session may have ended."""
    server, _, token = address.partition("/lab/tree/old.ipynb?token=")
    wanted = {"path": "old.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    with suppress(OSError, HTTPException):
        urlopen(Request(f"{server}/api/sessions", json.dumps(wanted).encode(), headers), timeout=LONG).close()


def kernel(folder: Path) -> int:
    return int((folder / "kernel").read_text())


def test_a_kernel_that_was_just_starting_ends_too(tmp_path: Path) -> None:
    code, _ = ended(tmp_path, _SESSION + _OPEN)
    assert code == 0
    assert not psutil.pid_exists(kernel(tmp_path))


def test_one_that_cannot_be_ended_is_told_and_the_session_ends(tmp_path: Path) -> None:
    code, said = ended(tmp_path, _SESSION + _KERNELS_THAT_DO_NOT_END + _OPEN)
    psutil.Process(kernel(tmp_path)).kill()
    assert code == 0
    assert "The session's kernel did not end within 0.1 s, and is left alone. Who acts: the engineer ends" in said
