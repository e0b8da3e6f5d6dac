"""Whatever a value is, in a script it stays just that value: properties, held with a real sh and botocore's parser."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.configloader import build_profile_map, raw_config_parse
from hypothesis import given, settings
from hypothesis import strategies as st

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.quoting import command_line, sh_function, sh_values
from onemata_helpers.instance.scripts import add_text, denied_text, look_text, manual_block, proof_text
from onemata_helpers.location import Location
from onemata_helpers.plan import Script
from onemata_helpers.resources.run_command import send
from onemata_helpers.text import is_plain
from tests.instance.instance_box import ROLE, USER, WANTED, Box, box_for, remove

PLAIN = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=60).filter(
    is_plain
)
NOT_PLAIN = st.builds(
    lambda before, odd, after: before + odd + after,
    st.text(max_size=5),
    st.sampled_from("\n\r\t\x00\x0b\x0c\x1b\x1c\x85\u2028\u2029\u202e\u200b\ud800\xa0\x7f"),
    st.text(max_size=5),
)
PROFILES = st.from_regex(r"[A-Za-z0-9_+=.@][A-Za-z0-9_+=.@-]{0,20}", fullmatch=True).filter(lambda n: n != "default")
IDS = st.from_regex(r"([A-Za-z0-9_+=,.@:/-]{2,40})?", fullmatch=True)
SECTIONS = st.builds(ProfileSection, PROFILES, st.just(ROLE), IDS, st.sampled_from(["", "eu-west-1"]))


def run(text: str) -> bytes:
    return subprocess.run(["sh", "-s"], input=text.encode(), capture_output=True, check=True).stdout


@settings(deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=4))
def test_words_come_out_of_sh_as_they_went_in(words: list[str]) -> None:
    printed = run("show() { printf '%s\\0' \"$@\"; }\n" + sh_function("all", command_line("show", *words)) + "all\n")
    assert printed.decode().split("\0")[:-1] == words


@settings(deadline=None)
@given(PLAIN)
def test_a_value_comes_out_of_sh_as_it_went_in(value: str) -> None:
    assert run(sh_values(name=value) + 'printf %s "$name"\n').decode() == value


@given(NOT_PLAIN)
def test_what_a_person_would_not_see_is_refused(value: str) -> None:
    wanted = Assignment(WANTED, Location("b", value), ROLE, "b")
    for write in (look_text, add_text, proof_text):
        with pytest.raises(ValueError, match="cannot be seen"):
            write(USER, wanted)
    with pytest.raises(ValueError, match="cannot be seen"):
        manual_block(wanted)
    with pytest.raises(ValueError, match="cannot be seen"):
        denied_text(USER, Assignment(WANTED, Location("b"), ROLE, value))
    with pytest.raises(ValueError, match="cannot be put into a command"):
        sh_values(name=value)


@pytest.fixture(scope="module")
def listening_box() -> Iterator[Box]:
    """A box whose AWS CLI writes down its words, each ended by NUL."""
    box = box_for(os.getuid())
    box.add_shim("aws", f'[ "$2" != ls ] || printf "%s\\0" "$@" >> {box.root}/calls')
    box.add_shim("curl", "printf 000")
    yield box
    remove(box)


@settings(deadline=None, max_examples=25)
@given(prefix=PLAIN, bucket=PLAIN)
def test_a_whole_script_gives_the_aws_cli_just_the_values(listening_box: Box, prefix: str, bucket: str) -> None:
    calls = listening_box.root / "calls"
    wanted = Assignment(WANTED, Location("b", prefix), "", bucket)
    for text, place in ((proof_text(USER, wanted), f"s3://b/{prefix}"), (denied_text(USER, wanted), f"s3://{bucket}/")):
        calls.unlink(missing_ok=True)
        before = sorted(listening_box.root.rglob("*"))
        result = listening_box.run(text)
        assert calls.read_bytes().decode().split("\0") == ["s3", "ls", place, "--profile", "client-ec2", ""]
        assert result.stderr == ""
        assert sorted(path for path in listening_box.root.rglob("*") if path != calls) == before


@given(SECTIONS)
def test_the_section_is_read_back_by_botocore_as_it_is_meant(section: ProfileSection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config"
        path.write_text(section.render())
        assert build_profile_map(raw_config_parse(str(path)))["profiles"] == {section.name: section.settings()}


@given(st.text())
def test_what_systems_manager_joins_is_the_script(text: str) -> None:
    script = Script(instance_id="i-1", purpose="Onemata reads", text=text)
    assert "\n".join(send(script).arguments["Parameters"]["commands"]) == text


@given(PLAIN, PLAIN)
def test_the_assignments_mark_tells_values_apart(one: str, other: str) -> None:
    marks = {Assignment(WANTED, Location("b", prefix)).mark for prefix in (one, other)}
    assert len(marks) == len({one, other})
    assert all(re.fullmatch("[0-9a-f]{12}", mark) for mark in marks)
