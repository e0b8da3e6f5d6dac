"""What the runner itself waits for, at STS or S3, holds up no batch that was told to end."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers.archive import NoRecords
from onemata_helpers.batch import carry_out, commands, elsewhere
from onemata_helpers.batch.jobs import Job, Result
from onemata_helpers.batch.patience import begun
from onemata_helpers.batch.runner import Running
from onemata_helpers.batch.sign_in import SignedIn
from onemata_helpers.bucket import Bucket
from onemata_helpers.sandbox.server import Sandbox

from .conftest import How, Which, client, records
from .test_runner import interrupt

KILLED = "It was killed (Ctrl-C, twice)"


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    """Set when AWS answers at last, which it does at the end of each test."""
    comes = threading.Event()
    yield comes
    comes.set()


def twice(answer: threading.Event) -> Any:
    """A call of the runner's that hangs, while somebody types Ctrl-C twice."""

    def hang(*_: object) -> None:
        interrupt(None)
        answer.wait(1)  # two at once would count as one
        interrupt(None)
        answer.wait(60)

    return hang


@pytest.mark.parametrize("limit", [0.01, 60])
def test_a_sign_in_in_the_middle_that_hangs_is_not_waited_for(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: threading.Event, limit: float
) -> None:
    hang = twice(answer) if limit > 1 else lambda *_: answer.wait(60)
    monkeypatch.setattr(SignedIn, "lend", hang)
    assert not commands.run(Which([client(tmp_path, "acme")]), How(time_limit=limit), "apply")
    assert not answer.is_set()
    (record,) = records(tmp_path)["acme/glue"]
    assert record.outcome == "failed"
    assert record.reason.startswith(
        "It did not end within 0.6 s (--time-limit), and was killed." if limit < 1 else KILLED
    )
    assert "No change is on record" in record.reason or "Nothing was changed in AWS" in record.reason
    assert record.calls == []


def test_a_bucket_that_does_not_answer_is_not_waited_for(
    our_records: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: threading.Event,
) -> None:
    monkeypatch.setattr(carry_out, "_LAST", 0)
    monkeypatch.setattr(carry_out, "uploaded", twice(answer))
    assert not commands.run(Which([client(tmp_path, "acme")]), How(where=our_records), "apply")
    assert not answer.is_set()
    said = " ".join(capsys.readouterr().out.split())
    assert "The run itself ended: applied. The record was not uploaded: S3 did not answer in time. Who acts:" in said
    assert records(tmp_path)["acme/glue"][0].outcome == "applied"
    assert elsewhere._bucket.cache_info().currsize == 1


def test_after_ctrl_c_no_sign_in_holds_up_the_end_of_the_process(
    aws: Sandbox, tmp_path: Path, answer: threading.Event
) -> None:
    def interrupt_and_hang(call: object) -> None:
        interrupt(call)
        answer.wait(60)

    aws.before("GetCallerIdentity", interrupt_and_hang)
    before = set(threading.enumerate())
    assert not commands.run(Which([client(tmp_path, "acme")]), How(), "apply")
    assert not answer.is_set()
    assert all(each.daemon for each in threading.enumerate() if each not in before)
    assert records(tmp_path) == {}


def test_the_process_does_not_wait_for_it_either() -> None:
    code = "import time; from onemata_helpers.batch.patience import begun; begun(lambda: time.sleep(600))"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


@pytest.mark.parametrize("asks", ["the time limit", "Ctrl-C"])
def test_who_asks_a_run_to_stop_that_only_uploads_its_record_any_more_leaves_nothing_behind(
    our_records: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    uploads, asked, was = threading.Event(), threading.Event(), elsewhere.uploaded
    ask = Running.ask_to_stop

    def slow(job: Job, result: Result) -> Result:
        uploads.set()
        if asks == "Ctrl-C":
            interrupt(None)
        assert asked.wait(60)
        return was(job, result)

    def noted(running: Running, why: str) -> None:
        ask(running, why)
        asked.set()

    monkeypatch.setattr(carry_out, "uploaded", slow)
    monkeypatch.setattr(Running, "ask_to_stop", noted)
    late = property(lambda _: 61 if uploads.is_set() and asks == "the time limit" else 0)
    monkeypatch.setattr(Running, "seconds", late)
    assert commands.run(Which([client(tmp_path, "acme")]), How(where=our_records, time_limit=1), "apply")
    assert asked.is_set()
    assert list(tmp_path.rglob("*.stop")) == []
    assert records(tmp_path)["acme/glue"][0].outcome == "applied"


def test_records_that_are_being_brought_hold_up_no_end_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: threading.Event
) -> None:
    asked, bucket = threading.Event(), Bucket("s3://our-records/night")

    def hang(_: Bucket, name: str) -> bytes:
        asked.set()
        answer.wait(60)
        raise NoRecords(name)

    names = [f"acme/glue/2026-01-01T1200{number:02}.000Z.json" for number in range(40)]
    monkeypatch.setattr(Bucket, "_listed", lambda *_: ((name, datetime.now(UTC)) for name in names))
    monkeypatch.setattr(Bucket, "read", hang)
    before = set(threading.enumerate())
    done = begun(lambda: bucket.fetch(tmp_path, ["acme/glue/", "acme/ec2/"], None))
    assert asked.wait(60)
    assert all(each.daemon for each in threading.enumerate() if each not in before)
    answer.set()
    with pytest.raises(NoRecords):
        done.result(60)


def test_a_record_that_was_not_uploaded_is_by_resume_though_its_run_ended_well(
    our_records: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    which = Which([client(tmp_path, "acme")])
    with monkeypatch.context() as patch:
        patch.setattr(carry_out, "uploaded", lambda _, result: elsewhere.not_uploaded(result, "Who acts: run again."))
        assert not commands.run(which, How(where=our_records), "apply")
    assert [name[-5:] for name in Bucket(our_records).names()] == [
        ".json"
    ]  # the beginning, from before its first write
    assert commands.run(which, How(where=our_records, resume=True), "apply")
    assert len(records(tmp_path)["acme/glue"]) == 1
    assert len(list(Bucket(our_records).names())) == 3
