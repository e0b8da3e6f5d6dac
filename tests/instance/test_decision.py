"""The decision about ``~/.aws/config``, made on the instance by real sh and the real AWS CLI, held against botocore."""

import subprocess
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import ConfigParseError

from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.reports import parse_config_report
from onemata_helpers.instance.scripts import add_text, denied_text, look_text, manual_block, proof_text
from tests.instance.instance_box import (
    ASSIGNMENT,
    EQUAL,
    HOSTILE,
    ODD_BUT_GOOD,
    OLD,
    QUICK_AWS,
    ROLE,
    SECTION,
    USER,
    WANTED,
    Box,
    add,
    look,
    swapped,
)

# Each of the AWS CLI's starts takes half a second, and adding takes five.
WITH_THE_REAL_CLI = ("no file", "CRLF, no newline at the end", "nested settings", "spaces in names", "not ASCII")


def read_by_botocore(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Let a real botocore session read the bytes from a real file."""
    path = folder / "config"
    path.write_bytes(content)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    profiles: dict[str, dict[str, str]] = botocore.session.Session().full_config["profiles"]
    return profiles


@pytest.mark.parametrize("name", ODD_BUT_GOOD)
def test_adds_to_the_end_and_keeps_every_byte(
    name: str, real_box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ODD_BUT_GOOD[name]
    real_box.put(before)
    if name not in WITH_THE_REAL_CLI:
        real_box.add_shim("aws", QUICK_AWS)
    report = add(real_box)
    assert (report.outcome, report.state, report.why) == ("added", "same", "")
    content = real_box.config.read_bytes()
    assert content.startswith(before or b"")
    old = read_by_botocore(tmp_path, before or b"", monkeypatch)
    new = read_by_botocore(tmp_path, content, monkeypatch)
    assert new == {**old, "client-ec2": WANTED.settings()}
    assert len(real_box.backups) == (before is not None)
    assert list(real_box.scratch.iterdir()) == []
    assert (b"\r\n" in content) == ("CRLF" in name)
    assert "CRLF" not in name or b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", ODD_BUT_GOOD)
def test_the_look_says_that_the_profile_is_absent(name: str, user_box: Box) -> None:
    before = ODD_BUT_GOOD[name]
    user_box.put(before)
    report = look(user_box)
    assert (report.state, report.outcome, report.exists, report.why) == ("absent", "looked", before is not None, "")
    assert (user_box.config.read_bytes() if before is not None else None) == before


def test_a_gap_stands_before_the_section(user_box: Box) -> None:
    for before, gap in ((b"[default]\nregion = x", b"\n\n"), (b"[default]\nregion = x\n", b"\n"), (b"", b"")):
        user_box.put(before)
        assert add(user_box).outcome == "added"
        assert user_box.config.read_bytes() == before + gap + SECTION


@pytest.mark.parametrize("name", EQUAL)
def test_does_nothing_if_aws_tools_read_the_same(
    name: str, real_box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_box.put(EQUAL[name])
    report = add(real_box)
    assert (report.state, report.outcome, report.why) == ("same", "nothing", "")
    assert (real_box.config.read_bytes(), real_box.backups) == (EQUAL[name], [])
    assert read_by_botocore(tmp_path, EQUAL[name], monkeypatch)["client-ec2"] == WANTED.settings()


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses_with_a_sentence_that_says_what_where_and_who(name: str, real_box: Box) -> None:
    content, words = HOSTILE[name]
    real_box.put(content)
    report = add(real_box)
    assert report.state in ("other", "obstacle")
    assert report.outcome == "refused"
    assert words in report.why
    assert "The owner of the file" in report.why
    assert report.why.endswith("then run this again.")
    assert (real_box.config.read_bytes(), real_box.backups) == (content, [])


@pytest.mark.parametrize("name", HOSTILE)
def test_botocore_would_not_read_the_refused_file_as_wanted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        found = read_by_botocore(tmp_path, HOSTILE[name][0], monkeypatch).get("client-ec2")
    except (ConfigParseError, UnicodeDecodeError):
        return
    assert found != WANTED.settings() or "same profile" in HOSTILE[name][1]


def test_differences_are_told_one_by_one(user_box: Box) -> None:
    user_box.put(swapped("client-7f3a", "wrong") + b"output = text\n")
    assert (
        "line 4: external_id is 'wrong', wanted 'client-7f3a'. line 6: output = 'text' is not wanted here. "
        in look(user_box).why
    )


@pytest.mark.parametrize(
    "content",
    [
        SECTION + b"aws_secret_access_key = wJalr\n",
        SECTION + b"region2 = x\n  aws_secret_access_key = wJalr\n",
        swapped("region = eu-west-1", "region = x\n  aws_secret_access_key = wJalr"),
        b"[DEFAULT]\naws_session_token = wJalr\n",
        SECTION + b"credential_process = /opt/get wJalr\n",
        b"[a]\nwJalr\n",
        b"[a] \n wJalr = 1\n wJalr = 2\n",
        b"wJalr = 1\n[a]\n",
        SECTION + b"wJalr/K7+ = 1\n",
    ],
)
def test_a_value_that_may_be_secret_does_not_leave_the_instance(content: bytes, user_box: Box) -> None:
    user_box.put(content)
    printed = user_box.run(look_text(USER, ASSIGNMENT))
    assert parse_config_report(printed.stdout, ASSIGNMENT).state in ("other", "obstacle")
    assert "wjalr" not in (printed.stdout + printed.stderr).lower()


def test_what_else_the_file_says_does_not_leave_the_instance(user_box: Box) -> None:
    user_box.put(b"[profile x]\naws_secret_access_key = wJalr\n# wJalr\n" + swapped("client-7f3a", "wrong"))
    printed = user_box.run(look_text(USER, ASSIGNMENT))
    assert "external_id is 'wrong'" in printed.stdout
    assert "wJalr" not in printed.stdout + printed.stderr


def test_a_setting_of_another_section_is_not_taken_for_ours(user_box: Box) -> None:
    user_box.put(b"[profile a]\nregion = x\n" + swapped("region = eu-west-1\n", ""))
    assert "(line 3) is there with other content: region is missing (wanted: eu-west-1). " in look(user_box).why


def test_what_the_clients_file_holds_is_printed_in_plain_characters(user_box: Box) -> None:
    user_box.put(swapped("client-7f3a", "\x1b[2J\u202e\u2028== onemata report ends\x85"))
    report = look(user_box)
    assert "external_id is '?[2J?" in report.why
    assert report.why.isascii()


def test_a_profile_that_stands_in_the_credentials_is_not_made_again(real_box: Box) -> None:
    real_box.put(OLD)
    (real_box.config.parent / "credentials").write_text("[client-ec2]\naws_access_key_id = x\n")
    report = add(real_box)
    assert (report.state, report.outcome) == ("other", "refused")
    assert f"already, from {real_box.config.parent}/credentials" in report.why
    assert real_box.config.read_bytes() == OLD


def test_credentials_that_aws_tools_cannot_read_are_said(real_box: Box) -> None:
    real_box.put(OLD)
    (real_box.config.parent / "credentials").write_text("[a]\n[a]\n")
    assert "Unable to parse config file" in look(real_box).why


def test_an_aws_cli_that_does_not_end_is_not_waited_for(user_box: Box) -> None:
    user_box.put(OLD)
    user_box.add_shim("aws", "exec sleep 30")
    text = add_text(USER, ASSIGNMENT).replace("time_limit=120", "time_limit=0.2")
    report = parse_config_report(user_box.run(text).stdout, ASSIGNMENT)
    assert (report.state, report.outcome) == ("obstacle", "refused")
    assert "did not end in 0.2 seconds" in report.why
    assert user_box.config.read_bytes() == OLD


def test_without_the_aws_cli_nothing_is_done(user_box: Box) -> None:
    hide_aws(user_box)
    report = add(user_box)
    assert (report.state, report.outcome) == ("obstacle", "refused")
    assert "The AWS CLI (aws) is not installed here" in report.why
    assert not user_box.config.exists()


def hide_aws(box: Box) -> None:
    """No `aws` is found, whatever this machine has: `command -v` and the call find a name that is not there."""
    (box.shims / "aws").unlink(missing_ok=True)
    box.without_aws = True


@pytest.mark.parametrize("key", ["role_arn", "credential_source", "external_id", "region"])
def test_a_new_file_that_the_aws_cli_reads_otherwise_is_not_put_in_place(key: str, user_box: Box) -> None:
    user_box.put(OLD)
    user_box.add_shim("aws", f'[ "$3" != {key} ] || [ "$AWS_CONFIG_FILE" = {user_box.config} ] || exit 1\n{QUICK_AWS}')
    report = add(user_box)
    assert report.outcome == "refused"
    assert "AWS tools would not read the new file as it is meant" in report.why
    assert (user_box.config.read_bytes(), user_box.backups) == (OLD, [])
    assert [path.name for path in user_box.config.parent.iterdir()] == ["config"]


def test_where_awk_fails_nothing_is_decided(user_box: Box) -> None:
    user_box.put(OLD)
    user_box.add_shim("awk", "exit 2")
    report = add(user_box)
    assert (report.state, report.outcome) == ("obstacle", "refused")
    assert "awk fails here" in report.why


@pytest.mark.parametrize(
    "name",
    ["", "default", "a]b", "a\nb", "a\rb", "a\tb", "a\x00b", " a", "a ", "a b", "-a", 'a"b', "a'b", "a\\b", "é", "a#b"],
)
def test_a_name_that_cannot_be_written_safely_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be written safely"):
        ProfileSection(name, ROLE)


@pytest.mark.parametrize(
    ("role_arn", "external_id", "region"),
    [
        ("arn:aws:iam::987654321098:role/a\nregion = x", "", ""),
        ("arn:aws:iam::987654321098:user/a", "", ""),
        ("arn:aws:iam::987654321098:role/*/a", "", ""),
        (ROLE, "a\nb = c", ""),
        (ROLE, "", "eu-west-1\n[profile x]"),
    ],
)
def test_a_value_that_would_break_the_file_is_refused(role_arn: str, external_id: str, region: str) -> None:
    with pytest.raises(ValueError, match="cannot be written safely"):
        ProfileSection("p", role_arn, external_id, region)


def test_there_is_never_a_duration() -> None:
    assert "duration" not in WANTED.render()
    assert ProfileSection("p", ROLE).settings() == {"role_arn": ROLE, "credential_source": "Ec2InstanceMetadata"}


def test_the_scripts_are_posix() -> None:
    texts = [write(USER, ASSIGNMENT) for write in (look_text, add_text, proof_text, denied_text)]
    for text in [*texts, manual_block(ASSIGNMENT)]:
        assert "[[" not in text.replace("[[:", "")
        assert "{{" not in text  # Systems Manager would look for a parameter there
        subprocess.run(["dash", "-n"], input=text, text=True, check=True)


def test_a_long_value_is_cut_and_the_sentence_stays_whole(user_box: Box) -> None:
    user_box.put(swapped("client-7f3a", "x" * 5_000))
    assert "x', wanted 'client-7f3a'. " in look(user_box).why
