"""What the tests of the sandbox's instance share: a role to attach, and commands to send."""

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox
from tests.processes import LONG

ROLE = "onemata-ec2"
ENDED = ("Success", "Failed", "TimedOut")


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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
    box.client("ec2").associate_iam_instance_profile(IamInstanceProfile={"Name": name}, InstanceId=sandbox.INSTANCE_ID)
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


def look_if_there(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return look()
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvocationDoesNotExist":
            raise
        return {}


def wait(look: Callable[[], dict[str, Any]], until: tuple[str, ...] = ENDED) -> dict[str, Any]:
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        found = look_if_there(look)
        if found.get("Status") in until:
            return found
        time.sleep(0.02)
    raise AssertionError("the command did not end")


def run(box: Sandbox, script: str, **parameters: str) -> dict[str, Any]:
    return wait(send(box, script, **parameters))
