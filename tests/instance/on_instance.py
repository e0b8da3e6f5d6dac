"""What the tests over Run Command share: texts sent to the sandbox's instance, and its role."""

import json
import time
from collections.abc import Mapping

from onemata_helpers import sandbox
from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.proof import judge_identity, judge_listing
from onemata_helpers.instance.reports import ConfigReport, ProofReport, parse_config_report, parse_proof_report
from onemata_helpers.instance.scripts import look_text, proof_text
from onemata_helpers.location import Location
from onemata_helpers.sandbox.server import Sandbox
from tests.instance.instance_box import USER

NAME = "onemata-ec2"
RIGHT = ProfileSection(NAME, sandbox.ONEMATA_ROLE_ARN, sandbox.EXTERNAL_ID, sandbox.REGION)
AT = Location(sandbox.BUCKET, sandbox.PREFIX)


def send(aws: Sandbox, text: str) -> str:
    """Run a text on the instance as AWS-RunShellScript does; give what it printed."""
    ssm = aws.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[sandbox.INSTANCE_ID],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": text.split("\n")},
    )
    key = {"CommandId": sent["Command"]["CommandId"], "InstanceId": sandbox.INSTANCE_ID}
    for _ in range(2_000):
        time.sleep(0.1)
        try:
            state = ssm.get_command_invocation(**key)
        except ssm.exceptions.InvocationDoesNotExist:
            continue
        if state["Status"] in ("Success", "Failed", "TimedOut"):
            return str(state["StandardOutputContent"])
    raise AssertionError("the command did not end")


def attach_role(aws: Sandbox) -> None:
    """What the runbook does before: the role, its inline policy, the instance profile."""
    iam = aws.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=policy(statement))
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": sandbox.ONEMATA_ROLE_ARN}
    iam.put_role_policy(RoleName=NAME, PolicyName="assume", PolicyDocument=policy(allow))
    iam.create_instance_profile(InstanceProfileName=NAME)
    iam.add_role_to_instance_profile(InstanceProfileName=NAME, RoleName=NAME)
    ec2 = aws.client("ec2")
    ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": NAME}, InstanceId=sandbox.INSTANCE_ID)
    for _ in range(100):
        (found,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
        if found["State"] == "associated":
            return
    raise AssertionError("never associated")


def policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def look(aws: Sandbox, section: ProfileSection = RIGHT) -> ConfigReport:
    wanted = Assignment(section, AT)
    return parse_config_report(send(aws, look_text(USER, wanted)), wanted)


def prove(aws: Sandbox, section: ProfileSection = RIGHT) -> ProofReport:
    wanted = Assignment(section, AT)
    return parse_proof_report(send(aws, proof_text(USER, wanted)), wanted)


def judgements(report: ProofReport) -> tuple[str, str]:
    identity, listing = report.identity, report.listing
    return (
        judge_identity(identity.output, sandbox.ONEMATA_ROLE_ARN, identity.exit_code).result,
        judge_listing(listing.output, listing.exit_code, AT).result,
    )


def put(aws: Sandbox, section: ProfileSection) -> None:
    """Give the instance this section, in no time."""
    config = aws.instance.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(section.render())
