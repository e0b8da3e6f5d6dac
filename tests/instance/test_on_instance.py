"""The whole way on an instance: read, decide, write and prove, over Run Command, with the real AWS CLI."""

import pytest

from onemata_helpers import sandbox
from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.metadata import judge_metadata
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.reports import parse_config_report
from onemata_helpers.instance.scripts import add_text, manual_block
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.services.instance_proof import InstanceProof
from tests.instance.instance_box import USER
from tests.instance.on_instance import AT, NAME, RIGHT, attach_role, judgements, look, prove, put, send


def test_look_add_prove(aws: Sandbox) -> None:
    attach_role(aws)
    assert look(aws).state == "absent"
    wanted = Assignment(RIGHT, AT)
    for outcome in ("added", "nothing"):
        assert parse_config_report(send(aws, add_text(USER, wanted)), wanted).outcome == outcome
    assert look(aws).state == "same"
    report = prove(aws)
    assert judgements(report) == ("proven", "proven"), report
    assert report.identity.command == f"aws sts get-caller-identity --profile {NAME}"
    assert report.listing.command == f"aws s3 ls s3://{sandbox.BUCKET}/{sandbox.PREFIX} --profile {NAME}"
    metadata = judge_metadata(report.metadata, report.aws_version)
    assert (metadata.result, NAME in metadata.sentence) == ("proven", True)


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
    report = prove(aws, section)
    assert judgements(report) == ("failed", "failed")
    assert "(AccessDenied) when calling the AssumeRole" in report.identity.stderr


def test_the_block_to_paste_proves_the_same_and_what_must_be_refused(aws: Sandbox) -> None:
    attach_role(aws)
    log_in = f"HOME=$(getent passwd {USER} | cut -d: -f6); export HOME\n"
    wanted = Assignment(RIGHT, AT, world.OTHER_ROLE_ARN, sandbox.OTHER_BUCKET)
    printed = send(aws, log_in + manual_block(wanted))
    assert "outcome: added" in printed
    checks = InstanceProof(sandbox.INSTANCE_ID, USER, wanted).by_paste(printed)
    assert [check.result for check in checks] == ["proven"] * 6, printed
    assert look(aws).state == "same"


def test_without_a_role_attached_the_metadata_service_says_why(aws: Sandbox) -> None:
    put(aws, RIGHT)
    report = prove(aws)
    assert judgements(report) == ("failed", "failed")
    assert "has no role to give" in judge_metadata(report.metadata, report.aws_version).sentence


def test_a_metadata_service_switched_off_is_told(aws: Sandbox) -> None:
    attach_role(aws)
    put(aws, RIGHT)
    aws.client("ec2").modify_instance_metadata_options(InstanceId=sandbox.INSTANCE_ID, HttpEndpoint="disabled")
    report = prove(aws)
    assert judgements(report) == ("failed", "failed")
    assert "is switched off" in judge_metadata(report.metadata, report.aws_version).sentence
