"""What keeps us from a user's ``~/.aws/config``: refused with a sentence, and nothing is changed."""

import os

import pytest

from onemata_helpers.instance.reports import (
    ReportUnreadableError,
    parse_config_report,
    parse_denied_report,
    parse_proof_report,
)
from onemata_helpers.instance.scripts import add_text, denied_text, look_text, proof_text
from tests.instance.instance_box import AS_ROOT, ASSIGNMENT, NOBODY, OLD, SECTION, USER, Box, add, look

needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can act as two users")


def refused(box: Box, words: str) -> None:
    """Both the look and the adding say it, and the adding does nothing."""
    seen = look(box)
    assert words in seen.why
    report = add(box)
    assert (report.state, report.outcome, report.why) == ("obstacle", "refused", seen.why)
    assert not box.config.parent.is_dir() or box.backups == []


def test_a_link_to_nothing_is_refused(box: Box) -> None:
    box.put(None)
    box.config.symlink_to("gone")
    refused(box, "is a link to gone, which is not there")
    assert box.config.is_symlink()


def test_a_link_that_a_shell_cannot_follow_is_refused(box: Box) -> None:
    box.put(None)
    odd = box.home / "aws\n"
    odd.write_bytes(OLD)
    os.chown(odd, box.uid, -1)
    box.config.symlink_to(odd)
    report = add(box)
    assert (report.state, report.outcome) == ("obstacle", "refused")
    assert "ends in a line break: ec2-user renames it" in report.why
    assert odd.read_bytes() == OLD
    assert not (box.home / "aws").exists()


def test_a_read_only_file_is_read_and_then_refused(box: Box) -> None:
    box.put(OLD, 0o400)
    refused(box, "is read-only, and that may be on purpose: ec2-user runs chmod u+w on it.")
    assert box.config.read_bytes() == OLD
    box.config.chmod(0o600)
    box.put(SECTION, 0o400)
    assert add(box).outcome == "nothing"


@needs_root
def test_a_file_of_somebody_else_is_refused(user_box: Box) -> None:
    user_box.put(OLD, 0o644)
    os.chown(user_box.config, 0, 0)
    refused(user_box, "belongs to root, not to ec2-user")
    user_box.config.chmod(0o600)
    refused(user_box, "belongs to root, not to ec2-user")
    assert look(user_box).exists


@needs_root
@pytest.mark.parametrize(("mode", "words"), [(0o755, "belongs to root or is read-only"), (0o700, "may not enter")])
def test_a_folder_of_somebody_else_is_refused(mode: int, words: str, user_box: Box) -> None:
    user_box.put(OLD)
    os.chown(user_box.config.parent, 0, 0)
    user_box.config.parent.chmod(mode)
    refused(user_box, words)


def test_what_is_not_a_file_is_refused(box: Box) -> None:
    box.put(None)
    box.config.mkdir()
    refused(box, "is not a plain file")
    box.config.rmdir()
    os.mkfifo(box.config)
    os.chown(box.config, box.uid, -1)
    refused(box, "is not a plain file")


def test_a_dot_aws_that_is_no_folder_is_refused(box: Box) -> None:
    box.config.parent.write_text("")
    refused(box, "is not a directory")


def test_a_home_that_is_not_there_is_refused(box: Box) -> None:
    box.home.rmdir()
    refused(box, "logs in once")
    box.home.mkdir()


def test_an_unknown_user_is_refused(user_box: Box) -> None:
    for text in (look_text("nobody-here", ASSIGNMENT), add_text("nobody-here", ASSIGNMENT)):
        report = parse_config_report(user_box.run(text).stdout, ASSIGNMENT)
        assert (report.state, "There is no user nobody-here" in report.why) == ("obstacle", True)
    with pytest.raises(ReportUnreadableError, match="There is no user"):
        parse_proof_report(user_box.run(proof_text("nobody-here", ASSIGNMENT)).stdout, ASSIGNMENT)
    with pytest.raises(ReportUnreadableError, match="There is no user"):
        parse_denied_report(user_box.run(denied_text("nobody-here", ASSIGNMENT)).stdout, ASSIGNMENT)


@needs_root
def test_one_user_may_not_act_for_another(user_box: Box) -> None:
    report = parse_config_report(user_box.run(look_text(USER, ASSIGNMENT), uid=12345).stdout, ASSIGNMENT)
    assert f"who may not act for {USER}" in report.why


@needs_root
@pytest.mark.parametrize("without_runuser", [False, True])
def test_root_acts_as_the_user(without_runuser: bool, user_box: Box) -> None:
    user_box.add_shim("getent", f"echo nobody:x:{NOBODY}:{NOBODY}::{user_box.home}:/usr/sbin/nologin")
    text = add_text("nobody", ASSIGNMENT)
    if without_runuser:
        text = text.replace("command -v runuser", "command -v no-runuser-here")
    result = user_box.run(text, uid=0)
    report = parse_config_report(result.stdout, ASSIGNMENT)
    assert (report.outcome, report.why, result.stderr) == ("added", "", "")
    assert (user_box.config.read_bytes(), user_box.config.stat().st_uid) == (SECTION, NOBODY)
    assert user_box.config.parent.stat().st_uid == NOBODY


@needs_root
def test_root_is_no_way_around_what_the_user_may_not_do(user_box: Box) -> None:
    """A link to a file that only root may read does not make us print or replace it."""
    secret = user_box.root / "secret"
    secret.write_bytes(OLD)
    secret.chmod(0o600)
    user_box.put(None)
    user_box.config.symlink_to(secret)
    user_box.add_shim("getent", f"echo nobody:x:{NOBODY}:{NOBODY}::{user_box.home}:/bin/false")
    for text in (look_text("nobody", ASSIGNMENT), add_text("nobody", ASSIGNMENT)):
        report = parse_config_report(user_box.run(text, uid=0).stdout, ASSIGNMENT)
        assert (report.state, "belongs to root" in report.why) == ("obstacle", True)
    assert secret.read_bytes() == OLD


@pytest.mark.parametrize(
    "user",
    ["", "a\nb", "$(reboot)", "a;b", "a'b", "-x", "a`b`", "a|b", '"', "a b", "a$", "a\\0033c", "a\u2028b", "0", "1000"],
)
def test_a_user_that_no_system_has_is_refused(user: str) -> None:
    for write in (look_text, add_text, proof_text, denied_text):
        with pytest.raises(ValueError, match="no user name"):
            write(user, ASSIGNMENT)
