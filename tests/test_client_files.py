"""A client's folder, whatever is in it: it is read at once, and all that is wrong is said, with its line."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onemata_helpers.clients import from_folders
from onemata_helpers.errors import ParameterError, Problem
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.text import is_plain

from .conftest import EXAMPLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A client's folder, like the example."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "acme"))


def said(folder: Path) -> str:
    """What is wrong with a folder; empty if nothing is. It must not take long, nor forge or hide a line."""
    began = time.process_time()
    try:
        from_folder(folder)
    except ParameterError as error:
        lines = str(error).split("\n")
        assert all(is_plain(line) and len(line) < 1500 for line in lines)
        assert all(line.startswith("  - ") for line in lines[1:])
        assert len(lines) < 100
        return str(error)
    finally:
        assert time.process_time() - began < 5
    return ""


HOSTILE = {
    "aliases": ("client: &a x\nregion: *a\n", "line 1: must have no anchors"),
    "an alias alone": ("client: *a\n", "line 1: must have no anchors"),
    "a merge key": ("<<: {client: x}\n", "line 1: must have text as its key"),
    "deep lists": ("[" * 60_000, "line 1: must be `key: value` lines: this is nested too deeply"),
    "deep mappings": ("a: " + "{a: " * 10_000, "nested too deeply"),
    "deep blocks": ("- " * 30_000, "nested too deeply"),
    "30,000 keys": ("\n".join(f"k{number}: 1" for number in range(30_000)), "must be at most 64 KiB"),
    "many keys": ("\n".join(f"k{number}: 1" for number in range(4000)), "must hold at most 1000"),
    "490 unknown keys": ("\n".join(f"account_id{n}: {n}" for n in range(490)), "client.yaml: and 475 more"),
    "50 MB": ("x" * 50_000_000, "must be at most 64 KiB"),
    "a huge number": ("client: " + "9" * 60_000, "line 1: client = 9999"),
    "a huge hexadecimal": ("client: 0x" + "f" * 60_000, "without them it is a number"),
    "base 60": ("account_id: " + "1:" * 20_000 + "1", "must be quoted"),
    "a huge float": ("prefix: 1.0e+999999999", "without them it is a number"),
    "a huge text": ("client: " + "a" * 60_000, "must be at most 2048 characters"),
    "a huge key": ("? " + "a" * 60_000 + "\n: b", "must be a known key"),
    "an octal": ("account_id: 012345670123", "account_id = 012345670123: must be quoted"),
    "a date": ("region: 2024-01-01", "region = 2024-01-01: must be text in quotes"),
    "no date": ("region: 2024-06-31", "region = 2024-06-31: must be text in quotes"),
    "a set": ("region: !!set {a}", "line 1: must have no tags"),
    "binary": ("region: !!binary aGk=", "line 1: must have no tags"),
    "python": ("region: !!python/object/apply:os.abort []", "line 1: must have no tags"),
    "two documents": ("client: a\n---\nclient: b\n", "line 2: must be one document"),
    "keys of other kinds": ("1: a\n? [a, b]\n: x\ntrue: y\nnull: z\n", "line 2: must have text as its key"),
    "a key twice": ("client: a\n\nclient: b\n", "line 3: client: must appear once"),
    "a key that forges lines": ('"a\\n  - good": x\n"\\e[31mred": x\n', r"'a\n - good' = 'x': must be a known key"),
    "lone surrogates": (
        '"\\ud800": "\\udfff"\nclient: "\\ud800"\n',
        r"line 2: client = '\ud800': must be of characters",
    ),
    "no such character": ('client: "\\UFFFFFFFF"', "must be valid YAML"),
    "control characters": ("client: a\nregion: \x1b[31m\n", "line 2: must be valid YAML"),
    "a tab": ("client: a\n\tregion: b\n", "line 2: must be valid YAML"),
    "a key without its colon": ("client: a\nregion b\n\nbucket: c\n", "line 2: must be valid YAML"),
    "half a text": ("client: 'a\nregion: b\n", "must be valid YAML"),
    "a word": ("client", "line 1: must be `key: value` lines"),
    "nothing": ("", "client.yaml: account_id: must be given: this key is missing"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_whatever_a_file_holds_reading_it_ends_and_says_what_is_wrong(folder: Path, case: str) -> None:
    text, expected = HOSTILE[case]
    (folder / "client.yaml").write_text(text)
    assert expected in said(folder)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"client: a\nregion: \xe9\n", "line 2: must be text in UTF-8"),
        ("client: a\n".encode("utf-16"), "line 1: must be text in UTF-8"),
        (b"client: a\x00\n", "line 1: must be valid YAML"),
    ],
)
def test_bytes_that_are_no_text_are_named_with_their_line(folder: Path, content: bytes, expected: str) -> None:
    (folder / "client.yaml").write_bytes(content)
    assert expected in said(folder)


def test_a_byte_order_mark_is_no_problem(folder: Path) -> None:
    path = folder / "client.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert said(folder) == ""


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300)
    | st.text(alphabet="ab:-?[]{}&*!|>'\"%@`#, \n\t\\<=0x12\x1b\u2028", max_size=80).map(str.encode)
)
def test_any_bytes_at_all_are_good_or_a_parameter_error(folder: Path, content: bytes) -> None:
    (folder / "client.yaml").write_bytes(content)
    assert said(folder) != ""


def fifo(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path itself may be too long for a socket
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("name", ["client.yaml", "glue.yaml"])
@pytest.mark.parametrize("make", [fifo, a_socket, device, dangling, loop, Path.mkdir])
def test_what_is_no_file_is_named_and_not_waited_for(folder: Path, name: str, make: Callable[[Path], None]) -> None:
    (folder / name).unlink()
    make(folder / name)
    assert f"{name}: must be a file" in said(folder)


@pytest.mark.parametrize(
    "name",
    [
        "redshift.YAML", "Redshift.yaml", "redshift.yml", "redshift.yaml.txt", "redshift.json", "redshift.yaml~",
        ".redshift.yaml", ".redshift.YML", "redshift.yaml.md",
        "redshift.yaml ", "redshift", "athena.yaml", "client.yml", "notes.txt", "\x1b[31m", "two\nlines.yaml",
    ],
)  # fmt: skip
def test_every_entry_that_would_be_overlooked_is_named(folder: Path, name: str) -> None:
    (folder / "redshift.yaml").rename(folder / name)
    text = said(folder)
    assert "must be one of client.yaml, redshift.yaml, glue.yaml, ec2.yaml, a *.md or a dot-file" in text
    assert len(text.split("\n")) == 2


@pytest.mark.parametrize("name", ["old", "old.yaml", "notes.md"])
def test_so_is_a_folder_within(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    assert f"{name}: must be one of" in said(folder)


def test_the_folder_that_is_meant_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "parameters").mkdir()
    folder.rename(folder.parent / "parameters/acme")
    monkeypatch.chdir(folder.parent)
    assert said(Path("acme")).endswith("no such file or directory; is it parameters/acme?")
    assert said(Path("bolt")).endswith("no such file or directory")
    all_of_them = "must be one client's folder, like parameters/acme; for all that are in it: parameters/*"
    assert said(Path("parameters")).split("\n")[1:] == [f"  - parameters: {all_of_them}"]


def test_notes_and_dot_files_may_be_there(folder: Path) -> None:
    (folder / "README.md").write_text("Ask Ana.")
    (folder / ".redshift.yaml.swp").write_bytes(b"\x00")
    (folder / ".git").mkdir()
    assert said(folder) == ""


def test_notes_that_are_a_link_to_nowhere_are_named(folder: Path) -> None:
    for number, target in enumerate(("nowhere", "notes0.md/x", "n" * 300, "notes3.md")):
        (folder / f"notes{number}.md").symlink_to(target)
    assert said(folder).count("must be one of") == 4


def test_of_very_many_entries_the_first_are_named_and_the_rest_counted(folder: Path) -> None:
    for number in range(5000):
        (folder / f"stray{number}").touch()
    text = said(folder)
    assert text.count("stray") == 20
    assert "and neither YAML nor JSON): so must 4980 more entries" in text


@pytest.mark.parametrize("break_", ["\x85", "\u2028", "\u2029", "\r"])
def test_no_key_hides_behind_a_comment(folder: Path, break_: str) -> None:
    path = folder / "client.yaml"
    path.write_bytes(b"# Ask Ana" + f"{break_}operator_role_arn: x\n".encode() + path.read_bytes())
    assert f"client.yaml, line 1: must have ordinary line ends: within this line there is {break_!r}" in said(folder)


def test_the_line_ends_of_windows_are_ordinary(folder: Path) -> None:
    path = folder / "client.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert said(folder) == ""


def test_a_file_that_comes_in_parts_is_read_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "client.yaml"
    path.write_text(path.read_text() + "unknown: 1\n")
    read = os.read
    monkeypatch.setattr(os, "read", lambda number, size: read(number, min(size, 100)))
    assert "unknown = 1: must be a known key" in said(folder)


def test_a_missing_client_file_hides_nothing_else(folder: Path) -> None:
    (folder / "client.yaml").unlink()
    for name in ("redshift", "ec2"):
        path = folder / f"{name}.yaml"
        path.write_text(path.read_text().replace(f"role_name: onemata-{name}", "role_name: a b"))
    (folder / "glue.yml").write_text("")
    text = said(folder)
    assert text.startswith("4 problems. Nothing was done in AWS.")
    for expected in (
        "client.yaml: must exist",
        "glue.yml: must be one of",
        "redshift.yaml, line 17: role_name = 'a b'",
    ):
        assert expected in text


def test_the_wrong_entry_of_a_list_has_its_own_line(folder: Path) -> None:
    path = folder / "ec2.yaml"
    path.write_text(path.read_text().replace("  - i-0a1b", "  - i-0123456789abcdef0\n  - web-1\n  - i-0a1b"))
    assert "ec2.yaml, line 22: instance_ids.1 = 'web-1': must be an instance's id" in said(folder)


def test_the_order_is_that_of_files_and_lines(folder: Path) -> None:
    for path in folder.glob("*.yaml"):
        path.write_text(path.read_text().replace("role_name: ", "role_name: ~").replace("client: example", "client: E"))
    (folder / "client.yaml").write_text((folder / "client.yaml").read_text().replace("us-east-1", "mars-1"))
    lines = [line.split(": ")[0] for line in said(folder).split("\n")[1:]]
    assert lines == [
        f"  - {folder}/client.yaml, line 7",
        f"  - {folder}/client.yaml, line 13",
        *(f"  - {folder}/{name}" for name in ("ec2.yaml, line 17", "glue.yaml, line 17", "redshift.yaml, line 17")),
    ]


@pytest.mark.parametrize(
    "path",
    [Path("nowhere"), EXAMPLE / "client.yaml", Path("/dev/null"), Path("x" * 5000), Path("a\0b"), Path("\udcff")],
)
def test_what_is_no_folder_is_a_problem(path: Path) -> None:
    assert "must be a client's folder that can be read" in said(path)


def test_a_folder_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert "must be a client's folder" in said(tmp_path / "pipe")


def problems_of(*folders: Path) -> list[Problem]:
    return from_folders(folders)[1]


def test_the_same_folder_is_found_under_each_of_its_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(folder)
    for other in (folder, Path("acme"), tmp_path / "link", folder / ".." / "acme"):
        (problem,) = problems_of(folder, other)
        assert problem.must == f"must be given once: it is the same folder as {folder}"


def test_two_folders_for_one_client_are_found(folder: Path, tmp_path: Path) -> None:
    second = Path(shutil.copytree(folder, tmp_path / "second"))
    (second / "glue.yaml").unlink()
    problems = problems_of(folder, second)
    assert {(Path(each.file).parent, each.key, each.value) for each in problems} == {
        (folder, "client", "example"), (second, "client", "example"),
    }  # fmt: skip


def real_client(source: Path, target: Path, **changes: str) -> Path:
    """A copy of a folder for a client outside the sandbox who uses Redshift only, with values changed."""
    shutil.copytree(source, target)
    for name in ("glue", "ec2"):
        (target / f"{name}.yaml").unlink()
    own = {
        "client": target.name, "account_id": '"123456789012"', "onemata_account_id": '"210987654321"',
        "onemata_role_arn": '""', "onemata_external_id": "real", "bucket": "real-data", "prefix": "real/",
        "denied_prefix": '""', "denied_bucket": '""',
        "sandbox": "false", "cluster_identifiers": "[warehouse]", **changes,
    }  # fmt: skip
    for path in target.glob("*.yaml"):
        lines = [line.split(": ", 1) for line in path.read_text().splitlines()]
        path.write_text("\n".join(": ".join([key, *([own[key]] if key in own else rest)]) for key, *rest in lines))
    return target


def test_the_same_done_twice_in_a_real_account_is_found(tmp_path: Path) -> None:
    first = real_client(EXAMPLE, tmp_path / "first")
    problems = problems_of(first, second := real_client(EXAMPLE, tmp_path / "second"))
    assert {each.must for each in problems} == {
        f"must differ from {other}, which is for the same account, role and delivery" for other in (first, second)
    }


@pytest.mark.parametrize(
    "changes", [{"bucket": "other-data"}, {"role_name": "onemata-other"}, {"cluster_identifiers": "[second-one]"}]
)
def test_two_deliveries_roles_or_clusters_are_not_the_same(tmp_path: Path, changes: dict[str, str]) -> None:
    first = real_client(EXAMPLE, tmp_path / "first")
    assert problems_of(first, real_client(EXAMPLE, tmp_path / "second", **changes)) == []
