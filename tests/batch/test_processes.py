"""What a kill or Ctrl-C leaves behind, with real processes: the next run with --resume completes it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from onemata_helpers import sandbox
from onemata_helpers.batch.carry_out import carry_out
from onemata_helpers.batch.jobs import Job
from onemata_helpers.batch.runner import Running
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.permissions import unscoped
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL

from ..snapshot import everything
from ..test_cli import typed
from .conftest import client, in_this_process, records

ONEMATA = str(Path(sys.executable).parent / "onemata")


pytestmark = pytest.mark.usefixtures("kernels")


class Apply:
    """`onemata apply` over two clients, as a process."""

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "parameters").mkdir(exist_ok=True)
        self.folder = folder
        self.folders = [client(folder / "parameters", name) for name in ("acme", "bolt")]
        self.command = [ONEMATA, "apply", *map(str, self.folders), "--auto-approve", "--jobs", "1", *options]
        self.process = subprocess.Popen(
            self.command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"COLUMNS": "200"},
        )  # fmt: skip

    def notebooks(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def ended(self) -> str:
        said, _ = self.process.communicate(timeout=200)
        return said


def resumed(folder: Path, command: list[str]) -> str:
    """What another process says, which here is this one: it knows nothing of the first but what that one left."""
    done = typed(*command[1:], cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The account after an undisturbed run."""
    with sandbox.start(operator_policy=unscoped()) as box, pytest.MonkeyPatch.context() as patch:
        patch.setenv(SANDBOX_URL, box.url)
        folder = tmp_path_factory.mktemp("undisturbed")
        for name in ("acme", "bolt"):
            glue = from_folder(client(folder, name))["glue"].model_copy(update={"action": "apply"})
            assert in_this_process(glue, folder / f"{name}.json", lambda _: None) == ""
        return everything(box)


@pytest.mark.parametrize("victim", ["runner", "notebook"])
def test_what_kill_9_leaves_behind_is_completed(
    wanted: dict[str, Any], aws: Sandbox, tmp_path: Path, victim: str
) -> None:
    begun = threading.Event()
    runs: list[Apply] = []

    def kill(_: object) -> None:
        if begun.is_set():
            return
        begun.set()
        notebooks = runs[0].notebooks()
        if victim == "runner":
            runs[0].process.kill()
        for notebook in notebooks if victim == "notebook" else []:
            notebook.kill()
        _, alive = psutil.wait_procs(notebooks, timeout=60)  # nobody goes on alone
        assert not alive

    aws.after("AttachRolePolicy", kill)
    runs.append(Apply(tmp_path))
    said = runs[0].ended()
    assert everything(aws) != wanted
    (first,) = records(tmp_path)["acme/glue"]
    if victim == "runner":
        assert runs[0].process.returncode == -signal.SIGKILL
        assert (first.outcome, first.finished) == (None, None)
    else:
        assert "FAILED       acme: glue failed\n    glue: The notebook's process ended before its time" in said
        assert "It was at: change 2 of 3: policy AWSGlueServiceRole on role AWSGlueServiceRole-acme." in said
        assert "APPLIED      bolt: glue applied" in said
        assert "Kernel died" not in said
    again = resumed(tmp_path, [*runs[0].command, "--resume"])
    assert everything(aws) == wanted
    assert ("acme/glue: the last run was cut off in change 2 of 3" in again) == (victim == "runner")
    assert len(records(tmp_path)["bolt/glue"]) == 1


def test_ctrl_c_is_answered_at_once_and_ends_with_the_command_that_goes_on(
    wanted: dict[str, Any], aws: Sandbox, tmp_path: Path
) -> None:
    answered = threading.Event()
    runs: list[Apply] = []
    lines: list[str] = []

    def interrupt(_: object) -> None:
        if not answered.is_set():
            runs[0].process.send_signal(signal.SIGINT)
            assert answered.wait(60)

    aws.before("AttachRolePolicy", interrupt)
    runs.append(Apply(tmp_path))
    assert runs[0].process.stdout is not None
    for line in runs[0].process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Stopping: nothing more begins. Waiting for acme/glue to come to a safe point."):
            answered.set()
    runs[0].ended()
    assert runs[0].process.returncode == 1
    assert answered.is_set()
    said = lines[-1].removeprefix("To go on: ")
    assert shlex.split(said)[1:] == [*runs[0].command[1:], "--resume"]
    assert any("Stopped before policy AmazonS3FullAccess on role" in line for line in lines)
    resumed(tmp_path, [ONEMATA, *shlex.split(said)[1:]])
    assert everything(aws) == wanted


def test_whoever_watches_a_notebook_can_kill_it(aws: Sandbox, tmp_path: Path) -> None:
    job = Job(from_folder(client(tmp_path, "acme"))["glue"], tmp_path / "records")
    running = Running(job)
    aws.before("GetRole", lambda _: running.end("The test ended it"))
    result = carry_out(job, running)
    assert (result.outcome, result.reason.split(". ")[0]) == ("failed", "The test ended it")
