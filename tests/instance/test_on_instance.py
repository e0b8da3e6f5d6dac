"""The whole way on an instance: read, decide, write and prove, over Run Command, with the real AWS CLI."""

import json
import time
from collections.abc import Mapping

import pytest

from onemata_helpers import sandbox
from onemata_helpers.instance.aws_config import decide
from onemata_helpers.instance.metadata import judge_metadata
from onemata_helpers.instance.paste import judge_paste
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.proof import judge_identity, judge_listing
from onemata_helpers.instance.reports import ConfigReport, ProofReport, parse_config_report, parse_proof_report
from onemata_helpers.instance.scripts import ABSENT, manual_block, proof_commands, read_config, write_config
from onemata_helpers.sandbox.server import Sandbox
from tests.instance.instance_box import USER

NAME = "onemata-ec2"
RIGHT = ProfileSection(NAME, sandbox.ONEMATA_ROLE_ARN, sandbox.EXTERNAL_ID, sandbox.REGION)


def send(aws: Sandbox, text: str) -> str:
    """Run a text on the instance as AWS-RunShellScript does; give what it printed."""
    ssm = aws.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[sandbox.INSTANCE_ID],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": text.split("\n")},
    )
    key = {"CommandId": sent["Command"]["CommandId"], "InstanceId": sandbox.INSTANCE_ID}
    for _ in range(300):
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


def read(aws: Sandbox) -> ConfigReport:
    return parse_config_report(send(aws, read_config("linux", USER)))


def prove(aws: Sandbox, prefix: str = sandbox.PREFIX) -> ProofReport:
    return parse_proof_report(send(aws, proof_commands("linux", USER, NAME, sandbox.BUCKET, prefix)))


def verdicts(report: ProofReport) -> tuple[str, str]:
    identity, listing = report.identity, report.listing
    return (
        judge_identity(identity.output, sandbox.ONEMATA_ROLE_ARN, identity.exit_code).outcome,
        judge_listing(listing.output, listing.exit_code, sandbox.BUCKET, sandbox.PREFIX).outcome,
    )


def put(aws: Sandbox, section: ProfileSection) -> None:
    before = read(aws)
    decision = decide(before.content, section)
    assert decision.new is not None
    written = parse_config_report(send(aws, write_config("linux", USER, before.sha256, decision.new)))
    assert written.outcome == "written"


def test_read_decide_write_prove(aws: Sandbox) -> None:
    attach_role(aws)
    assert read(aws).sha256 == ABSENT
    put(aws, RIGHT)
    assert decide(read(aws).content, RIGHT).action == "nothing"
    report = prove(aws)
    assert verdicts(report) == ("proven", "proven"), report
    assert report.identity.command == f"aws sts get-caller-identity --profile {NAME}"
    assert report.listing.command == f"aws s3 ls s3://{sandbox.BUCKET}/{sandbox.PREFIX} --profile {NAME}"
    metadata = judge_metadata(report.metadata, report.aws_version)
    assert (metadata.outcome, NAME in metadata.sentence) == ("proven", True)


@pytest.mark.parametrize(
    "section",
    [
        ProfileSection(NAME, sandbox.ONEMATA_ROLE_ARN, "", sandbox.REGION),
        ProfileSection(NAME, sandbox.ONEMATA_ROLE_ARN, "wrong", sandbox.REGION),
        ProfileSection(NAME, sandbox.ONEMATA_ROLE_ARN + "x", sandbox.EXTERNAL_ID, sandbox.REGION),
    ],
    ids=["no external id", "wrong external id", "another role"],
)
def test_a_wrong_section_proves_nothing(section: ProfileSection, aws: Sandbox) -> None:
    attach_role(aws)
    put(aws, section)
    report = prove(aws)
    assert verdicts(report) == ("failed", "failed")
    assert "(AccessDenied) when calling the AssumeRole" in report.identity.stderr


def test_the_block_to_paste_proves_the_same(aws: Sandbox) -> None:
    attach_role(aws)
    log_in = f"HOME=$(getent passwd {USER} | cut -d: -f6); export HOME\n"
    block = manual_block("linux", RIGHT, sandbox.BUCKET, sandbox.PREFIX)
    printed = send(aws, log_in + block)
    assert "The profile was added" in printed
    judged = judge_paste(printed, sandbox.ONEMATA_ROLE_ARN, sandbox.BUCKET, sandbox.PREFIX)
    assert [verdict.outcome for verdict in judged] == ["proven", "proven"], printed
    assert decide(read(aws).content, RIGHT).action == "nothing"


def test_without_a_role_attached_the_metadata_service_says_why(aws: Sandbox) -> None:
    put(aws, RIGHT)
    report = prove(aws)
    assert verdicts(report) == ("failed", "failed")
    assert "has no role to give" in judge_metadata(report.metadata, report.aws_version).sentence


def test_a_metadata_service_switched_off_is_told(aws: Sandbox) -> None:
    attach_role(aws)
    put(aws, RIGHT)
    aws.client("ec2").modify_instance_metadata_options(InstanceId=sandbox.INSTANCE_ID, HttpEndpoint="disabled")
    report = prove(aws)
    assert verdicts(report) == ("failed", "failed")
    assert "is switched off" in judge_metadata(report.metadata, report.aws_version).sentence
