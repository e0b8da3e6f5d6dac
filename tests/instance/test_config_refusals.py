"""What keeps us from a user's ``~/.aws/config``: refused with a sentence, and nothing is changed."""

import os
import subprocess

import pytest

from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.quoting import Platform
from onemata_helpers.instance.reports import (
    ReportUnreadableError,
    parse_config_report,
    parse_denied_report,
    parse_proof_report,
)
from onemata_helpers.instance.scripts import (
    ABSENT,
    SIZE_CAP,
    denied_commands,
    proof_commands,
    read_config,
    write_config,
)
from tests.instance.instance_box import (
    AS_ROOT,
    NEW,
    NOBODY,
    OLD,
    ROLE,
    USER,
    WANTED,
    Box,
    read,
    sha256,
    write,
    write_text,
)

needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can act as two users")


def refused(box: Box, words: str) -> None:
    """Both the reading and the writing say it, and the writing does nothing."""
    expected = read(box)
    assert words in expected.refusal
    report = write(box, expected.sha256)
    assert (report.outcome, report.refusal) == ("refused", expected.refusal)
    assert not box.config.parent.is_dir() or box.backups == []


def test_a_link_to_nothing_is_refused(box: Box) -> None:
    box.put(None)
    box.config.symlink_to("gone")
    refused(box, "is a link to gone, which is not there")
    assert box.config.is_symlink()


def test_a_read_only_file_is_read_and_then_refused(box: Box) -> None:
    box.put(OLD, 0o400)
    refused(box, "is read-only, and that may be on purpose: ec2-user runs chmod u+w on it.")
    assert read(box).content == OLD
    assert box.config.read_bytes() == OLD


@needs_root
def test_a_file_of_somebody_else_is_refused(user_box: Box) -> None:
    user_box.put(OLD, 0o644)
    os.chown(user_box.config, 0, 0)
    refused(user_box, "belongs to root, not to ec2-user")
    assert read(user_box).content == OLD
    user_box.config.chmod(0o600)
    refused(user_box, "belongs to root, not to ec2-user")
    assert (read(user_box).content, read(user_box).exists) == (None, True)


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


def test_a_file_too_large_for_a_report_is_refused(user_box: Box) -> None:
    title = b"[" + b"a" * (SIZE_CAP - 2) + b"]"
    user_box.put(title)
    assert read(user_box).refusal == ""
    assert len(user_box.run(read_config("linux", USER)).stdout) < 24_000
    user_box.put(title + b"\n")
    assert "holds more than the 16000 bytes" in read(user_box).refusal
    assert read(user_box).content is None


def test_an_unknown_user_is_refused(user_box: Box) -> None:
    for text in (read_config("linux", "nobody-here"), write_config("linux", "nobody-here", ABSENT, NEW)):
        report = parse_config_report(user_box.run(text).stdout)
        assert "There is no user nobody-here" in report.refusal
    with pytest.raises(ReportUnreadableError, match="There is no user"):
        parse_proof_report(user_box.run(proof_commands("linux", "nobody-here", "p", "b", "")).stdout)
    with pytest.raises(ReportUnreadableError, match="There is no user"):
        parse_denied_report(user_box.run(denied_commands("linux", "nobody-here", WANTED, "", "b")).stdout)


@needs_root
def test_one_user_may_not_act_for_another(user_box: Box) -> None:
    report = parse_config_report(user_box.run(read_config("linux", USER), uid=12345).stdout)
    assert f"who may not act for {USER}" in report.refusal


@needs_root
@pytest.mark.parametrize("without_runuser", [False, True])
def test_root_acts_as_the_user(without_runuser: bool, user_box: Box) -> None:
    user_box.add_shim("getent", f"echo nobody:x:{NOBODY}:{NOBODY}::{user_box.home}:/usr/sbin/nologin")
    text = write_config("linux", "nobody", ABSENT, NEW)
    if without_runuser:
        text = text.replace("command -v runuser", "command -v no-runuser-here")
    result = user_box.run(text, uid=0)
    report = parse_config_report(result.stdout)
    assert (report.outcome, report.refusal, result.stderr) == ("written", "", "")
    assert (user_box.config.read_bytes(), user_box.config.stat().st_uid) == (NEW, NOBODY)
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
    report = parse_config_report(user_box.run(read_config("linux", "nobody"), uid=0).stdout)
    assert (report.content, "belongs to root" in report.refusal) == (None, True)
    user_box.run(write_config("linux", "nobody", sha256(OLD), NEW.removeprefix(OLD)), uid=0)
    assert secret.read_bytes() == OLD


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize("user", ["", "a\nb", "$(reboot)", "a;b", "a'b", "-x", "a`b`", "a|b", '"'])
def test_a_user_that_no_system_has_is_refused(user: str, platform: Platform) -> None:
    with pytest.raises(ValueError, match="no user name"):
        read_config(platform, user)
    with pytest.raises(ValueError, match="no user name"):
        write_config(platform, user, ABSENT, b"")
    with pytest.raises(ValueError, match="no user name"):
        proof_commands(platform, user, "p", "b", "")
    with pytest.raises(ValueError, match="no user name"):
        denied_commands(platform, user, WANTED, "", "b")


def test_a_report_that_was_cut_is_not_believed(user_box: Box) -> None:
    user_box.put(OLD)
    whole = user_box.run(read_config("linux", USER)).stdout
    with pytest.raises(ReportUnreadableError, match="whole report"):
        parse_config_report(whole[:-10])
    with pytest.raises(ReportUnreadableError, match="incomplete"):
        parse_config_report(whole.replace("content: W2R", "content: AAA"))


def test_the_scripts_are_posix() -> None:
    texts = (
        read_config("linux", USER),
        write_text(ABSENT),
        proof_commands("linux", USER, "p", "b", ""),
        denied_commands("linux", USER, WANTED, ROLE, "b"),
        denied_commands("linux", USER, ProfileSection("p", ROLE), "", ""),
    )
    for text in texts:
        assert "[[" not in text
        assert "{{" not in text  # Systems Manager would look for a parameter there
        subprocess.run(["dash", "-n"], input=text, text=True, check=True)
