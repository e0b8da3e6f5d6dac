"""Systems Manager's Run Command, by way of boto3, with real processes behind it."""

import os
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from onemata_helpers import sandbox
from onemata_helpers.sandbox.instance import ssm
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.on_instance import ROLE, attach, make_role, run, send, set_options, wait

SSM_CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


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


def test_role_with_ssm_permissions_makes_it_managed(box: Sandbox) -> None:
    box.instance.managed = False
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
    send_command, ids = box.client("ssm").send_command, [sandbox.INSTANCE_ID]
    assert refusal(send_command, InstanceIds=ids, DocumentName="AWS-Nothing") == "InvalidDocument"
    assert refusal(send, box=box, script="") == "InvalidParameters"
    assert refusal(send, box=box, script="true", command="true") == "InvalidParameters"
    powershell = {"DocumentName": "AWS-RunPowerShellScript", "Parameters": {"commands": ["Get-Date"]}}
    assert refusal(send_command, InstanceIds=ids, **powershell) == "InvalidDocument"


def test_a_comment_has_a_hundred_characters_at_most(box: Sandbox) -> None:
    send_command = box.client("ssm").send_command
    arguments = {
        "InstanceIds": [sandbox.INSTANCE_ID],
        "DocumentName": "AWS-RunShellScript",
        "Parameters": {"commands": ["true"]},
    }
    assert send_command(Comment="x" * 100, **arguments)["Command"]["Comment"] == "x" * 100
    assert refusal(send_command, Comment="x" * 101, **arguments) == "ValidationException"


def test_without_metadata_service_the_agent_lasts_as_long_as_its_credentials(box: Sandbox) -> None:
    set_options(box, HttpEndpoint="disabled")
    assert run(box, "true")["Status"] == "Success"
    box.instance.agent_keeps_credentials = False
    assert managed(box) == []
    assert refusal(send, box=box, script="true") == "InvalidInstanceId"
    set_options(box, HttpEndpoint="enabled")
    assert run(box, "true")["Status"] == "Success"


def test_course_of_a_command(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    look = send(box, "echo begun; while [ ! -e go ]; do sleep 0.01; done; echo bad >&2; exit 3")
    with monkeypatch.context() as at_once:
        at_once.setattr(ssm, "time", SimpleNamespace(monotonic=lambda: 0.0))
        assert refusal(look) == "InvocationDoesNotExist"
    under_way = wait(look, until=("InProgress",))
    assert (under_way["ResponseCode"], under_way["StandardOutputContent"]) == (-1, "")
    (box.instance.machine.root / "go").touch()
    result = wait(look)
    assert (result["Status"], result["ResponseCode"]) == ("Failed", 3)
    assert result["StandardOutputContent"] == "begun\n"
    assert result["StandardErrorContent"] == "bad\nfailed to run commands: exit status 3"
    [entry] = box.client("ssm").list_command_invocations(CommandId=result["CommandId"], Details=True)[
        "CommandInvocations"
    ]
    assert (entry["Status"], entry["CommandPlugins"][0]["Output"]) == ("Failed", "begun\n")


def test_limits(box: Sandbox) -> None:
    result = run(box, "head -c 30000 /dev/zero | tr '\\0' x")
    assert result["StandardOutputContent"] == "x" * 24_000
    assert run(box, "cd nowhere")["Status"] == "Failed"
    assert run(box, "true", workingDirectory="/nowhere")["Status"] == "Failed"
    late = run(box, "sleep 60", executionTimeout="0.3")
    assert (late["Status"], late["ResponseCode"]) == ("TimedOut", 137)
    assert late["StatusDetails"] == "ExecutionTimedOut"


def test_environment_holds_nothing_of_the_developers(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_DEVELOPER", "secret")
    result = run(box, "env; command -v aws; pwd")["StandardOutputContent"]
    names = {line.partition("=")[0] for line in result.splitlines() if "=" in line}
    ours = {"PATH", "TMPDIR", "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT"}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == ours
    key = box.operator()
    assert not any(part in result for part in (key.id, key.secret, box.url.split(":")[2].partition("@")[0]))
    assert result.endswith("/bin/aws\n/\n") or result.endswith("/bin/aws\n\n")
    root_config = box.instance.machine.root / "root" / ".aws" / "config"
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


def test_command_is_refused_without_a_checked_signature(box: Sandbox) -> None:
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
    assert not (box.instance.machine.root / "was-here").exists()
