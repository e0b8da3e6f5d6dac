"""Machines that share nothing but the bucket for the records, with real processes: one changes a client at a time."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from onemata_helpers import sandbox
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.permissions import unscoped
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox_address import SANDBOX_URL

from ..conftest import let_lock_run_out
from ..snapshot import everything
from .conftest import client, in_this_process, records
from .test_processes import ONEMATA

pytestmark = pytest.mark.usefixtures("kernels")
_SECONDS = 240


class Machine:
    """A machine: a working folder with the same client's parameters, and what runs there."""

    def __init__(self, folder: Path, place: str) -> None:
        self.folder = folder
        self.client = client(folder / "parameters", "acme")
        self._place = ("--records", place)

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [ONEMATA, command, str(self.client), *self._place, *options], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"COLUMNS": "200"},
        )  # fmt: skip

    def run(self, command: str, *options: str) -> str:
        with self.start(command, *options) as process:
            said, _ = process.communicate(timeout=_SECONDS)
        assert process.returncode == 0, said
        return said


@pytest.fixture
def one(our_records: str, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "one", our_records)


@pytest.fixture
def other(our_records: str, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "other", our_records)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The account after an undisturbed run."""
    with sandbox.start(operator_policy=unscoped()) as box, pytest.MonkeyPatch.context() as patch:
        patch.setenv(SANDBOX_URL, box.url)
        folder = tmp_path_factory.mktemp("undisturbed")
        glue = from_folder(client(folder, "acme"))["glue"].model_copy(update={"action": "apply"})
        assert in_this_process(glue, folder / "acme.json", lambda _: None) == ""
        return everything(box)


def status(place: str) -> str:
    return subprocess.run(
        [ONEMATA, "status", place, "--format", "csv"], capture_output=True, text=True, check=True, timeout=_SECONDS
    ).stdout


def processes(of: subprocess.Popen[str]) -> list[psutil.Process]:
    runner = psutil.Process(of.pid)
    return [*runner.children(recursive=True), runner]


def test_of_two_at_once_the_second_waits_and_finds_nothing_to_do(
    wanted: dict[str, Any], aws: Sandbox, one: Machine, other: Machine
) -> None:
    waits = threading.Event()
    second: list[subprocess.Popen[str]] = []

    def start_second(_: object) -> None:
        if not second:
            aws.after("GetObject", lambda call: waits.set() if call.get("Key").endswith("/lock") else None)
            second.append(other.start("apply", "--auto-approve"))
            assert waits.wait(_SECONDS)

    aws.before("AttachRolePolicy", start_second)
    one.run("apply", "--auto-approve")
    said, _ = second[0].communicate(timeout=_SECONDS)
    assert second[0].returncode == 0, said
    assert everything(aws) == wanted
    (first,), (last,) = (records(each.folder)["acme/glue"] for each in (one, other))
    assert (first.outcome, last.outcome) == ("applied", "applied")
    assert len(first.changes_done) == 3
    assert not [call for call in last.calls if call.access == "write"]


def signed(machine: Machine) -> str:
    """The file with the plan of the machine's client, approved."""
    path = machine.folder / "approvals.yaml"
    machine.run("plan", "--write-approvals", str(path))
    path.write_text(path.read_text().replace(': ""', ': "Jane"'))
    return str(path)


def test_an_approval_that_another_machine_used_up_meanwhile_puts_nothing_back(
    aws: Sandbox, one: Machine, other: Machine
) -> None:
    approvals, role = signed(one), {"RoleName": "AWSGlueServiceRole-acme"}
    taken: list[dict[str, str]] = []
    waits = threading.Event()
    second: list[subprocess.Popen[str]] = []

    def start_second(_: object) -> None:
        if not second:
            aws.after("GetObject", lambda call: waits.set() if call.get("Key").endswith("/lock") else None)
            second.append(other.start("apply", "--approved", approvals))
            assert waits.wait(_SECONDS)

    def take_away(call: IncomingCall) -> None:
        if call.get("Key").endswith("Z.json"):  # the first has ended, and still has the lock
            taken.append(aws.client("iam").list_attached_role_policies(**role)["AttachedPolicies"].pop())
            aws.client("iam").detach_role_policy(**role, PolicyArn=taken[-1]["PolicyArn"])

    aws.before("AttachRolePolicy", start_second)
    aws.after("PutObject", take_away)
    one.run("apply", "--approved", approvals)
    said, _ = second[0].communicate(timeout=_SECONDS)
    assert second[0].returncode == 1, said
    assert "was used up by the run of" in " ".join(said.split())
    assert taken[0] not in aws.client("iam").list_attached_role_policies(**role)["AttachedPolicies"]


def test_what_kill_9_leaves_is_seen_and_completed_on_another_machine_under_the_same_approval(
    wanted: dict[str, Any], aws: Sandbox, our_records: str, one: Machine, other: Machine
) -> None:
    approvals = signed(one)
    running: list[subprocess.Popen[str]] = []
    started, killed = threading.Event(), threading.Event()

    def kill(_: object) -> None:
        assert started.wait(_SECONDS)
        if not killed.is_set():
            killed.set()
            for process in processes(running[0]):
                process.kill()

    aws.after("AttachRolePolicy", kill)
    running.append(one.start("apply", "--approved", approvals))
    started.set()
    running[0].communicate(timeout=_SECONDS)
    assert everything(aws) != wanted
    assert '"running"' in status(our_records)  # until its lock has run out, nobody can know
    let_lock_run_out("acme/glue")
    assert '"cut off"' in status(our_records)
    said = other.run("apply", "--approved", approvals, "--resume")
    assert "acme/glue: the last run was cut off in change 1 of 3" in said
    assert everything(aws) == wanted
    assert '"applied"' in status(our_records)


def test_a_suspended_run_whose_lock_ran_out_writes_nothing_when_it_wakes(
    wanted: dict[str, Any], aws: Sandbox, our_records: str, one: Machine, other: Machine
) -> None:
    running: list[subprocess.Popen[str]] = []
    started, asleep, awake = threading.Event(), threading.Event(), threading.Event()
    late: list[str] = []

    def suspend(_: object) -> None:
        assert started.wait(_SECONDS)
        if not asleep.is_set():
            for process in processes(running[0]):
                process.suspend()
            asleep.set()

    aws.after("CreateRole", suspend)
    for operation in ("AttachRolePolicy", "PutRolePolicy", "CreateRole"):
        aws.before(operation, lambda call: late.append(call.operation) if awake.is_set() else None)
    running.append(one.start("apply", "--auto-approve"))
    started.set()
    assert asleep.wait(_SECONDS)
    let_lock_run_out("acme/glue")
    assert "APPLIED" in other.run("apply", "--auto-approve")
    awake.set()
    for process in processes(running[0]):
        process.resume()
    said, _ = running[0].communicate(timeout=_SECONDS)
    assert running[0].returncode == 1
    assert "was held up, and lost its lock on acme/glue to another: one that has ended" in " ".join(said.split())
    assert late == []
    assert everything(aws) == wanted
    assert '"applied"' in status(our_records)
