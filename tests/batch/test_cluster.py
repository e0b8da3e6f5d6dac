"""Jobs on a Dask cluster: a real scheduler and two workers, one of which is killed in the middle of an apply."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from onemata_helpers.batch import commands, work
from onemata_helpers.batch.history import doing
from onemata_helpers.batch.runner import Batch
from onemata_helpers.errors import ConnectError
from onemata_helpers.sandbox.server import Sandbox

from ..processes import LONG
from .conftest import How, Which, client, records
from .test_runner import wait_for_file

DASK = str(Path(sys.executable).parent / "dask")


class Cluster:
    """A scheduler and workers, as processes."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "scheduler.json"
        self._log = (folder / "dask.log").open("w")
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"
        )
        self.workers = [
            self._start(
                "worker", "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder / name)
            )
            for name in ("one", "two")
        ]

    def _start(self, *words: str) -> psutil.Popen:
        command = [DASK, *words, "--scheduler-file", str(self._file)]
        return psutil.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)

    @property
    def address(self) -> str:
        end = time.monotonic() + LONG
        while not self._file.exists() or not self._file.read_text():
            assert self.scheduler.poll() is None, f"the scheduler ended, with {self.scheduler.returncode}"
            assert time.monotonic() < end, f"the scheduler did not write {self._file} within {LONG} s"
            time.sleep(0.05)
        return str(json.loads(self._file.read_text())["address"])

    def kill_who_works(self) -> None:
        """As when a machine goes: the worker that has a notebook's process, and that process."""
        (busy,) = [worker for worker in self.workers if worker.is_running() and worker.children()]
        children = busy.children(recursive=True)
        for each in (busy, *children):
            each.kill()

    def end(self) -> None:
        for each in (*self.workers, self.scheduler):
            each.kill()
            each.wait(LONG)
        self._log.close()


@pytest.fixture
def cluster(aws: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("dask"))
    yield started
    started.end()


class Seen(Batch):
    """A batch of which is known what runs."""

    last: Batch

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        Seen.last = self


def doing_now() -> str:
    """What the one job that runs is doing, as the progress shows it, once its record is known."""
    (running,) = Seen.last.running_now()
    end = time.monotonic() + LONG
    while not running.record:
        assert time.monotonic() < end, f"its record was not told within {LONG} s"
        threading.Event().wait(0.01)
    return doing(running.record)


def test_a_lost_worker_runs_nothing_twice_and_resume_completes_it(
    aws: Sandbox,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(work, "Batch", Seen)
    shown: list[str] = []
    which = Which([client(tmp_path, name) for name in ("acme", "bolt")])
    how = How(jobs=1, dask=cluster.address)
    created: list[object] = []
    killed = threading.Event()
    aws.before("CreateRole", created.append)

    def kill_once(_: object) -> None:
        if not killed.is_set():
            killed.set()
            shown.append(doing_now())
            cluster.kill_who_works()

    aws.before("AttachRolePolicy", kill_once)
    assert not commands.run(which, how, "apply")
    assert killed.is_set()
    assert shown[0].startswith("change 2 of 3: policy AWSGlueServiceRole on role")
    assert len(created) == 2  # one a client
    found = records(tmp_path)
    assert [record.outcome for record in found["acme/glue"]] == [None]
    assert [record.outcome for record in found["bolt/glue"]] == ["applied"]
    said = capsys.readouterr().out
    assert "FAILED       acme: glue failed" in said
    assert "The run was lost on the cluster: " in said
    assert "It was cut off, or still runs there. Who acts: the engineer looks" in said
    assert commands.run(which, How(dask=cluster.address, resume=True), "apply")
    assert "acme/glue: the last run was cut off" in capsys.readouterr().out
    found = records(tmp_path)
    assert [record.outcome for record in found["acme/glue"]] == [None, "applied"]
    assert len(found["bolt/glue"]) == 1
    assert len(created) == 2
    assert attached(aws, "AWSGlueServiceRole-acme") == attached(aws, "AWSGlueServiceRole-bolt")


def test_ctrl_c_reaches_a_worker_by_the_folder_that_all_share(aws: Sandbox, cluster: Cluster, tmp_path: Path) -> None:
    asked = threading.Event()

    def interrupt(_: object) -> None:
        if not asked.is_set():
            asked.set()
            os.kill(os.getpid(), signal.SIGINT)
            wait_for_file(tmp_path, "*.stop")

    aws.before("CreateRole", interrupt)
    which = Which([client(tmp_path, name) for name in ("acme", "bolt")])
    assert not commands.run(which, How(jobs=1, dask=cluster.address), "apply")
    assert list(records(tmp_path)) == ["acme/glue"]
    (record,) = records(tmp_path)["acme/glue"]
    assert record.outcome == "failed"
    assert "Stopped before policy AWSGlueServiceRole on role AWSGlueServiceRole-acme" in record.reason
    assert list(tmp_path.rglob("*.stop")) == []


def attached(aws: Sandbox, role: str) -> list[str]:
    listed = aws.client("iam").list_attached_role_policies(RoleName=role)
    return [each["PolicyName"] for each in listed["AttachedPolicies"]]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "scheduler", "foo://scheduler:8786"])
def test_without_a_scheduler_nothing_is_started(aws: Sandbox, tmp_path: Path, address: str) -> None:
    with pytest.raises(
        ConnectError, match=rf"There is no Dask scheduler at {address}: .* the engineer corrects --dask"
    ):
        commands.run(Which([client(tmp_path, "acme")]), How(dask=address), "apply")
    assert records(tmp_path) == {}
