"""The record holds what happened, holds no secret, and is whole at any moment."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from errno import ENOSPC
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from onemata_helpers import Runbook
from onemata_helpers.apply import Done
from onemata_helpers.checks import Check
from onemata_helpers.errors import RecordNotWritten
from onemata_helpers.files import replace_file
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.plan import Change, Field
from onemata_helpers.record import Record, Recorder, begin, read_record
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.text import is_plain

from .conftest import ROOT, SERVICES, run, values
from .processes import running


def test_the_published_schema_is_that_of_the_records() -> None:
    published = json.loads((ROOT / "record.schema.json").read_text())
    assert published == Record.model_json_schema(), "run: make schema"


@pytest.mark.parametrize("service", SERVICES)
def test_a_record_says_it_all_and_fits_the_schema(aws: Sandbox, service: str) -> None:
    record = run(service).record
    content = record.model_dump(mode="json")
    Draft202012Validator(json.loads((ROOT / "record.schema.json").read_text())).validate(content)
    assert content["sandbox"] is True
    assert content["notice"] == "SANDBOX RECORD: NO REAL AWS ACCOUNT WAS READ OR CHANGED"
    assert content["operator_arn"].startswith("arn:aws:")
    assert content["plan_digest"] == (record.plan.digest if record.plan else None)
    assert [done["status"] for done in content["changes_done"]] == ["done"] * len(content["changes_done"])
    assert all(check["evidence"] for check in content["checks"])
    assert content["hand_over"]["roles"]
    for call in content["calls"]:
        assert call["request_id"], call
        assert call["attempts"] == 1
        assert call["access"] == ("write" if call["operation"] in run_writes(record) else "read")


def run_writes(record: Record) -> set[str]:
    """The operations that the plan's changes made, in the API's spelling."""
    return {call.split(":")[1].title().replace("_", "") for done in record.changes_done for call in done.calls}


def test_no_credential_is_in_a_record(aws: Sandbox) -> None:
    key = aws.operator()
    text = run("ec2").record.model_dump_json()
    assert key.id not in text
    assert key.secret not in text
    assert aws.url.split(":")[2].split("@")[0] not in text


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "record.json"
    replace_file(path, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "new \ud800")
    assert path.read_text() == "old"
    assert [each.name for each in path.parent.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    ("status", "writes"),
    [
        ("begun", ["CreateRole", "AttachRolePolicy", "ModifyClusterIamRoles"]),
        ("done", ["AttachRolePolicy", "ModifyClusterIamRoles"]),
    ],
)
def test_a_killed_run_leaves_what_was_begun_and_done_so_far(
    aws: Sandbox, tmp_path: Path, status: str, writes: list[str]
) -> None:
    record = tmp_path / "record.json"
    script = tmp_path / "run.py"
    script.write_text(
        "import time\n"
        "from onemata_helpers import Runbook\n"
        "from onemata_helpers.record import Recorder\n"
        "add = Recorder.add_change\n"
        "def add_change(self, done):\n"
        "    add(self, done)\n"
        f"    if done.status == {status!r}:\n"
        "        print('one', flush=True)\n"
        "        time.sleep(60)\n"
        "Recorder.add_change = add_change\n"
        f"book = Runbook('redshift', {values('redshift', action='apply', record=str(record))!r})\n"
        "book.connect(); book.plan(); book.apply()\n"
    )
    with running([sys.executable, str(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"one\n"
        process.kill()
    found = Record.model_validate_json(record.read_text())
    assert [(done.change.resource, done.status) for done in found.changes_done] == [("role onemata-redshift", status)]
    assert found.outcome is None
    assert found.finished is None
    finished = run("redshift")
    assert finished.record.outcome == "applied"
    assert finished.writes == writes


def test_two_runs_at_once_leave_two_records(aws: Sandbox) -> None:
    first = run("glue", "plan").shown["finish"]
    time.sleep(0.002)
    assert run("glue", "plan").shown["finish"] != first


def begun(folder: Path, **changes: Any) -> Recorder:
    """A recorder of its own, whose record is at `folder`/record.json."""
    return Recorder(from_notebook("glue", values("glue", record=str(folder / "record.json"), **changes)))


def lines_are_printable(text: str) -> bool:
    return all(is_plain(line) for line in text.split("\n"))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "C", "Z"]), max_size=60))
@example('a\x1b[2J\u202e\udc80\u2028\0\x85\\ud800"')
def test_any_text_can_be_recorded_and_read_back(text: str) -> None:
    field = Field(name="description", before=text, after={text: [text]})
    change = Change(kind="update", resource="role x", step="1", why=text, fields=(field,))
    with tempfile.TemporaryDirectory() as folder:
        recorder = begun(Path(folder))
        recorder.add_change(Done(time=text, change=change, status="failed", calls=(text,), error=text))
        recorder.keep(checks=[Check(name=text, result="failed", evidence=text)])
        recorder.finish("failed", text)
        recorder.raise_trouble()
        written = recorder.path.read_text(encoding="utf-8")
        found = read_record(recorder.path)
    assert lines_are_printable(written)
    whole = not any("\ud800" <= character <= "\udfff" for character in text)
    assert found.checks[0].evidence == text if whole else "\\u" in found.checks[0].evidence
    assert json.loads(written)["outcome"] == "failed"


def test_umlauts_stay_readable(tmp_path: Path) -> None:
    recorder = begun(tmp_path)
    recorder.finish("failed", "Zürich, 東京")
    assert "Zürich, 東京" in recorder.path.read_text(encoding="utf-8")


def test_a_record_is_there_from_the_first_moment(tmp_path: Path) -> None:
    found = read_record(begun(tmp_path).path)
    assert (found.client, found.action, found.outcome, found.finished) == ("example", "plan", None, None)


@pytest.mark.parametrize("there", ["the client's own", "", "{}"])
def test_a_file_is_never_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / "record.json").write_text(there)
    with pytest.raises(RecordNotWritten, match="there is a file already"):
        begun(tmp_path)
    assert (tmp_path / "record.json").read_text() == there


def test_a_record_of_another_run_is_not_continued(tmp_path: Path) -> None:
    first = begun(tmp_path)
    begun(tmp_path)  # nothing has happened in it yet: this is how a notebook continues what `onemata run` began
    with pytest.raises(RecordNotWritten):
        begun(tmp_path, role_name="other")
    first.keep(operator_arn="arn:aws:iam::012345670123:user/jane")
    with pytest.raises(RecordNotWritten):
        begun(tmp_path)
    assert read_record(first.path).operator_arn


def test_runs_of_the_same_millisecond_have_places_of_their_own(tmp_path: Path) -> None:
    parameters = from_notebook("glue", values("glue"))
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda _: begin(parameters, tmp_path, notebook=True)[0], range(40)))
    assert len(set(begun)) == 40
    assert all(path.exists() and path.with_suffix(".ipynb").exists() for path in begun)


def test_a_place_whose_notebook_is_taken_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = from_notebook("glue", values("glue"))
    path, _ = begin(parameters, tmp_path, notebook=True)
    path.unlink()
    assert begin(parameters, tmp_path, notebook=True)[0] != path
    assert path.with_suffix(".ipynb").read_text() == ""


def test_a_record_that_cannot_be_written_stops_the_run_before_the_next_change(aws: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    runbook = Runbook("glue", values("glue", action="apply", record=str(folder / "record.json")))
    runbook.connect()
    runbook.plan()

    def replaced_by_a_file(_: object) -> None:
        shutil.rmtree(folder)
        folder.write_text("a file in place of the folder")

    aws.before("CreateRole", replaced_by_a_file)
    with pytest.raises(RecordNotWritten) as error:
        runbook.apply()
    assert "iam:CreateRole" in str(error.value)
    assert "Traceback" not in str(error.value)
    assert aws.client("iam").get_role(RoleName="AWSGlueServiceRoleOnemata")
    assert not aws.client("iam").list_attached_role_policies(RoleName="AWSGlueServiceRoleOnemata")["AttachedPolicies"]
    folder.unlink()
    assert run("glue").record.outcome == "applied"


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """The limit of the size of files stands for the end of the disk: the system refuses the same write."""
    recorder = begun(tmp_path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    heed = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))
        with pytest.raises(RecordNotWritten, match=r"cannot be written: File too large\. Nothing was changed in AWS"):
            recorder.keep(operator_arn="arn:aws:iam::012345670123:user/jane")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        signal.signal(signal.SIGXFSZ, heed)
    assert read_record(recorder.path).finished is None
    assert [each.name for each in tmp_path.iterdir()] == ["record.json"]


def test_what_cannot_be_begun_leaves_no_empty_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would count as one that cannot be read, of a run that was cut off."""
    full = Mock(side_effect=OSError(ENOSPC, os.strerror(ENOSPC)))
    monkeypatch.setattr("onemata_helpers.files.os.fdopen", full)
    with pytest.raises(RecordNotWritten, match=r"cannot be written: No space left on device\. Nothing was changed"):
        begin(from_notebook("glue", values("glue")), tmp_path, notebook=True)
    assert full.called
    assert list((tmp_path / "example" / "glue").iterdir()) == []


@pytest.mark.parametrize("place", ["file/deeper", "x" * 300])
def test_a_place_that_cannot_be_is_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordNotWritten, match="Nothing was changed in AWS"):
        begun(tmp_path / place)


def test_a_file_in_place_of_the_folder_is_named_so(tmp_path: Path) -> None:
    parameters = from_notebook("glue", values("glue"))
    for folder in (tmp_path / "example" / "glue", tmp_path / "records"):
        folder.parent.mkdir(exist_ok=True)
        folder.touch()
    for attempt in (lambda: begin(parameters, tmp_path, notebook=True), lambda: begun(tmp_path / "records")):
        with pytest.raises(RecordNotWritten, match="Not a directory"):
            attempt()


def test_what_is_no_ordinary_file_is_neither_read_nor_written_over(tmp_path: Path) -> None:
    """To open a pipe would wait for ever."""
    place = tmp_path / "record.json"
    for make in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to("x")):
        make(place)
        before = place.lstat()
        with pytest.raises(RecordNotWritten, match="there is a file already"):
            begun(tmp_path)
        assert place.lstat() == before
        place.rmdir() if place.is_dir() else place.unlink()
