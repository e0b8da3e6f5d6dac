"""The whole way on an instance: read, decide, write and prove, over Run Command, with the real AWS CLI."""

import pytest
from onemata_helpers.instance.aws_config import decide

from onemata_helpers import sandbox
from onemata_helpers.instance.metadata import judge_metadata
from onemata_helpers.instance.paste import judge_paste
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.scripts import ABSENT, manual_block
from onemata_helpers.sandbox.server import Sandbox
from tests.instance.instance_box import USER
from tests.instance.on_instance import NAME, RIGHT, attach_role, prove, put, read, send, verdicts


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
    judged = judge_paste(printed, sandbox.ONEMATA_ROLE_ARN, sandbox.BUCKET, sandbox.PREFIX, NAME)
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
