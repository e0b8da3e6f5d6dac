"""The record holds what happened, holds no secret, and is whole at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from onemata_helpers.files import replace_file
from onemata_helpers.record import Record
from onemata_helpers.sandbox.server import Sandbox

from .conftest import ROOT, SERVICES, run, values


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
    address = urlsplit(aws.url)
    text = run("ec2").record.model_dump_json()
    assert str(address.username) not in text
    assert str(address.password) not in text


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "record.json"
    replace_file(path, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "new \ud800")
    assert path.read_text() == "old"
    assert [each.name for each in path.parent.iterdir()] == ["record.json"]


def test_a_killed_run_leaves_what_was_done_so_far(aws: Sandbox, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    script = tmp_path / "run.py"
    script.write_text(
        "import time\n"
        "from onemata_helpers import Runbook\n"
        "from onemata_helpers.record import Recorder\n"
        "heard = Recorder.add_change\n"
        "Recorder.add_change = lambda self, done: (heard(self, done), print('one', flush=True), time.sleep(60))\n"
        f"book = Runbook('redshift', {values('redshift', action='apply', record=str(record))!r})\n"
        "book.connect(); book.plan(); book.apply()\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"one\n"
        process.kill()
    found = Record.model_validate_json(record.read_text())
    assert [done.change.resource for done in found.changes_done] == ["role onemata-redshift"]
    assert found.outcome is None
    assert found.finished is None
    finished = run("redshift")
    assert finished.record.outcome == "applied"
    assert finished.writes == ["AttachRolePolicy", "ModifyClusterIamRoles"]


def test_two_runs_at_once_leave_two_records(aws: Sandbox) -> None:
    first = run("glue", "plan").shown["finish"]
    time.sleep(0.002)
    assert run("glue", "plan").shown["finish"] != first
