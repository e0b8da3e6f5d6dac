"""Ctrl-C ends the session at any time, and no kernel outlives it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from onemata_helpers.notebook import template

from ..processes import LONG, next_line, running

# `onemata open` with a kernel that does nothing, neither by itself nor when it is asked to, and Ctrl-C as it starts.
_A_KERNEL_STARTS = """
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
_AND_CANNOT_BE_ENDED = """
from onemata_helpers.live import kernels
async def never(*_, **__):
    {how}
kernels.AsyncMappingKernelManager.shutdown_all = never
kernels._ENDING = {seconds}
"""
# Ctrl-C while a thread reads the notebook for the page.
_A_FILE_IS_READ = """
import os, signal, time
from jupyter_server.services.contents import fileio
in_thread = fileio.run_sync
def read(*what):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)
    return what[0](*what[1:])
async def run_sync(*what, **how):
    return await in_thread(read, *what, **how)
fileio.run_sync = run_sync
"""
_OPEN = "from onemata_helpers.cli import app\napp(['open', 'old.ipynb', '--no-browser'])"


def ended(folder: Path, script: str, asked: str, sent: Any = None) -> tuple[int, str]:
    """The exit code of a session that was asked for something, and what it said."""
    (folder / "old.ipynb").write_text(json.dumps(template("glue")))
    with (
        (folder / "said").open("w") as said,
        running([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=said, text=True, cwd=folder) as process,
    ):
        server, _, token = next_line(process).partition("/lab/tree/old.ipynb?token=")
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        request = Request(f"{server}/api/{asked}", json.dumps(sent).encode() if sent else None, headers)
        with suppress(OSError, HTTPException):  # by the time of the answer the session may have ended
            urlopen(request, timeout=LONG).close()
        code = process.wait(LONG)
    return code, (folder / "said").read_text()


NOTEBOOK = {"path": "old.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}


def kernel(folder: Path) -> int:
    return int((folder / "kernel").read_text())


def test_a_kernel_that_was_just_starting_ends_too(tmp_path: Path) -> None:
    code, _ = ended(tmp_path, _A_KERNEL_STARTS + _OPEN, "sessions", NOTEBOOK)
    assert code == 0
    assert not psutil.pid_exists(kernel(tmp_path))


@pytest.mark.parametrize(
    ("how", "seconds", "why"),
    [
        ("import asyncio; await asyncio.sleep(600)", 0.1, "could not be ended within 0.1 s. Who acts: the engineer"),
        ("raise ValueError('It is odd')", 60, "could not be ended: It is odd. Who acts: the engineer"),
    ],
)
def test_one_that_cannot_be_ended_is_told_and_the_session_ends(
    tmp_path: Path, how: str, seconds: float, why: str
) -> None:
    script = _A_KERNEL_STARTS + _AND_CANNOT_BE_ENDED.format(how=how, seconds=seconds) + _OPEN
    code, said = ended(tmp_path, script, "sessions", NOTEBOOK)
    psutil.Process(kernel(tmp_path)).kill()
    assert code == 0
    assert f"The session's kernel {why}" in said


def test_what_a_thread_still_does_for_the_page_keeps_nobody(tmp_path: Path) -> None:
    code, said = ended(tmp_path, _A_FILE_IS_READ + _OPEN, "contents/old.ipynb")
    assert (code, said) == (0, "")
