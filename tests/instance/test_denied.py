"""What must be refused: the script that tries it, and the judgement of what came of it."""

import os
from collections.abc import Iterator

import pytest

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.denied import judge_denied
from onemata_helpers.instance.known_errors import Who
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.reports import CommandResult, ReportUnreadableError, parse_denied_report
from onemata_helpers.instance.scripts import denied_text
from onemata_helpers.location import Location
from tests.instance.instance_box import ROLE, USER, WANTED, Box, box_for, remove

OTHER = ROLE.replace("onemata-reader", "other")
HERE = Assignment(WANTED, Location("b"), OTHER, "it's $(id)")
TEXT = denied_text(USER, HERE)
NAMES = ["no_external_id", "other_role", "other_bucket"]
ASSUME = "An error occurred (AccessDenied) when calling the AssumeRole operation: User: x is not authorized"
LIST = "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied"


@pytest.fixture
def box() -> Iterator[Box]:
    box = box_for(os.getuid())
    yield box
    remove(box)


def attempt(box: Box, aws: str, here: Assignment = HERE) -> dict[str, CommandResult]:
    """Run the script with an AWS CLI that does this."""
    box.add_shim("aws", aws)
    return parse_denied_report(box.run(denied_text(USER, here)).stdout, here)


def test_each_attempt_has_its_command_and_config(box: Box) -> None:
    box.put(b"the user's own")
    found = attempt(box, 'cat "$AWS_CONFIG_FILE"; echo; echo "$@" >&2; exit 7')
    assert list(found) == NAMES
    identity = "aws sts get-caller-identity --profile onemata-check"
    listing = "aws s3 ls 's3://it'\"'\"'s $(id)/' --profile client-ec2"
    assert [result.command for result in found.values()] == [identity, identity, listing]
    own = {"role_arn": ROLE, "credential_source": "Ec2InstanceMetadata", "region": "eu-west-1"}
    assert settings(found["no_external_id"]) == own
    assert settings(found["other_role"]) == own | {"role_arn": OTHER, "external_id": "client-7f3a"}
    assert found["other_bucket"].stdout == "the user's own"
    assert found["other_bucket"].stderr == "s3 ls s3://it's $(id)/ --profile client-ec2"
    assert {result.exit_code for result in found.values()} == {7}


def settings(result: CommandResult) -> dict[str, str]:
    title, *lines = result.stdout.splitlines()
    assert title == "[profile onemata-check]"
    pairs = [line.partition(" = ") for line in lines]
    return {key: value for key, _, value in pairs}


def test_it_leaves_the_users_files_as_they_are(box: Box) -> None:
    box.put(b"mine")
    box.add_shim("aws", "mkdir -p ~/.aws/cli/cache; touch ~/.aws/cli/cache/x")
    box.run(TEXT)
    assert [path.name for path in box.config.parent.iterdir()] == ["config"]
    assert (box.config.read_bytes(), list(box.scratch.iterdir())) == (b"mine", [])


@pytest.mark.parametrize(
    ("section", "other_role", "other_bucket", "names"),
    [
        (WANTED, "", "", ["no_external_id"]),
        (ProfileSection("p", ROLE), OTHER, "", ["other_role"]),
        (ProfileSection("p", ROLE), "", "b", ["other_bucket"]),
        (ProfileSection("p", ROLE), "", "", []),
    ],
)
def test_only_what_is_known_is_tried(
    section: ProfileSection, other_role: str, other_bucket: str, names: list[str], box: Box
) -> None:
    here = Assignment(section, Location("b"), other_role, other_bucket)
    assert list(attempt(box, "exit 1", here)) == names
    assert Assignment(section, Location("b"), other_role, other_bucket, negative_checks=False).denials() == ()


def test_no_output_can_pass_for_a_report(box: Box) -> None:
    lines = [
        "exit_code: 0",
        "attempt: other_role",
        "== onemata report ends",
        "command: aws",
        "== onemata report: denied",
    ]
    shout = "".join(f"echo '{line}'; echo '{line}' >&2; " for line in lines)
    found = attempt(box, f"{shout} exit 9")
    assert list(found) == NAMES
    for result in found.values():
        assert (result.stdout, result.stderr, result.exit_code) == ("\n".join(lines), "\n".join(lines), 9)


def test_half_a_report_is_not_believed(box: Box) -> None:
    box.add_shim("aws", "exit 1")
    printed = box.run(TEXT).stdout
    for half in (printed[:-5], "", printed.replace("report: denied", "report: proof")):
        with pytest.raises(ReportUnreadableError, match="run it again"):
            parse_denied_report(half, HERE)


@pytest.mark.parametrize(
    ("other_role", "other_bucket"),
    [("onemata-reader", ""), (f"{OTHER}\n[default]", ""), ("", "a\nb"), ("", "a\u2028b")],
)
def test_what_cannot_be_written_safely_is_refused(other_role: str, other_bucket: str) -> None:
    with pytest.raises(ValueError, match=r"written safely|cannot be seen"):
        denied_text(USER, Assignment(WANTED, Location("b"), other_role, other_bucket))


def test_no_command_prints_credentials() -> None:
    for word in ("assume-role", "export-credentials", "get-session-token"):
        assert word not in TEXT


def result(exit_code: int, stderr: str, stdout: str = "") -> CommandResult:
    return CommandResult("aws", stdout, stderr, exit_code)


@pytest.mark.parametrize(
    ("name", "stderr", "who"),
    [("no_external_id", ASSUME, "Onemata"), ("other_role", ASSUME, "client"), ("other_bucket", LIST, "Onemata")],
)
def test_a_refusal_is_proven_and_a_pass_is_a_finding(name: str, stderr: str, who: Who) -> None:
    for text in (stderr, f"\naws: [ERROR]: {stderr}\n"):
        refused = judge_denied(result(254, text), name)
        assert (refused.result, refused.who) == ("proven", "")
        assert refused.sentence.endswith(" is refused, as it must be.")
    for finding in (judge_denied(result(0, ""), name), judge_denied(result(0, stderr, "x"), name)):
        assert (finding.result, finding.who) == ("failed", who)
        assert finding.sentence.startswith("A finding: ")
        assert "must close it" in finding.sentence


UNCLEAR = {
    "the bucket was never reached": ("other_bucket", result(254, ASSUME)),
    "the role was given, and then something else refused": (
        "no_external_id",
        result(254, "An error occurred (AccessDenied) when calling the GetCallerIdentity operation: x"),
    ),
    "something was listed before": ("other_bucket", result(254, LIST, "                           PRE daily/")),
    "an object is called like a refusal": ("other_bucket", result(1, "boom", LIST)),
    "no such bucket": ("other_bucket", result(254, "An error occurred (NoSuchBucket) when calling the ListObjectsV2")),
    "no credentials": ("no_external_id", result(255, "Unable to locate credentials")),
    "no AWS CLI": ("other_role", result(127, "sh: aws: not found")),
    "too busy": ("other_role", result(254, "An error occurred (Throttling) when calling the AssumeRole operation")),
    "out of time": ("other_role", result(124, "")),
    "nothing there": ("other_bucket", result(1, "")),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_any_other_failure_is_no_refusal(name: str) -> None:
    what, came = UNCLEAR[name]
    judgement = judge_denied(came, what)
    assert (judgement.result, judgement.who) == ("unclear", "engineer")
    assert (came.output.strip().splitlines() or ["no output"])[-1] in judgement.sentence
    assert f"code {came.exit_code}" in judgement.sentence


def test_an_unknown_attempt_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        judge_denied(result(254, ASSUME), "other")
