"""The decision about ``~/.aws/config``, held against botocore's own reading of the same bytes."""

import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import ConfigParseError
from onemata_helpers.instance.aws_config import Difference, decide

from onemata_helpers.instance.profile_section import ProfileSection
from tests.instance.instance_box import EQUAL, HOSTILE, ODD_BUT_GOOD, ROLE, SECTION, WANTED, swapped


def read_by_botocore(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Let a real botocore session read the bytes from a real file."""
    path = folder / "config"
    path.write_bytes(content)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    profiles: dict[str, dict[str, str]] = botocore.session.Session().full_config["profiles"]
    return profiles


@pytest.mark.parametrize("name", ODD_BUT_GOOD)
def test_adds_to_the_end_and_keeps_every_byte(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ODD_BUT_GOOD[name]
    decision = decide(before, WANTED)
    assert decision.action == "add"
    assert decision.addition is not None
    content = (before or b"") + decision.addition
    old = read_by_botocore(tmp_path, before or b"", monkeypatch)
    new = read_by_botocore(tmp_path, content, monkeypatch)
    assert new == {**old, "client-ec2": WANTED.settings()}
    again = decide(content, WANTED)
    assert (again.action, again.addition) == ("nothing", None)


@pytest.mark.parametrize("name", [name for name in ODD_BUT_GOOD if "CRLF" in name])
def test_a_crlf_file_stays_one(name: str) -> None:
    addition = decide(ODD_BUT_GOOD[name], WANTED).addition
    assert addition is not None
    assert b"\n" not in addition.replace(b"\r\n", b"")


def test_an_lf_file_stays_one_with_a_gap_before_the_section() -> None:
    assert decide(b"[default]\nregion = x", WANTED).addition == b"\n\n" + SECTION
    assert decide(b"[default]\nregion = x\n", WANTED).addition == b"\n" + SECTION


@pytest.mark.parametrize("name", EQUAL)
def test_does_nothing_if_botocore_reads_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decide(EQUAL[name], WANTED).action == "nothing"
    read = read_by_botocore(tmp_path, EQUAL[name], monkeypatch)
    assert read["client-ec2"] == WANTED.settings()


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses_with_a_sentence_that_says_what_where_and_who(name: str) -> None:
    content, words = HOSTILE[name]
    decision = decide(content, WANTED)
    assert decision.action == "blocked"
    assert decision.addition is None
    assert words in decision.sentence
    assert "The owner of the file" in decision.sentence
    assert decision.sentence.endswith("then plan again.")


@pytest.mark.parametrize("name", HOSTILE)
def test_botocore_would_not_read_the_refused_file_as_wanted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        found = read_by_botocore(tmp_path, HOSTILE[name][0], monkeypatch).get("client-ec2")
    except ConfigParseError:
        return
    assert found != WANTED.settings()


def test_settings_for_every_profile_would_leak_into_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_by_botocore(tmp_path, HOSTILE["DEFAULT leaks"][0] + SECTION, monkeypatch)
    assert read["client-ec2"] == {**WANTED.settings(), "source_profile": "default"}


def test_differences_are_told_field_by_field() -> None:
    content = swapped("client-7f3a", "wrong") + b"output = text\n"
    assert decide(content, WANTED).differences == (
        Difference("external_id", "wrong", "client-7f3a", 4),
        Difference("output", "text", None, 6),
    )


@pytest.mark.parametrize(
    "content",
    [
        SECTION + b"aws_secret_access_key = wJalr\n",
        SECTION + b"region2 = x\n  aws_secret_access_key = wJalr\n",
        swapped("region = eu-west-1", "region = x\n  aws_secret_access_key = wJalr"),
        b"[DEFAULT]\naws_session_token = wJalr\n",
    ],
)
def test_a_value_that_may_be_secret_is_not_told(content: bytes) -> None:
    decision = decide(content, WANTED)
    assert decision.action == "blocked"
    assert "wJalr" not in repr(decision)


def test_a_setting_of_another_section_is_not_taken_for_ours() -> None:
    content = b"[profile a]\nregion = x\n" + swapped("region = eu-west-1\n", "")
    (difference,) = decide(content, WANTED).differences
    assert difference == Difference("region", None, "eu-west-1", None)


def test_the_default_profile_has_no_word_profile() -> None:
    wanted = ProfileSection("default", ROLE)
    added = decide(b"[profile x]\nregion = y\n", wanted).addition
    assert added is not None
    assert b"\n[default]\nrole_arn" in added
    assert decide(b"[default]\nregion = y\n", wanted).action == "blocked"
    assert "same profile" in decide(added + b"[profile default]\n", wanted).sentence


def test_a_name_with_spaces_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ProfileSection("my role", ROLE)
    added = decide(None, wanted).addition
    assert added is not None
    assert added.startswith(b'[profile "my role"]\n')
    assert read_by_botocore(tmp_path, added, monkeypatch)["my role"] == wanted.settings()
    unquoted = decide(added.replace(b'"', b""), wanted)
    assert 'a profile\'s title is [profile "my role"]' in unquoted.sentence


def test_the_decision_does_not_hang_on_the_locale() -> None:
    code = (
        "from tests.instance.instance_box import *; from onemata_helpers.instance.aws_config import decide;"
        "print(decide(b'[profile \\xc3\\xa9]\\n[profile \\xc3\\xa0]\\n', WANTED).action)"
    )
    path = str(Path(__file__).parents[2])
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": path}
    result = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", code],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "add"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a]b",
        "a\nb",
        "a\rb",
        "a\tb",
        "a\x00b",
        " a",
        "a ",
        "-a",
        'a"b',
        "a'b",
        "a\\b",
        "é",
        "a#b",
        "a" * 129,
    ],
)
def test_a_name_that_cannot_be_written_safely_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be written safely"):
        ProfileSection(name, ROLE)


@pytest.mark.parametrize(
    ("role_arn", "external_id", "region"),
    [
        ("arn:aws:iam::987654321098:role/a\nregion = x", "", ""),
        ("arn:aws:iam::987654321098:user/a", "", ""),
        (ROLE, "a\nb = c", ""),
        (ROLE, "", "eu-west-1\n[profile x]"),
    ],
)
def test_a_value_that_would_break_the_file_is_refused(role_arn: str, external_id: str, region: str) -> None:
    with pytest.raises(ValueError, match="cannot be written safely"):
        ProfileSection("p", role_arn, external_id, region)


def test_there_is_never_a_duration() -> None:
    assert "duration" not in WANTED.render()
    assert ProfileSection("p", ROLE).settings() == {
        "role_arn": ROLE,
        "credential_source": "Ec2InstanceMetadata",
    }
