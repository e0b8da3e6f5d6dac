"""Where records go to a folder only, a bucket is refused, and not made as a folder of that name."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from onemata_helpers import Runbook
from onemata_helpers.cli import app
from onemata_helpers.errors import ParameterError
from onemata_helpers.places import is_elsewhere

from .conftest import EXAMPLE, values


@pytest.mark.parametrize("command", [["open", str(EXAMPLE), "ec2", "--no-browser"], ["prepare", str(EXAMPLE)]])
@pytest.mark.parametrize("place", ["s3://our-records/night", "s3:/our-records", "S3://our-records/night"])
def test_a_live_session_and_a_page_for_the_client_go_to_no_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*command, "--records", place])
    assert done.exit_code == 2
    assert "must be a folder here" in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_that_one_runs_oneself_goes_to_no_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONEMATA_RECORDS", "s3://our-records/night")
    with pytest.raises(ParameterError, match=r"ONEMATA_RECORDS = s3://our-records/night: must be a folder here"):
        Runbook("glue", values("glue"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["S3://our-records/night", "s3:our-records", "https://records.example.com/night"])
@pytest.mark.parametrize("command", [["verify", str(EXAMPLE), "--records"], ["status"]])
def test_what_is_no_bucket_that_we_know_is_made_as_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*command, place])
    assert done.exit_code == 2
    assert f"--records = {place}: must be a folder, or s3://bucket/prefix" in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["records", "night:1", "C:/records", "/s3:/night", "2026-01-31T12:00/night", "s3"])
def test_a_folder_is_one(place: str) -> None:
    assert not is_elsewhere(place)
