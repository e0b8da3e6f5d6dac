"""The script that runs the two commands: whatever they print, the report says just that."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.reports import CommandResult, ReportUnreadableError, parse_proof_report
from onemata_helpers.instance.scripts import proof_text
from onemata_helpers.location import Location
from tests.instance.instance_box import USER, WANTED, Box, box_for, remove, system

WANTED_HERE = Assignment(WANTED, Location("b", "it's/"))
TEXT = proof_text(USER, WANTED_HERE)


@pytest.fixture
def box() -> Iterator[Box]:
    box = box_for(os.getuid())
    yield box
    remove(box)


def prove(box: Box, aws: str, **env: str) -> tuple[CommandResult, CommandResult]:
    """Run the script with an AWS CLI that does this."""
    box.add_shim("aws", aws)
    report = parse_proof_report(box.run(TEXT, env).stdout, WANTED_HERE)
    return report.identity, report.listing


def test_commands_output_errors_and_codes_are_kept_apart(box: Box) -> None:
    identity, listing = prove(box, 'echo "out $1"; echo "err $1" >&2; [ $1 = sts ] || exit 7')
    assert identity == CommandResult("aws sts get-caller-identity --profile client-ec2", "out sts", "err sts", 0)
    assert listing.command == "aws s3 ls 's3://b/it'\"'\"'s/' --profile client-ec2"
    assert (listing.stdout, listing.stderr, listing.exit_code) == ("out s3", "err s3", 7)
    assert listing.output == "out s3\nerr s3"


def test_no_output_can_pass_for_a_report(box: Box) -> None:
    lines = ["exit_code: 0", "== onemata report ends", "command: aws", "out| x", "== onemata report: proof"]
    shout = "".join(f"echo '{line}'; echo '{line}' >&2; " for line in lines)
    for result in prove(box, f"{shout} exit 9"):
        assert (result.stdout, result.stderr, result.exit_code) == ("\n".join(lines), "\n".join(lines), 9)


def test_long_output_is_cut_and_fits_into_an_answer(box: Box) -> None:
    box.add_shim("aws", "yes \"$(printf 'x%.0s' $(seq 400))\" | head -n 5000 | tee /dev/stderr")
    printed = box.run(TEXT).stdout
    report = parse_proof_report(printed, WANTED_HERE)
    assert len(report.listing.stdout.splitlines()) == 20
    assert len(printed) < 24_000  # what Run Command keeps


def test_the_commands_see_the_users_files_and_none_of_this_shells_settings(box: Box) -> None:
    hidden = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")
    identity, _ = prove(box, 'echo "$PWD"; env | grep ^AWS_ | sort', **dict.fromkeys(hidden, "x"))
    assert identity.stdout.splitlines() == [
        str(box.home),
        f"AWS_CONFIG_FILE={box.config}",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9",
        "AWS_PAGER=",
        f"AWS_SHARED_CREDENTIALS_FILE={box.home}/.aws/credentials",
    ]


def test_what_the_commands_keep_at_home_is_gone_with_them(box: Box) -> None:
    """Where the AWS CLI would find kept sessions, each run begins empty and leaves nothing."""
    keep = "mkdir -p ~/.aws/cli/cache; ls ~/.aws/cli/cache; echo secret > ~/.aws/cli/cache/$1; echo ~"
    for _ in range(2):
        identity, listing = prove(box, keep)
        assert Path(identity.stdout.splitlines()[-1]).parent == box.scratch
        assert "s3" not in identity.stdout.splitlines()
        assert "sts" in listing.stdout.splitlines()
        assert list(box.scratch.iterdir()) == []
    assert list(box.home.iterdir()) == []


def test_ended_from_outside_it_leaves_nothing(box: Box) -> None:
    box.add_shim("aws", "[ $1 = --version ] || kill -TERM -$(ps -o sid= -p $$ | tr -d ' ')")
    printed = box.run(TEXT).stdout
    assert "== onemata report ends" not in printed
    assert list(box.scratch.iterdir()) == []


def test_without_room_for_a_scratch_folder_nothing_runs(box: Box) -> None:
    result = box.run(TEXT, {"TMPDIR": "/not/there"})
    assert (result.returncode, result.stdout) == (1, "")


def test_an_aws_cli_of_the_users_own_finds_its_modules(box: Box) -> None:
    identity, _ = prove(box, f'exec {sys.executable} -c "import site; print(site.getuserbase())"')
    assert identity.stdout == f"{box.home}/.local"


def test_an_aws_cli_of_the_users_own_is_found(box: Box) -> None:
    program = box.home / ".local" / "bin" / "aws"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho of my own\n")
    program.chmod(0o755)
    report = parse_proof_report(box.run(TEXT, {"PATH": f"{box.shims}:{system()}"}).stdout, WANTED_HERE)
    assert report.identity.stdout == "of my own"


def test_what_the_user_has_installed_is_never_run_as_root(box: Box) -> None:
    """A runuser or env of the user's own is no way to become root."""
    start = TEXT.partition("as_user <<")[0]
    printed = box.run(f'{start}printf %s "$PATH"').stdout
    assert str(box.home) not in printed


def test_address_and_token_of_the_metadata_service_are_on_no_command_line(box: Box) -> None:
    box.add_shim("aws", "echo hello")
    log = box.root / "curl.log"
    box.add_shim(
        "curl",
        f'echo "asked with: $*" >> {log}; sed "s/^/by stdin: /" >> {log}; '
        'while [ "$1" != -o ]; do shift; done; echo token-7f3a > "$2"; printf 200',
    )
    assert parse_proof_report(box.run(TEXT).stdout, WANTED_HERE).metadata.role == "token-7f3a"
    lines = log.read_text().splitlines()
    visible = [line for line in lines if line.startswith("asked with")]
    assert len(visible) == 3
    assert not any("127.0.0.1" in line or "token-7f3a" in line for line in visible)
    assert 'by stdin: header = "X-aws-ec2-metadata-token: token-7f3a"' in lines
    assert 'by stdin: url = "http://127.0.0.1:9/latest/meta-data/instance-id"' in lines


def test_a_command_that_hangs_is_ended(box: Box) -> None:
    box.add_shim("aws", "[ $1 = --version ] || exec sleep 30")
    report = parse_proof_report(box.run(TEXT.replace("time_limit=120", "time_limit=0.2")).stdout, WANTED_HERE)
    assert (report.identity.exit_code, report.listing.exit_code) == (124, 124)


def test_without_the_aws_cli_it_says_so(box: Box) -> None:
    box.without_aws = True
    report = parse_proof_report(box.run(TEXT).stdout, WANTED_HERE)
    assert (report.identity.exit_code, "aws" in report.identity.stderr) == (127, True)


def test_half_a_report_is_not_believed(box: Box) -> None:
    box.add_shim("aws", "echo hello")
    printed = box.run(TEXT).stdout
    for half in (printed[:-5], "", printed.split("attempt: listing")[0] + "== onemata report ends\n"):
        with pytest.raises(ReportUnreadableError, match="run it again"):
            parse_proof_report(half, WANTED_HERE)
