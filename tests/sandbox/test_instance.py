"""The sandbox's instance: its metadata service, its commands, and that nothing stays behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from onemata_helpers import sandbox
from onemata_helpers.sandbox import imds
from onemata_helpers.sandbox.instance import Instance
from onemata_helpers.sandbox.machine import Completed, Machine
from onemata_helpers.sandbox.server import Sandbox

ROLE = "onemata-ec2"
SSM_CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
WHOAMI = "aws sts get-caller-identity --profile p"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
CONFIG = f"""[profile p]
role_arn = {sandbox.ONEMATA_ROLE_ARN}
credential_source = Ec2InstanceMetadata
external_id = {sandbox.EXTERNAL_ID}
region = {sandbox.REGION}
"""


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with sandbox.start() as box:
        yield box


@pytest.fixture
def instance(box: Sandbox) -> Instance:
    return box.instance


def make_role(box: Sandbox, name: str = ROLE, service: str = "ec2.amazonaws.com") -> None:
    """A role that may assume Onemata's, in a profile of the same name."""
    iam = box.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": sandbox.ONEMATA_ROLE_ARN}
    iam.put_role_policy(
        RoleName=name,
        PolicyName="assume",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def associations(box: Sandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = box.client("ec2").describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    return found


def attach(box: Sandbox, name: str = ROLE) -> str:
    """Attach the profile through EC2's API, and wait until EC2 says that it is associated."""
    box.client("ec2").associate_iam_instance_profile(
        IamInstanceProfile={"Name": name}, InstanceId=sandbox.INSTANCE_ID
    )
    for _ in range(10):
        for association in associations(box):
            if association["State"] == "associated":
                return str(association["AssociationId"])
    raise AssertionError("never associated")


def set_options(box: Sandbox, **options: str) -> dict[str, Any]:
    changed: dict[str, Any] = box.client("ec2").modify_instance_metadata_options(
        InstanceId=sandbox.INSTANCE_ID, **options
    )["InstanceMetadataOptions"]
    return changed


def send(box: Sandbox, script: str, **parameters: str) -> Callable[[], dict[str, Any]]:
    """Send the script; the answer asks how far it is."""
    ssm = box.client("ssm")
    command = ssm.send_command(
        InstanceIds=[sandbox.INSTANCE_ID],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": script.splitlines(), **{k: [v] for k, v in parameters.items()}},
    )["Command"]
    key = {"CommandId": command["CommandId"], "InstanceId": sandbox.INSTANCE_ID}
    return lambda: ssm.get_command_invocation(**key)


def wait(look: Callable[[], dict[str, Any]], until: tuple[str, ...] = ()) -> dict[str, Any]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            found = look()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvocationDoesNotExist"
        else:
            if found["Status"] in (until or ("Success", "Failed", "TimedOut")):
                return found
        time.sleep(0.02)
    raise AssertionError("the command did not end")


def run(box: Sandbox, script: str, **parameters: str) -> dict[str, Any]:
    return wait(send(box, script, **parameters))


def as_user(instance: Instance, command: str) -> str:
    """The command with the client's config in place, as scripts for SSM have to say it."""
    (instance.home / ".aws").mkdir(exist_ok=True)
    (instance.home / ".aws" / "config").write_text(CONFIG)
    return f"export HOME=$(getent passwd ec2-user | cut -d: -f6)\n{command}"


def ask(instance: Instance, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Ask the metadata service. Header names are given with _ for -."""
    request = urllib.request.Request(
        f"{instance.imds_endpoint}/latest/{path}",
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with DIRECT.open(request, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def get_token(instance: Instance, ttl: str = "60", **headers: str) -> tuple[int, str]:
    given = {"X_aws_ec2_metadata_token_ttl_seconds": ttl} if ttl else {}
    return ask(instance, "api/token", "PUT", **given, **headers)


def get(instance: Instance, path: str) -> tuple[int, str]:
    return ask(instance, path, X_aws_ec2_metadata_token=get_token(instance)[1])


def credentials(instance: Instance, role: str = ROLE) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        get(instance, f"meta-data/iam/security-credentials/{role}")[1]
    )
    return found


# The AWS CLI on the instance


def test_cli_assumes_onematas_role_and_lists_the_bucket(box: Sandbox, instance: Instance) -> None:
    make_role(box)
    attach(box)
    listing = f"aws s3 ls s3://{sandbox.BUCKET}/{sandbox.PREFIX} --profile p"
    result = run(box, as_user(instance, f"{WHOAMI} --query Arn --output text\n{listing}"))
    arn, _, rest = result["StandardOutputContent"].partition("\n")
    name = sandbox.ONEMATA_ROLE_ARN.rpartition("/")[2]
    assert arn.startswith(f"arn:aws:sts::{sandbox.ONEMATA_ACCOUNT}:assumed-role/{name}/botocore-")
    assert "README.txt" in rest
    assert result["Status"] == "Success"


@pytest.mark.parametrize("fault", ["no profile", "metadata off", "EC2 not trusted"])
def test_cli_has_no_credentials(box: Sandbox, instance: Instance, fault: str) -> None:
    make_role(
        box, service="ecs.amazonaws.com" if fault == "EC2 not trusted" else "ec2.amazonaws.com"
    )
    if fault != "no profile":
        attach(box)
    if fault == "metadata off":
        set_options(box, HttpEndpoint="disabled")
    result = run(box, as_user(instance, WHOAMI))
    assert "No credentials found in credential_source" in result["StandardErrorContent"]
    assert result["StandardErrorContent"].endswith("failed to run commands: exit status 255")
    assert (result["Status"], result["ResponseCode"]) == ("Failed", 255)


# The metadata service


def test_credentials_are_a_session_of_the_attached_role(box: Sandbox, instance: Instance) -> None:
    make_role(box)
    attach(box)
    assert get(instance, "meta-data/iam/security-credentials/") == (200, ROLE)
    given = credentials(instance)
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    sts = session.client("sts", sandbox.REGION, endpoint_url=box.endpoint)
    assert sts.get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{sandbox.CLIENT_ACCOUNT}:assumed-role/{ROLE}/{sandbox.INSTANCE_ID}"
    )
    assert credentials(instance)["AccessKeyId"] == given["AccessKeyId"]


def test_credentials_follow_the_attachment(box: Sandbox, instance: Instance) -> None:
    make_role(box)
    make_role(box, "other")
    association = attach(box)
    first = credentials(instance)
    assert get(instance, "meta-data/iam/security-credentials/other")[0] == 404
    box.client("ec2").disassociate_iam_instance_profile(AssociationId=association)
    assert get(instance, "meta-data/iam/security-credentials/")[0] == 404
    assert get(instance, "meta-data/iam/info")[0] == 404
    attach(box, "other")
    assert get(instance, "meta-data/iam/security-credentials/") == (200, "other")
    assert credentials(instance, "other")["AccessKeyId"] != first["AccessKeyId"]


def test_profile_without_role_gives_no_credentials(box: Sandbox, instance: Instance) -> None:
    make_role(box)
    attach(box)
    box.client("iam").remove_role_from_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
    assert get(instance, "meta-data/iam/security-credentials/")[0] == 404
    assert f"instance-profile/{ROLE}" in get(instance, "meta-data/iam/info")[1]


def test_role_that_ec2_may_not_assume(box: Sandbox, instance: Instance) -> None:
    make_role(box, service="ecs.amazonaws.com")
    attach(box)
    assert credentials(instance)["Code"] == "AssumeRoleUnauthorizedAccess"


def test_what_the_instance_is(instance: Instance) -> None:
    identity = json.loads(get(instance, "dynamic/instance-identity/document")[1])
    assert identity["accountId"] == sandbox.CLIENT_ACCOUNT
    assert identity["instanceId"] == get(instance, "meta-data/instance-id")[1]
    assert identity["region"] == get(instance, "meta-data/placement/region")[1] == sandbox.REGION
    assert get(instance, "meta-data/nothing")[0] == 404
    assert ask(instance, "meta-data/instance-id", "POST")[0] == 405


def test_version_1_only_where_tokens_are_optional(box: Sandbox, instance: Instance) -> None:
    set_options(box, HttpTokens="required")
    assert ask(instance, "meta-data/instance-id")[0] == 401
    assert get(instance, "meta-data/instance-id")[0] == 200
    set_options(box, HttpTokens="optional")
    assert ask(instance, "meta-data/instance-id")[0] == 200
    assert ask(instance, "meta-data/instance-id", X_aws_ec2_metadata_token="made-up")[0] == 401


def test_disabled_service_refuses_everything(box: Sandbox, instance: Instance) -> None:
    token = get_token(instance)[1]
    changed = set_options(box, HttpEndpoint="disabled")
    assert changed["HttpTokens"] == "required", "what is not named stays"
    assert get_token(instance)[0] == 403
    assert ask(instance, "meta-data/instance-id", X_aws_ec2_metadata_token=token)[0] == 403


def test_tokens(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [get_token(instance, ttl)[0] for ttl in ("", "x", "0", "21601")] == [400] * 4
    assert get_token(instance, X_Forwarded_For="10.0.0.1")[0] == 403
    assert ask(instance, "api/token")[0] == 405
    token = get_token(instance, "60")[1]
    later = time.monotonic() + 61
    monkeypatch.setattr(imds, "time", SimpleNamespace(monotonic=lambda: later))
    assert ask(instance, "meta-data/instance-id", X_aws_ec2_metadata_token=token)[0] == 401


def test_address_is_secret_and_on_loopback(instance: Instance) -> None:
    base, _, secret = instance.imds_endpoint.rpartition("/")
    assert base.startswith("http://127.0.0.1:")
    assert len(secret) > 20
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        DIRECT.open(f"{base}/latest/meta-data/instance-id", timeout=5)
    refused.value.close()


# Systems Manager


def managed(box: Sandbox, **arguments: Any) -> list[str]:
    found = box.client("ssm").describe_instance_information(**arguments)
    return [
        f"{entry['InstanceId']} {entry['PlatformType']} {entry['PingStatus']}"
        for entry in found["InstanceInformationList"]
    ]


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


def test_managed_instance_is_listed(box: Sandbox) -> None:
    here = [f"{sandbox.INSTANCE_ID} Linux Online"]
    assert managed(box) == here
    assert managed(box, Filters=[{"Key": "InstanceIds", "Values": [sandbox.INSTANCE_ID]}]) == here
    other = {"key": "InstanceIds", "valueSet": [sandbox.STOPPED_INSTANCE_ID]}
    assert managed(box, InstanceInformationFilterList=[other]) == []


def test_role_with_ssm_permissions_makes_it_managed(box: Sandbox, instance: Instance) -> None:
    instance.managed = False
    make_role(box)
    attach(box)
    assert managed(box) == []
    assert refusal(send, box=box, script="true") == "InvalidInstanceId"
    box.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=SSM_CORE)
    assert managed(box) == [f"{sandbox.INSTANCE_ID} Linux Online"]
    assert run(box, "true")["Status"] == "Success"


def test_stopped_and_unknown_instances_take_no_commands(box: Sandbox) -> None:
    box.client("ec2").stop_instances(InstanceIds=[sandbox.INSTANCE_ID])
    assert managed(box) == []
    send_command = box.client("ssm").send_command
    for name in (sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID, "i-0123456789abcdef0"):
        arguments = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
        assert refusal(send_command, InstanceIds=[name], **arguments) == "InvalidInstanceId"


def test_documents(box: Sandbox) -> None:
    ssm = box.client("ssm")
    send_command, ids = ssm.send_command, [sandbox.INSTANCE_ID]
    assert refusal(send_command, InstanceIds=ids, DocumentName="AWS-Nothing") == "InvalidDocument"
    assert refusal(send, box=box, script="") == "InvalidParameters"
    assert refusal(send, box=box, script="true", command="true") == "InvalidParameters"
    command = send_command(
        InstanceIds=ids,
        DocumentName="AWS-RunPowerShellScript",
        Parameters={"commands": ["Get-Date"]},
    )["Command"]["CommandId"]
    result = wait(lambda: ssm.get_command_invocation(CommandId=command, InstanceId=ids[0]))
    assert result["Status"] == "Failed"
    assert "pwsh" in result["StandardErrorContent"]


def test_course_of_a_command(box: Sandbox, instance: Instance) -> None:
    look = send(box, "echo begun; while [ ! -e go ]; do sleep 0.01; done; echo bad >&2; exit 3")
    assert refusal(look) == "InvocationDoesNotExist"
    under_way = wait(look, until=("InProgress",))
    assert (under_way["ResponseCode"], under_way["StandardOutputContent"]) == (-1, "")
    (instance.machine.root / "go").touch()
    result = wait(look)
    assert (result["Status"], result["ResponseCode"]) == ("Failed", 3)
    assert result["StandardOutputContent"] == "begun\n"
    assert result["StandardErrorContent"] == "bad\nfailed to run commands: exit status 3"
    [entry] = box.client("ssm").list_command_invocations(
        CommandId=result["CommandId"], Details=True
    )["CommandInvocations"]
    assert (entry["Status"], entry["CommandPlugins"][0]["Output"]) == ("Failed", "begun\n")


def test_limits(box: Sandbox) -> None:
    result = run(box, "head -c 30000 /dev/zero | tr '\\0' x")
    assert result["StandardOutputContent"] == "x" * 24_000
    assert run(box, "cd nowhere")["Status"] == "Failed"
    assert run(box, "true", workingDirectory="/nowhere")["Status"] == "Failed"
    late = run(box, "sleep 60", executionTimeout="0.3")
    assert (late["Status"], late["ResponseCode"]) == ("TimedOut", 137)
    assert late["StatusDetails"] == "ExecutionTimedOut"


def test_environment_holds_nothing_of_the_developers(
    box: Sandbox, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_DEVELOPER", "secret")
    result = run(box, "env; command -v aws; pwd")["StandardOutputContent"]
    names = {line.partition("=")[0] for line in result.splitlines() if "=" in line}
    ours = {"PATH", "TMPDIR", "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT"}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == ours
    operator = box.url.partition("//")[2].partition("@")[0]
    assert not any(part in result for part in operator.split(":"))
    assert result.endswith("/bin/aws\n/\n") or result.endswith("/bin/aws\n\n")
    root_config = instance.machine.root / "root" / ".aws" / "config"
    root_config.parent.mkdir()
    root_config.write_text("[default]\nregion = eu-south-2\n")
    assert run(box, "aws configure get region")["StandardOutputContent"] == "eu-south-2\n"


def test_account_database(box: Sandbox) -> None:
    script = "getent passwd ec2-user; getent passwd root; getent passwd nobody-here || echo $?"
    lines = run(box, script)["StandardOutputContent"].splitlines()
    user = f"ec2-user:x:{os.getuid()}:{os.getgid()}:EC2 Default User:/home/ec2-user:/bin/sh"
    assert lines[0] == user
    assert lines[1].startswith("root:")
    assert lines[2] == "2"


def test_command_is_refused_without_a_checked_signature(box: Sandbox, instance: Instance) -> None:
    moto_alone = Client(DomainDispatcherApplication(create_backend_app))
    scope = f"AKIAUNKNOWN/20210210/{sandbox.REGION}/ssm/aws4_request"
    answer = moto_alone.post(
        "/",
        headers={
            "X-Amz-Target": "AmazonSSM.SendCommand",
            "X-Moto-Account-Id": sandbox.CLIENT_ACCOUNT,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}",
            "Content-Type": "application/x-amz-json-1.1",
        },
        json={
            "InstanceIds": [sandbox.INSTANCE_ID],
            "DocumentName": "AWS-RunShellScript",
            "Parameters": {"commands": ["touch was-here"]},
        },
    )
    assert (answer.status_code, "AccessDeniedException" in answer.text) == (400, True)
    time.sleep(0.1)
    assert not (instance.machine.root / "was-here").exists()


# Nothing stays behind


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


def gone(process_id: int, root: Path) -> bool:
    for _ in range(200):
        if not root.exists() and not alive(process_id):
            return True
        time.sleep(0.01)
    return False


def test_stop_ends_commands_and_deletes_files() -> None:
    box = sandbox.start()
    instance = box.instance
    send(box, "echo $$ > running; sleep 60 & wait")
    running = instance.machine.root / "running"
    while not running.exists() or not running.read_text().strip():
        time.sleep(0.01)
    process_id = int(running.read_text())
    port = int(instance.imds_endpoint.split(":")[2].partition("/")[0])
    box.stop()
    assert gone(process_id, instance.machine.root)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_background_processes_end_with_their_command() -> None:
    machine = Machine({})
    completed = machine.run("sleep 60 & echo $!", timeout=5)
    assert not alive(int(completed.stdout))
    machine.remove()
    machine.remove()
    with pytest.raises(ProcessLookupError):
        machine.run("true", timeout=5)


@pytest.mark.parametrize("end", ["killed", "exited"])
def test_end_of_python_ends_everything(end: str) -> None:
    program = """
import sys, threading, time
from onemata_helpers.sandbox.machine import Machine
machine = Machine({})
script = "echo $$ > running; sleep 60"
threading.Thread(target=machine.run, args=[script], kwargs={"timeout": 60}, daemon=True).start()
running = machine.root / "running"
while not running.exists() or not running.read_text().strip():
    time.sleep(0.01)
print(machine.root, running.read_text(), flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as python:
        assert python.stdin
        assert python.stdout
        root, process_id = python.stdout.readline().split()
        assert alive(int(process_id))
        if end == "killed":
            python.send_signal(signal.SIGKILL)
        else:
            python.stdin.close()
        python.wait(timeout=10)
    assert gone(int(process_id), Path(root))


def test_completed_shows_no_address() -> None:
    machine = Machine({})
    completed = machine.run(f"echo {machine.home}/.aws", timeout=5)
    machine.remove()
    assert completed == Completed(0, "/home/ec2-user/.aws\n", "")
