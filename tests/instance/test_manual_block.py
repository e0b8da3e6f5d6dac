"""The block that a person pastes: the same program and the same reports, with the real shells."""

import shlex

import pytest

from onemata_helpers.checks import Check
from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.scripts import manual_block
from onemata_helpers.location import Location
from onemata_helpers.services.instance_proof import InstanceProof
from tests.instance.instance_box import ASSIGNMENT, HOSTILE, NEW, OLD, QUICK_AWS, ROLE, SECTION, USER, WANTED, Box

BLOCK = manual_block(ASSIGNMENT)
NAMES = (
    "i-1 assumes Onemata's role",
    "i-1 lists Onemata's bucket",
    "i-1 is refused Onemata's role without the external ID",
    "i-1 is refused another role of Onemata's",
    "i-1 is refused another bucket of Onemata's",
)
REFUSED = "An error occurred (AccessDenied) when calling the"
# All is as it must be: our profile works, and the others are refused.
AWS = f"""case "$*" in
"sts get-caller-identity --profile client-ec2")
  echo '{{ "Arn": "arn:aws:sts::987654321098:assumed-role/onemata-reader/botocore-session-1" }}'; exit ;;
"sts "*) echo "{REFUSED} AssumeRole operation: x" >&2; exit 254 ;;
"s3 ls s3://onemata-data/client/"*) echo '                           PRE daily/'; exit ;;
"s3 ls "*) echo "{REFUSED} ListObjectsV2 operation: Access Denied" >&2; exit 254 ;;
--version) echo aws-cli/2.15.0 Python/3.11; exit ;;
esac
{QUICK_AWS}"""


@pytest.fixture
def ready(user_box: Box) -> Box:
    user_box.add_shim("aws", AWS)
    return user_box


def paste(box: Box, block: str = BLOCK, **env: str) -> str:
    result = box.run(block, {"HOME": str(box.home), **env})
    assert result.stderr == ""
    return result.stdout


def judged(text: str, assignment: Assignment = ASSIGNMENT) -> dict[str, Check]:
    return {check.name: check for check in InstanceProof("i-1", USER, assignment).by_paste(text)}


def results(text: str) -> list[str]:
    checks = judged(text)
    return [checks[name].result for name in NAMES]


ALL_PROVEN = ["proven"] * 5
UNSEEN = "not provable from here"


def test_a_good_paste_proves_all_of_it(ready: Box) -> None:
    ready.put(OLD)
    printed = paste(ready)
    assert results(printed) == ALL_PROVEN
    assert ready.config.read_bytes() == NEW
    assert len(ready.backups) == 1
    assert list(ready.scratch.iterdir()) == []


def test_terminals_may_change_it(ready: Box) -> None:
    printed = paste(ready)
    around = f"Last login: today\n[ec2-user@ip ~]$ {BLOCK}{printed}[ec2-user@ip ~]$ "
    assert results(around) == ALL_PROVEN
    assert results(around.replace("\n", "\r\n")) == ALL_PROVEN
    assert results("".join(f"    {line}\n" for line in around.split("\n"))) == ALL_PROVEN
    assert results("".join(f"{line}   \n" for line in around.split("\n"))) == ALL_PROVEN
    assert results(around.replace("\nuser: ", "\n\x1b[0muser: ")) == [UNSEEN] * 5


def test_the_last_run_counts(ready: Box) -> None:
    good = paste(ready)
    ready.config.write_bytes(HOSTILE["other role"][0])
    stopped = paste(ready)
    assert results(good + stopped) == ["failed", "failed", UNSEEN, UNSEEN, UNSEEN]
    assert results(stopped + good) == ALL_PROVEN
    assert results(good + good.split("== onemata report: denied")[0]) == [UNSEEN] * 5
    typed = "$ aws sts get-caller-identity --profile client-ec2\nUnable to locate credentials\n"
    assert results(good + typed)[0] == "failed"


def test_what_was_printed_for_other_parameters_proves_nothing(ready: Box) -> None:
    printed = paste(ready)
    for other in (
        Assignment(WANTED, Location("onemata-data", "other/"), ASSIGNMENT.denied_role_arn, ASSIGNMENT.denied_bucket),
        Assignment(WANTED, ASSIGNMENT.location, "", ASSIGNMENT.denied_bucket),
    ):
        checks = judged(printed, other)
        assert {check.result for check in checks.values()} == {UNSEEN}
        assert "about other parameters" in checks[NAMES[0]].evidence


def test_a_pass_of_what_must_be_refused_is_a_finding(ready: Box) -> None:
    ready.add_shim("aws", AWS.replace('"s3 ls s3://onemata-data/client/"*)', '"s3 ls "*)'))
    assert results(paste(ready)) == ["proven", "proven", "proven", "proven", "failed"]


@pytest.mark.parametrize("name", ["BOM", "duplicate section", "other role", "without profile"])
def test_it_stops_as_the_runbook_does(name: str, ready: Box) -> None:
    content, words = HOSTILE[name]
    ready.put(content)
    printed = paste(ready)
    assert "STOPPED, nothing was changed" in printed
    assert words in printed
    check = judged(printed)[NAMES[0]]
    assert (check.result, words in check.evidence) == ("failed", True)
    assert ready.config.read_bytes() == content


def test_a_second_paste_changes_nothing(ready: Box) -> None:
    paste(ready)
    assert "outcome: nothing" in paste(ready)
    assert (ready.config.read_bytes(), ready.backups) == (SECTION, [])


def test_another_config_file_in_use_is_said(ready: Box) -> None:
    assert "AWS_CONFIG_FILE is set" in paste(ready, AWS_CONFIG_FILE="/etc/aws")
    assert not ready.config.exists()


def test_without_the_aws_cli_nothing_is_done(ready: Box) -> None:
    ready.without_aws = True
    assert "The AWS CLI (aws) is not installed here" in paste(ready)
    assert not ready.config.parent.exists()


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_it_can_be_pasted_with_values_in_need_of_quotes(shell: str, ready: Box) -> None:
    """The listing gets its words whole, whatever they hold; nothing of them is run."""
    prefix = 'it\'s $(touch pwned) `id` !! "x" & ; # \\0033 end/'
    ready.add_shim("aws", f'printf "<%s>" "$@" >> {ready.root}/calls; {AWS}')
    (ready.root / "calls").touch()
    (ready.root / "calls").chmod(0o666)
    ready.shell = (shell, "-i") if shell == "bash" else (shell,)
    ready.run(manual_block(Assignment(WANTED, Location("onemata-data", prefix))), {"HOME": str(ready.home)})
    assert f"<s3><ls><s3://onemata-data/{prefix}><--profile><client-ec2>" in (ready.root / "calls").read_text()


def test_the_block_is_readable() -> None:
    """A client reads it before pasting: our words first, no encoded text."""
    assert BLOCK.startswith("sh <<'ONEMATA'\n# Adds one profile")
    assert "base64" not in BLOCK
    assert f"role_arn = {ROLE}" in BLOCK
    assert "aws sts get-caller-identity --profile client-ec2" in BLOCK


def test_what_was_not_tried_carries_its_own_command() -> None:
    """Two commands typed by hand prove two things; each of the others says how it would be tried."""
    typed = (
        "$ aws sts get-caller-identity --profile client-ec2\n"
        '{"Arn": "arn:aws:sts::987654321098:assumed-role/onemata-reader/s"}\n'
        "$ aws s3 ls s3://onemata-data/client/ --profile client-ec2\n"
        "                           PRE daily/\n"
    )
    checks = judged(typed)
    assert results(typed) == ["proven", "proven", UNSEEN, UNSEEN, UNSEEN]
    own = {
        NAMES[2]: f"With the role {ROLE} and no external ID:\n$ aws sts get-caller-identity --profile onemata-check",
        NAMES[3]: f"With the role {ASSIGNMENT.denied_role_arn}:\n$ aws sts get-caller-identity --profile onemata-check",
        NAMES[4]: "$ aws s3 ls s3://another-bucket/ --profile client-ec2",
    }
    for name, words in own.items():
        assert checks[name].evidence.endswith(words)
        assert "client/" not in checks[name].evidence


def test_nothing_made_carries_the_command_of_each() -> None:
    first, second, *denials = InstanceProof("i-1", USER, ASSIGNMENT).not_made("Why.", "Why not.")
    one, two = (shlex.join(each.command) for each in ASSIGNMENT.proofs())
    assert (first.evidence, second.evidence) == (f"Why.\n$ {one}", f"Why.\n$ {two}")
    for denial in denials:
        assert denial.evidence.startswith("Why not.")
        assert one not in denial.evidence
        assert two not in denial.evidence
