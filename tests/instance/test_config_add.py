"""Adding the section to ``~/.aws/config`` with the real shells, as root and as an ordinary user."""

import os
import shutil
from pathlib import Path

import pytest

from onemata_helpers.instance.scripts import add_text
from tests.instance.instance_box import ASSIGNMENT, NEW, OLD, SECTION, USER, Box, add, look, names


def test_reads_that_there_is_no_file(box: Box) -> None:
    report = look(box)
    assert (report.exists, report.state, report.path, report.why) == (False, "absent", str(box.config), "")
    assert not box.config.parent.exists()


def test_looking_changes_nothing(box: Box) -> None:
    box.put(OLD)
    report = look(box)
    assert (report.exists, report.state, report.outcome) == (True, "absent", "looked")
    assert (names(box), box.config.read_bytes()) == (["config"], OLD)


def test_makes_a_new_file_for_the_user_alone(box: Box) -> None:
    report = add(box)
    assert (report.outcome, report.backup, report.why) == ("added", "", "")
    assert box.config.read_bytes() == SECTION
    assert (box.config.stat().st_uid, oct(box.config.stat().st_mode)) == (box.uid, "0o100600")
    assert oct(box.config.parent.stat().st_mode) == "0o40700"
    assert names(box) == ["config"]


def test_adds_to_a_file_with_its_mode_and_a_backup(box: Box) -> None:
    box.put(OLD, 0o644)
    report = add(box)
    assert report.outcome == "added"
    assert (box.config.read_bytes(), box.config.stat().st_uid) == (NEW, box.uid)
    assert oct(box.config.stat().st_mode) == "0o100644"
    assert [str(path) for path in box.backups] == [report.backup]
    assert box.backups[0].read_bytes() == OLD
    assert len(names(box)) == 2


def test_the_tenth_run_does_what_the_first_did(box: Box) -> None:
    box.put(OLD)
    assert [add(box).outcome for _ in range(3)] == ["added", "nothing", "nothing"]
    assert len(box.backups) == 1


def test_a_backup_never_replaces_another(user_box: Box) -> None:
    user_box.add_shim("date", "echo 20260101T000000Z")
    for before in (OLD, OLD + b"# second\n"):
        user_box.put(before)
        add(user_box)
    assert [path.read_bytes() for path in user_box.backups] == [OLD + b"# second\n", OLD]
    assert user_box.backups[1].name == "config.onemata-20260101T000000Z.bak"


@pytest.mark.parametrize("command", ["cp", "sync", "date"])
def test_keeps_what_somebody_writes_while_we_are_at_it(command: str, user_box: Box) -> None:
    real = shutil.which(command)
    user_box.put(OLD)
    user_box.add_shim(command, f'echo "# theirs" >> {user_box.config}; exec {real} "$@"')
    report = add(user_box)
    assert (report.outcome, "has changed while this ran" in report.why) == ("refused", True)
    assert user_box.config.read_bytes() == OLD + b"# theirs\n"


@pytest.mark.parametrize("command", ["sed", "cat"])
def test_content_that_arrives_short_is_not_put_in_place(command: str, user_box: Box) -> None:
    user_box.put(OLD)
    user_box.add_shim(command, f'{shutil.which(command)} "$@" | head -c 20')
    assert add(user_box).outcome == "refused"
    assert (user_box.config.read_bytes(), user_box.backups) == (OLD, [])


def test_keeps_a_file_that_appears_while_we_are_at_it(user_box: Box) -> None:
    user_box.add_shim("sync", f"echo '# theirs' > {user_box.config}")
    report = add(user_box)
    assert (report.outcome, "has changed while this ran" in report.why) == ("refused", True)
    assert user_box.config.read_bytes() == b"# theirs\n"


@pytest.mark.parametrize("before", [OLD, None])
@pytest.mark.parametrize("command", ["mkdir", "mktemp", "cp", "aws", "sync", "date", "ln", "mv", "rm"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_at_any_kill_point(command: str, when: str, before: bytes | None, user_box: Box) -> None:
    aws = (user_box.shims / "aws").read_text()
    real, kill = f'{shutil.which(command)} "$@"', "kill -9 0"
    real = aws.replace("#!/bin/sh", "") if command == "aws" else real
    user_box.put(before)
    user_box.add_shim(command, f"{kill}; {real}" if when == "before" else f"{real}; {kill}")
    text = add_text(USER, ASSIGNMENT)
    wanted = NEW if before else SECTION
    user_box.run(text)
    now = user_box.config.read_bytes() if user_box.config.exists() else None
    assert now in (before, wanted)
    assert now != wanted or not before or user_box.backups[0].read_bytes() == before
    (user_box.shims / command).unlink()
    if command == "aws":
        (user_box.shims / "aws").write_text(aws)
        (user_box.shims / "aws").chmod(0o755)
    user_box.run(text)
    assert user_box.config.read_bytes() == wanted


def test_a_link_stays_a_link_and_its_target_is_written(box: Box) -> None:
    box.put(None)
    dotfiles = box.home / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "aws").write_bytes(OLD)
    for path in (dotfiles, dotfiles / "aws"):
        os.chown(path, box.uid, -1)
    box.config.symlink_to("../dotfiles/aws")
    report = add(box)
    assert (report.outcome, box.config.is_symlink()) == ("added", True)
    assert (dotfiles / "aws").read_bytes() == NEW
    assert [path.name for path in dotfiles.glob("*.bak")] == [Path(report.backup).name]
