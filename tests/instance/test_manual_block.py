"""The block that a person pastes: the same decisions as ours, with the real shells."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from onemata_helpers.instance.aws_config import decide

from onemata_helpers.instance.paste import judge_paste
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.scripts import manual_block
from tests.instance.instance_box import BIN, EQUAL, HOSTILE, ODD_BUT_GOOD, ROLE, WANTED, Box, box_for, remove

BLOCK = manual_block("linux", WANTED, "onemata-data", "client/")
FILES = {
    **{f"odd: {name}": content for name, content in ODD_BUT_GOOD.items()},
    **{f"equal: {name}": content for name, content in EQUAL.items()},
    **{f"hostile: {name}": content for name, (content, _) in HOSTILE.items()},
}
# Quicker than the AWS CLI, and the same parser.
AWS = f"""case "$1 $2" in
"configure get") {BIN}/python -I -c "
import os, sys
from botocore.configloader import load_config
from botocore.exceptions import ConfigNotFound, ConfigParseError
try: load_config(os.path.expanduser('~/.aws/config'))
except ConfigNotFound: pass
except ConfigParseError as error: sys.exit(str(error))" ;;
"sts get-caller-identity")
  echo '{{ "Arn": "arn:aws:sts::987654321098:assumed-role/onemata-reader/botocore-session-1" }}' ;;
"s3 ls") echo '                           PRE daily/' ;;
esac
"""


@pytest.fixture
def box() -> Iterator[Box]:
    box = box_for(os.getuid())
    box.add_shim("aws", AWS)
    yield box
    remove(box)


def paste(box: Box, block: str = BLOCK, **env: str) -> subprocess.CompletedProcess[str]:
    return box.run(block, {"HOME": str(box.home), **env})


@pytest.mark.parametrize("name", FILES)
def test_decides_as_the_runbook_does(name: str, box: Box) -> None:
    before = FILES[name]
    box.put(before)
    result = paste(box)
    after = box.config.read_bytes() if box.config.exists() else None
    decision = decide(before, WANTED)
    assert after == ((before or b"") + decision.addition if decision.addition else before), result
    assert ("STOPPED, nothing was changed" in result.stdout) == (decision.action == "blocked")
    assert len(box.backups) == (decision.action == "add" and before is not None)
    identity, listing = judge_paste(result.stdout, ROLE, "onemata-data", "client/", "client-ec2")
    due = "failed" if decision.action == "blocked" else "proven"
    assert (identity.outcome, listing.outcome) == (due, due)
    assert result.stderr == ""


def test_a_second_paste_changes_nothing(box: Box) -> None:
    paste(box)
    result = paste(box)
    assert "is in" in result.stdout
    assert "Nothing to change" in result.stdout
    assert box.config.read_bytes() == WANTED.render().encode()
    assert box.backups == []


def test_the_refusal_is_what_the_runbook_shows(box: Box) -> None:
    box.put(HOSTILE["other role"][0])
    result = paste(box)
    assert result.returncode == 1
    identity, listing = judge_paste(result.stdout, ROLE, "onemata-data", "client/", "client-ec2")
    assert identity == listing
    assert "has other settings for this profile" in identity.sentence
    assert "role_arn = arn:aws:iam::987654321098:role/delivery/other" in result.stdout


def test_a_read_only_file_is_refused_but_read(box: Box) -> None:
    box.put(b"[default]\n", 0o400)
    assert "is read-only" in paste(box).stdout
    assert box.config.read_bytes() == b"[default]\n"
    box.config.chmod(0o600)
    box.put(WANTED.render().encode(), 0o400)
    assert "Nothing to change" in paste(box).stdout


def test_another_config_file_in_use_is_said(box: Box) -> None:
    result = paste(box, AWS_CONFIG_FILE="/etc/aws")
    assert "AWS_CONFIG_FILE is set" in result.stdout
    assert not box.config.exists()


def test_without_the_aws_cli_nothing_is_done(box: Box) -> None:
    (box.shims / "aws").unlink()
    result = paste(box, PATH=f"{box.shims}:/usr/bin:/bin")
    assert "the AWS CLI (aws) is not installed here" in result.stdout
    assert not box.config.parent.exists()


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_it_can_be_pasted_with_values_in_need_of_quotes(shell: str, box: Box) -> None:
    """The listing gets its words whole, whatever they hold; nothing of them is run."""
    prefix = 'it\'s $(touch pwned) `id` !! "x" & ; # end/'
    box.add_shim("aws", f'printf "<%s>" "$@" >> {box.root}/calls; {AWS}')
    section = ProfileSection("my own role", ROLE)
    box.shell = (shell, "-i") if shell == "bash" else (shell,)
    result = paste(box, manual_block("linux", section, "onemata-data", prefix))
    calls = (box.root / "calls").read_text()
    assert "<get-caller-identity><--profile><my own role>" in calls
    assert f"<s3><ls><s3://onemata-data/{prefix}><--profile><my own role>" in calls
    verdicts = judge_paste(result.stdout, ROLE, "onemata-data", prefix, "my own role")
    assert [verdict.outcome for verdict in verdicts] == ["proven", "proven"]


def test_the_block_is_readable() -> None:
    """A client reads it before pasting: our words first, no encoded text, lines that fit."""
    assert BLOCK.startswith("sh <<'ONEMATA'\n# Adds one profile")
    assert "base64" not in BLOCK
    assert len(BLOCK.splitlines()) < 180
    assert "role_arn = arn:aws:iam::987654321098:role/delivery/onemata-reader" in BLOCK
    assert BLOCK.count("\naws sts get-caller-identity --profile client-ec2") == 1
