"""Records in a bucket: whole, never written over, and read from there; by HTTP to an S3 of moto's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from onemata_helpers.archive import FAR_BACK, NoRecords
from onemata_helpers.batch import elsewhere
from onemata_helpers.batch.elsewhere import uploaded
from onemata_helpers.batch.history import newest
from onemata_helpers.batch.jobs import Job, Result
from onemata_helpers.bucket import Bucket, _refusals
from onemata_helpers.cli import app
from onemata_helpers.errors import ParameterError, RecordNotWritten
from onemata_helpers.notebook import template
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.record import SANDBOX_NOTICE, Record, now
from onemata_helpers.status.rows import rows

from .conftest import EXAMPLE
from .processes import LONG, running

PLACE = "s3://our-records/night"
FIRST, SECOND = "example/glue/2026-01-01T120000.000Z", "example/glue/2026-01-02T120000.000Z"


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        end = time.monotonic() + LONG
        while not listens(port):
            assert server.poll() is None, f"moto's server ended, with {server.returncode}: is port {port} taken?"
            assert time.monotonic() < end, f"moto's server does not listen on port {port} after {LONG} s"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"


def listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in {
        "AWS_ENDPOINT_URL_S3": s3_url, "AWS_ACCESS_KEY_ID": "ours", "AWS_SECRET_ACCESS_KEY": "ours",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="our-records", ObjectLockEnabledForBucket=True)
    elsewhere._bucket.cache_clear()
    yield Bucket(PLACE)
    for each in s3.list_object_versions(Bucket="our-records").get("Versions", []):
        s3.delete_object(Bucket="our-records", Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket="our-records")


def objects() -> dict[str, bytes]:
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket="our-records").get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket="our-records", Key=each["Key"])["Body"].read() for each in found}


@pytest.mark.parametrize("address", ["s3:/x/y", "s3://", "s3://Bucket/x", "s3://ok-bucket/a b", "s3://ok-bucket/\x1b"])
def test_what_is_no_place(address: str) -> None:
    with pytest.raises(ParameterError, match="must be a folder, or s3://bucket/prefix"):
        Bucket(address)


def test_an_object_is_never_written_over(bucket: Bucket) -> None:
    bucket.keep(f"{FIRST}.json", b"one")
    bucket.keep(f"{FIRST}.json", b"one")  # as after a lost answer
    with pytest.raises(RecordNotWritten) as error:
        bucket.keep(f"{FIRST}.json", b"two")
    assert f"{PLACE}/{FIRST}.json was not written, its file here is kept:" in str(error.value)
    assert objects() == {f"night/{FIRST}.json": b"one"}


def test_without_the_bucket_it_says_who_acts(bucket: Bucket) -> None:
    none = Bucket("s3://no-such-bucket")
    with pytest.raises(
        NoRecords, match=r"there is no such bucket: .*NoSuchBucket.*Who acts: the engineer corrects --rec"
    ):
        list(none.names())
    with pytest.raises(RecordNotWritten, match="NoSuchBucket"):
        none.keep("a", b"")


def test_without_any_credentials_it_says_so(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    said = CliRunner().invoke(app, ["status", PLACE]).stderr
    assert f"AWS did not list {PLACE}/: there are no credentials for this bucket at all: " in said
    assert "Who acts: the engineer signs in for this bucket (`aws sso login`, the environment, or --records-pro" in said
    said = CliRunner().invoke(app, ["status", PLACE, "--records-profile", "nobody's"]).stderr
    assert "the credentials for this bucket cannot be used: The config profile (nobody's) could not be found" in said


@pytest.mark.parametrize(
    ("code", "message", "what", "who"),
    [
        ("ExpiredToken", "The provided token has expired.", "these credentials have expired", "the engineer signs in"),
        ("InvalidAccessKeyId", "It does not exist.", "AWS does not know these credentials", "with other credentials"),
        ("AccessDenied", "Access Denied", "these credentials may not do that", "whoever runs the bucket gives"),
        ("AccessDenied", "with an explicit deny in a resource-based policy", "may not do that", "changes the policy"),
        ("NoSuchBucket", "It does not exist", "there is no such bucket", "the engineer corrects --records"),
        ("PermanentRedirect", "Use another endpoint.", "is in another region", "the engineer sets the region of the"),
        ("KMS.DisabledException", "It is disabled.", "AWS did not list s3://b/: An error", "what AWS's message names"),
    ],
)
def test_a_refusal_says_which_it_is_and_who_acts(code: str, message: str, what: str, who: str) -> None:
    refusal = ClientError({"Error": {"Code": code, "Message": message}}, "ListObjectsV2")
    with pytest.raises(NoRecords) as error, _refusals("list", "s3://b/"):
        raise refusal
    happened, _, acts = str(error.value).partition(" Who acts: ")
    assert what in happened
    assert message in happened
    assert who in acts


def job(tmp_path: Path, place: str = PLACE) -> Job:
    return Job(from_folder(EXAMPLE)["glue"], tmp_path / "records", place)


def keep(tmp_path: Path, name: str, finished: str | None) -> Path:
    path = tmp_path / "records" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    outcome = "verified" if finished else None
    content = {"action": "apply", "outcome": outcome, "started": "2026-01-01T12:00:00+00:00", "finished": finished}
    path.write_text(json.dumps(content))
    path.with_suffix(".ipynb").write_text("{}")
    return path


def test_what_ended_is_uploaded_whole_with_what_earlier_runs_left(bucket: Bucket, tmp_path: Path) -> None:
    keep(tmp_path, FIRST, None)  # cut off, long ago
    path = keep(tmp_path, SECOND, "2026-01-02T12:00:00+00:00")
    under_way = keep(tmp_path, "example/glue/2126-01-01T120000.000Z", None)
    ended = Result("example", "glue", "verified", "All is in place.", path)
    assert uploaded(job(tmp_path), ended) == ended
    assert sorted(objects()) == [f"night/{name}.{kind}" for name in (FIRST, SECOND) for kind in ("ipynb", "json")]
    assert objects()[f"night/{SECOND}.json"] == path.read_bytes()
    assert under_way.exists()
    (row,) = rows(bucket)
    assert (row.outcome, row.record) == ("verified", f"{PLACE}/{SECOND}.ipynb")
    assert uploaded(job(tmp_path), ended) == ended


def test_what_is_no_record_of_a_run_stays_here_and_is_not_waited_for(bucket: Bucket, tmp_path: Path) -> None:
    keep(tmp_path, "example/glue/2026-13-01T120000.000Z", "2026-01-01T12:00:00+00:00")
    os.mkfifo(tmp_path / "records/example/glue/2126-01-01T120000.000Z.json")
    (tmp_path / "records/example/glue/2126-01-02T120000.000Z.json").write_text("[" * 100_000)
    path = keep(tmp_path, SECOND, "2026-01-02T12:00:00+00:00")
    ended = Result("example", "glue", "verified", "All is in place.", path)
    assert uploaded(job(tmp_path), ended) == ended
    assert sorted(objects()) == [f"night/{SECOND}.{kind}" for kind in ("ipynb", "json")]


def test_a_record_that_is_not_uploaded_fails_its_job_and_stays_here(bucket: Bucket, tmp_path: Path) -> None:
    path = keep(tmp_path, SECOND, "2026-01-02T12:00:00+00:00")
    result = uploaded(job(tmp_path, "s3://no-such-bucket/x"), Result("example", "glue", "verified", "Good.", path))
    assert (result.outcome, result.record) == ("failed", path)
    assert result.reason.startswith("Good. The run itself ended: verified. The record was not uploaded: ")
    assert path.exists()


def test_earlier_records_are_brought_here(bucket: Bucket, tmp_path: Path) -> None:
    bucket.keep(f"{FIRST}.json", b"{}")
    bucket.keep(f"{FIRST}.ipynb", b"{}")
    bucket.keep("example/ec2/2026-01-01T120000.000Z.json", b"{}")
    bucket.fetch(tmp_path, ["example/glue/"], FAR_BACK)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")] == [f"{FIRST}.json"]
    (tmp_path / f"{FIRST}.json").write_text("another")
    bucket.fetch(tmp_path, ["example/glue/"], FAR_BACK)
    assert (tmp_path / f"{FIRST}.json").read_text() == "another"


def test_only_the_newest_are_brought(bucket: Bucket, tmp_path: Path) -> None:
    for number in range(FAR_BACK + 2):
        bucket.keep(f"example/glue/2026-01-01T120000.{number:03}Z.json", b"{}")
    bucket.fetch(tmp_path, ["example/glue/", "example/ec2/"], FAR_BACK)
    brought = sorted(path.name for path in (tmp_path / "example/glue").iterdir())
    assert (len(brought), brought[0]) == (FAR_BACK, "2026-01-01T120000.002Z.json")


def test_what_was_begun_counts_as_cut_off_until_there_is_more_of_it(bucket: Bucket, tmp_path: Path) -> None:
    path = keep(tmp_path, SECOND, None)
    bucket.keep(f"{SECOND}.begun.json", path.read_bytes())
    (row,) = rows(bucket)
    assert (row.outcome, row.record) == ("cut off", f"{PLACE}/{SECOND}.begun.json")
    bucket.fetch(tmp_path / "another", ["example/glue/"], FAR_BACK)
    there = replace(job(tmp_path), records=tmp_path / "another")
    seen = newest(there)
    assert seen is not None
    assert (seen.outcome, seen.path.name) == ("cut off", f"{Path(SECOND).name}.begun.json")
    bucket.fetch(tmp_path / "records", ["example/glue/"], FAR_BACK)  # where the record itself is, nothing is brought
    assert not list(tmp_path.glob("records/**/*.begun.json"))
    bucket.keep(f"{SECOND}.json", keep(tmp_path, SECOND, "2026-01-02T12:00:00+00:00").read_bytes())
    (row,) = rows(bucket)
    assert (row.outcome, row.record) == ("verified", f"{PLACE}/{SECOND}.json")
    bucket.fetch(tmp_path / "another", ["example/glue/"], FAR_BACK)
    seen = newest(there)
    assert seen is not None
    assert seen.outcome == "verified"
    ended = Result("example", "glue", "verified", "All is in place.", tmp_path / "another" / f"{SECOND}.json")
    assert uploaded(there, ended) == ended  # and what was brought as begun is not taken for a record of one's own


def test_a_record_in_a_bucket_is_exported_as_if_it_were_here(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    record = Record(
        notice=SANDBOX_NOTICE,
        sandbox=True,
        client="example",
        account_id="012345670123",
        region="us-east-1",
        service="glue",
        action="apply",
        outcome="verified",
        started=now(),
        parameters={},
        versions={},
    )
    bucket.keep(f"{FIRST}.json", record.model_dump_json().encode())
    bucket.keep(f"{FIRST}.ipynb", json.dumps(template("glue")).encode())
    done = CliRunner().invoke(app, ["export", f"{PLACE}/{FIRST}.json"])
    assert done.exit_code == 0, done.output
    page = tmp_path / "records" / f"{FIRST}.html"
    assert page.read_text().index("VERIFIED") < page.read_text().index("1. Parameters")
    other = CliRunner().invoke(app, ["export", f"{PLACE}/{SECOND}.json"])
    assert other.exit_code == 2
    assert f"AWS did not read {PLACE}/{SECOND}.json" in other.output


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"x" * 1_000_000, b""])
def test_what_somebody_else_put_there_stops_nobody_else(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr("onemata_helpers.bucket._LONGEST", 1000)
    bucket.keep(f"{SECOND}.json", content)
    bucket.keep(f"{FIRST}.json", b"{}")
    bucket.fetch(tmp_path / "records", ["example/glue/"], FAR_BACK)
    assert (tmp_path / "records" / f"{FIRST}.json").read_bytes() == b"{}"
    assert (tmp_path / "records" / f"{SECOND}.json").read_bytes() == content[:1000]
    seen = newest(job(tmp_path))
    assert seen is not None
    assert (seen.outcome, seen.reason) == ("cut off", "The record cannot be read.")
    (row,) = rows(bucket)
    assert row.outcome == "unreadable"


def test_what_found_no_place_here_is_brought_the_next_time(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a part of it were taken for the record, an approval that it tells of would count as unused."""
    bucket.keep(f"{FIRST}.json", b"{}")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", Mock(side_effect=OSError(ENOSPC, os.strerror(ENOSPC))))
        with pytest.raises(RecordNotWritten, match="No space left on device"):
            bucket.fetch(tmp_path, ["example/glue/"], None)
    bucket.fetch(tmp_path, ["example/glue/"], None)
    assert (tmp_path / f"{FIRST}.json").read_bytes() == b"{}"
