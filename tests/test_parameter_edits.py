"""Values that are saved in a client's files: all that stands there besides stays, and nothing is left half done."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onemata_helpers.choices import ServiceName
from onemata_helpers.client_file import read
from onemata_helpers.errors import ParameterError
from onemata_helpers.parameter_edits import edited, save
from onemata_helpers.parameter_files import from_folder

from .conftest import EXAMPLE, SERVICES

KEYS = ("a", "b", "c", "d")
texts = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" #:-'\"{}[]&*!|>%@`\\"), max_size=12)
lists = st.lists(texts, max_size=3)
mappings = st.dictionaries(texts, texts, max_size=3)
values = texts | lists | mappings | st.booleans() | st.integers(0, 10**9)
edits = st.dictionaries(st.sampled_from(KEYS), values, max_size=len(KEYS))


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file of a client's as a person writes it, with a comment, numbered, wherever one may stand."""
    lines: list[str] = []
    plain = {"text": "word", "flow": "[x, y]", "empty": "[]"}

    def comment(indent: str = "") -> None:
        if draw(st.booleans()):
            lines.append(f"{indent}# comment {len(lines)}")
        if draw(st.booleans()):
            lines.append("")

    def ending() -> str:
        return f"  # ending {len(lines)}" if draw(st.booleans()) else ""

    for key in KEYS:
        comment()
        kind = draw(st.sampled_from(["text", "flow", "block", "mapping", "empty"]))
        if kind == "block":
            lines.append(f"{key}:{ending()}")
            for number in range(draw(st.integers(1, 3))):
                comment("  ")
                lines.append(f"  - item{number}{ending()}")
        elif kind == "mapping":
            lines.append(f"{key}:{ending()}")
            for number in range(draw(st.integers(1, 3))):
                comment("  ")
                lines.append(f"  key{number}: value{ending()}")
        else:
            lines.append(f"{key}: {plain[kind]}{ending()}")
    comment()
    return "\n".join(lines) + "\n"


@given(files(), edits)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_comment_stays_and_every_value_is_found(tmp_path: Path, text: str, changes: dict[str, Any]) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    before = read(path)
    assert not before.problems
    changed = edited(path, changes)
    path.write_text(changed)
    after = read(path)
    assert not after.problems
    assert after.values == before.values | changes
    assert sorted(re.findall(r"# \w+ \d+$", changed, re.MULTILINE)) == sorted(
        re.findall(r"# \w+ \d+$", text, re.MULTILINE)
    )
    assert edited(path, changes).split() == changed.split()


@given(files())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_without_a_change_the_file_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    assert read(path).values == read(_written(tmp_path / "again.yaml", edited(path, {}))).values
    assert edited(path, {}).split() == text.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


def test_a_changed_list_keeps_what_is_said_of_the_next_key(folder: Path) -> None:
    before = (folder / "ec2.yaml").read_text()
    written = save(folder, ServiceName.EC2, {"instance_ids": ["i-0a1b2c3d4e5f60718", "i-0123456789abcdef0"]})
    assert written == [folder / "ec2.yaml"]
    after = (folder / "ec2.yaml").read_text()
    assert from_folder(folder)["ec2"].model_dump()["instance_ids"] == ["i-0a1b2c3d4e5f60718", "i-0123456789abcdef0"]
    assert [each for each in after.splitlines() if "- " not in each[:4]] == [
        each for each in before.splitlines() if "- " not in each[:4]
    ]


def test_what_all_services_share_goes_into_the_clients_file(folder: Path) -> None:
    changes = {"region": "eu-central-1", "role_name": "other", "tags": {"team": "data"}}
    written = save(folder, ServiceName.REDSHIFT, changes)
    assert {path.name for path in written} == {"client.yaml", "redshift.yaml"}
    found = from_folder(folder)
    assert all(found[service].region == "eu-central-1" for service in SERVICES)
    assert (found["redshift"].role_name, found["redshift"].tags) == ("other", {"team": "data"})
    assert found["ec2"].role_name == "onemata-ec2"


@pytest.mark.parametrize(
    "changes",
    [
        {"role_name": "fine", "region": "nowhere"},
        {"role_name": "fine", "account_id": "987654321098"},  # Onemata's: the other services' files would be wrong
        {"no_such_key": "x"},
    ],
)
def test_values_that_would_not_hold_leave_all_files_as_they_were(folder: Path, changes: dict[str, Any]) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ParameterError):
        save(folder, ServiceName.GLUE, changes)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == "glue.yaml" and "other" in self.read_text():
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        save(folder, ServiceName.GLUE, {"region": "eu-central-1", "role_name": "other"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "text", ["a: &x 1\nb: *x\n", "a: !!str 1\n", "- a\n", "a: {b: {c: {d: {e: f}}}}\n", "a: 1\na: 2\n"]
)
def test_a_file_that_is_more_than_plain_lines_is_not_edited(tmp_path: Path, text: str) -> None:
    path = _written(tmp_path / "file.yaml", text)
    with pytest.raises(ParameterError):
        edited(path, {"a": "x"})
    assert [each.name for each in tmp_path.iterdir()] == ["file.yaml"]


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
