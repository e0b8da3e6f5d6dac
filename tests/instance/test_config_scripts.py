"""Reading and writing ``~/.aws/config`` with the real shells, as root and as an ordinary user."""

import base64
import os
import shutil
from pathlib import Path

import pytest
from onemata_helpers.instance.aws_config import decide

from onemata_helpers.instance.quoting import Platform
from onemata_helpers.instance.scripts import ABSENT, write_config
from tests.instance.instance_box import (
    NEW,
    OLD,
    USER,
    WANTED,
    Box,
    names,
    read,
    sha256,
    write,
    write_text,
)


def test_reads_that_there_is_no_file(box: Box) -> None:
    report = read(box)
    assert (report.exists, report.sha256, report.content, report.refusal) == (False, ABSENT, None, "")
    assert (report.user, report.home, report.path) == (USER, str(box.home), str(box.config))


def test_what_it_reads_is_of_the_file_itself(box: Box) -> None:
    box.put(OLD)
    report = read(box)
    assert (report.content, report.sha256, report.mode) == (OLD, sha256(OLD), "600")


def test_writes_a_new_file_for_the_user_alone(box: Box) -> None:
    report = write(box, ABSENT)
    assert (report.outcome, report.backup, report.refusal) == ("written", "", "")
    assert box.config.read_bytes() == NEW
    assert (box.config.stat().st_uid, oct(box.config.stat().st_mode)) == (box.uid, "0o100600")
    assert oct(box.config.parent.stat().st_mode) == "0o40700"
    assert names(box) == ["config"]


def test_writes_over_a_file_with_its_mode_and_a_backup(box: Box) -> None:
    box.put(OLD, 0o644)
    report = write(box, sha256(OLD))
    assert (report.outcome, report.mode, report.sha256) == ("written", "644", sha256(NEW))
    assert (box.config.read_bytes(), box.config.stat().st_uid) == (NEW, box.uid)
    assert [str(path) for path in box.backups] == [report.backup]
    assert box.backups[0].read_bytes() == OLD
    assert len(names(box)) == 2


def test_the_tenth_run_does_what_the_first_did(box: Box) -> None:
    box.put(OLD)
    outcomes = [write(box, sha256(OLD)).outcome for _ in range(3)]
    assert outcomes == ["written", "nothing", "nothing"]
    assert len(box.backups) == 1


@pytest.mark.parametrize(
    "there", [NEW.replace(b"7f3a", b"0000"), NEW.replace(b"[default]", b"[DEFAULT]"), NEW + b"#\n"]
)
def test_what_is_only_almost_done_is_not_taken_for_done(there: bytes, user_box: Box) -> None:
    user_box.put(there)
    assert write(user_box, sha256(OLD)).outcome == "refused"
    assert user_box.config.read_bytes() == there


def test_a_backup_never_replaces_another(user_box: Box) -> None:
    user_box.add_shim("date", "echo 20260101T000000Z")
    user_box.put(OLD)
    write(user_box, sha256(OLD))
    write(user_box, sha256(NEW), NEW + b"# third\n", NEW)
    assert [path.read_bytes() for path in user_box.backups] == [NEW, OLD]
    assert user_box.backups[1].name == "config.onemata-20260101T000000Z.bak"


@pytest.mark.parametrize(("there", "expected"), [(OLD, sha256(b"other")), (OLD, ABSENT), (None, sha256(OLD))])
def test_refuses_if_the_file_is_not_as_it_was_read(there: bytes | None, expected: str, user_box: Box) -> None:
    user_box.put(there)
    report = write(user_box, expected)
    assert report.outcome == "refused"
    assert "somebody changed it meanwhile. Plan again." in report.refusal
    assert (user_box.config.read_bytes() if there else None) == there
    assert user_box.backups == []


@pytest.mark.parametrize("command", ["cp", "sync", "date"])
def test_keeps_what_somebody_writes_while_we_are_at_it(command: str, user_box: Box) -> None:
    real = shutil.which(command)
    user_box.put(OLD)
    user_box.add_shim(command, f'echo "# theirs" >> {user_box.config}; exec {real} "$@"')
    assert write(user_box, sha256(OLD)).outcome == "refused"
    assert user_box.config.read_bytes() == OLD + b"# theirs\n"


@pytest.mark.parametrize("command", ["base64", "cat"])
def test_content_that_arrives_short_is_not_written(command: str, user_box: Box) -> None:
    user_box.put(OLD)
    user_box.add_shim(command, f'{shutil.which(command)} "$@" | head -c 20')
    assert write(user_box, sha256(OLD)).outcome == "refused"
    assert (user_box.config.read_bytes(), user_box.backups) == (OLD, [])


def carries(text: str, secret: bytes) -> bool:
    """Whether the text holds the secret, plainly or as base64 at any alignment, on one line or more."""
    inner = [base64.b64encode(b"\0" * shift + secret)[4:-4].decode() for shift in range(3)]
    joined = "".join(text.split())
    return any(form in joined for form in (secret.decode(), secret.hex(), *inner))


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize("shift", range(3))
def test_what_the_file_holds_already_is_not_sent(shift: int, platform: Platform) -> None:
    secret = b"aws_secret_access_key=wJalrXUtnFEMIexampleKEY"
    old = b"#" * shift + b"\n[default]\n" + secret + b"\n"
    decision = decide(old, WANTED)
    assert decision.addition
    text = write_config(platform, USER, sha256(old), decision.addition)
    assert not carries(text, secret)
    assert carries(text, WANTED.role_arn.encode())
    assert carries(write_config(platform, USER, ABSENT, old + decision.addition), secret)


def test_keeps_a_file_that_appears_while_we_are_at_it(user_box: Box) -> None:
    user_box.add_shim("sync", f"echo '# theirs' > {user_box.config}")
    assert write(user_box, ABSENT).outcome == "refused"
    assert user_box.config.read_bytes() == b"# theirs\n"


@pytest.mark.parametrize("before", [OLD, None])
@pytest.mark.parametrize("command", ["mkdir", "mktemp", "cp", "base64", "sync", "date", "ln", "mv", "rm"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_at_any_kill_point(command: str, when: str, before: bytes | None, user_box: Box) -> None:
    real, kill = f'{shutil.which(command)} "$@"', "kill -9 0"
    user_box.put(before)
    user_box.add_shim(command, f"{kill}; {real}" if when == "before" else f"{real}; {kill}")
    text = write_text(sha256(before) if before else ABSENT)
    user_box.run(text)
    now = user_box.config.read_bytes() if user_box.config.exists() else None
    assert now in (before, NEW)
    assert now != NEW or not before or user_box.backups[0].read_bytes() == before
    (user_box.shims / command).unlink()
    user_box.run(text)
    assert user_box.config.read_bytes() == NEW


def test_a_link_stays_a_link_and_its_target_is_written(box: Box) -> None:
    box.put(None)
    dotfiles = box.home / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "aws").write_bytes(OLD)
    for path in (dotfiles, dotfiles / "aws"):
        os.chown(path, box.uid, -1)
    box.config.symlink_to("../dotfiles/aws")
    assert read(box).target == str(dotfiles / "aws")
    report = write(box, sha256(OLD))
    assert (report.outcome, box.config.is_symlink()) == ("written", True)
    assert (dotfiles / "aws").read_bytes() == NEW
    assert [path.name for path in dotfiles.glob("*.bak")] == [Path(report.backup).name]
