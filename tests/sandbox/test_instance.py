"""The AWS CLI on the sandbox's instance, and that nothing of the instance stays behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.instance.machine import Completed, Machine
from onemata_helpers.sandbox.server import Sandbox
from tests.processes import LONG, running
from tests.sandbox.on_instance import attach, make_role, run, send, set_options

WHOAMI = "aws sts get-caller-identity --profile p"
CONFIG = f"""[profile p]
role_arn = {sandbox.ONEMATA_ROLE_ARN}
credential_source = Ec2InstanceMetadata
external_id = {sandbox.EXTERNAL_ID}
region = {sandbox.REGION}
"""


def as_user(box: Sandbox, command: str) -> str:
    """The command with the client's config in place, as scripts for SSM have to say it."""
    (box.instance.home / ".aws").mkdir(exist_ok=True)
    (box.instance.home / ".aws" / "config").write_text(CONFIG)
    return f"export HOME=$(getent passwd ec2-user | cut -d: -f6)\n{command}"


def test_cli_assumes_onematas_role_and_lists_the_bucket(box: Sandbox) -> None:
    make_role(box)
    attach(box)
    listing = f"aws s3 ls s3://{sandbox.BUCKET}/{sandbox.PREFIX} --profile p"
    result = run(box, as_user(box, f"{WHOAMI} --query Arn --output text\n{listing}"))
    arn, _, rest = result["StandardOutputContent"].partition("\n")
    name = sandbox.ONEMATA_ROLE_ARN.rpartition("/")[2]
    assert arn.startswith(f"arn:aws:sts::{sandbox.ONEMATA_ACCOUNT}:assumed-role/{name}/botocore-")
    assert "README.txt" in rest
    assert result["Status"] == "Success"


@pytest.mark.parametrize("fault", ["no profile", "metadata off", "EC2 not trusted"])
def test_cli_has_no_credentials(box: Sandbox, fault: str) -> None:
    make_role(box, service="ecs.amazonaws.com" if fault == "EC2 not trusted" else "ec2.amazonaws.com")
    if fault != "no profile":
        attach(box)
    if fault == "metadata off":
        set_options(box, HttpEndpoint="disabled")
    result = run(box, as_user(box, WHOAMI))
    assert "No credentials found in credential_source" in result["StandardErrorContent"]
    assert result["StandardErrorContent"].endswith("failed to run commands: exit status 255")
    assert (result["Status"], result["ResponseCode"]) == ("Failed", 255)


def alive(process_id: int) -> bool:
    """Whether it runs: one that has ended but was not waited for does not count."""
    try:
        os.kill(process_id, 0)
        state = Path(f"/proc/{process_id}/stat").read_text().split()[2]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return sys.platform != "linux"
    return state != "Z"


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it comes true: a signal, or the end of a process, takes effect later, on a busy machine much later."""
    end = time.monotonic() + LONG
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def ended(process_id: int) -> bool:
    return soon(lambda: not alive(process_id))


def deleted(root: Path) -> bool:
    return soon(lambda: not root.exists())


@pytest.fixture
def machine() -> Iterator[Machine]:
    machine = Machine({})
    yield machine
    machine.remove()


def test_stop_ends_commands_and_deletes_files() -> None:
    box = sandbox.start()
    send(box, "echo $$ > running; sleep 600 & wait")
    file = box.instance.machine.root / "running"
    assert soon(lambda: file.exists() and file.read_text().strip() != "")
    process_id = int(file.read_text())
    port = int(box.instance.imds_endpoint.split(":")[2].partition("/")[0])
    box.stop()
    assert ended(process_id)
    assert not box.instance.machine.root.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=LONG)


def test_background_processes_end_with_their_command(machine: Machine) -> None:
    completed = machine.run("sleep 600 & echo $!", timeout=LONG)
    assert ended(int(completed.stdout))


def test_machine_that_is_gone_runs_nothing(machine: Machine) -> None:
    machine.remove()
    with pytest.raises(ProcessLookupError):
        machine.run("true", timeout=LONG)


@pytest.mark.parametrize("end", ["killed", "exited"])
def test_end_of_python_ends_everything(end: str) -> None:
    program = """
import sys, threading, time
from onemata_helpers.sandbox.instance.machine import Machine
machine = Machine({})
script = "echo $$ > running; sleep 600"
threading.Thread(target=machine.run, args=[script], kwargs={"timeout": 60}, daemon=True).start()
running = machine.root / "running"
while not running.exists() or not running.read_text().strip():
    time.sleep(0.01)
print(machine.root, running.read_text(), flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as python:
        assert python.stdin
        assert python.stdout
        root, process_id = python.stdout.readline().split()
        assert alive(int(process_id))
        if end == "killed":
            python.send_signal(signal.SIGKILL)
        else:
            python.stdin.close()
        python.wait(timeout=LONG)
    assert ended(int(process_id))
    assert deleted(Path(root))


def test_output_shows_paths_as_on_an_instance(machine: Machine) -> None:
    completed = machine.run(f"echo {machine.home}/.aws", timeout=LONG)
    assert completed == Completed(0, "/home/ec2-user/.aws\n", "")
