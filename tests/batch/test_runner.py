"""Jobs side by side, and what becomes of each when one fails, hangs, or somebody stops them."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from onemata_helpers import execute
from onemata_helpers.batch import carry_out, commands
from onemata_helpers.batch.jobs import Job, Result, not_begun
from onemata_helpers.batch.runner import Batch, Running
from onemata_helpers.choices import Action
from onemata_helpers.errors import RecordNotWritten
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.stopping import ask_to_stop

from ..conftest import between_tries_no_time_passes, run
from ..processes import LONG
from .conftest import Approval, How, Planning, Which, client, in_this_process, records


def outcomes(folder: Path) -> dict[str, str | None]:
    return {name: found[-1].outcome for name, found in records(folder).items()}


def clients(folder: Path, *names: str) -> Which:
    return Which([client(folder, name) for name in names])


def test_an_unforeseen_failure_is_that_clients_alone(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def sometimes(
        parameters: ServiceParameters, record: Path, on_process: Callable[[Callable[[], None]], None], *_: object
    ) -> str:
        if parameters.client == "bolt":
            raise MemoryError("no room for\x1b[2J this")
        return in_this_process(parameters, record, on_process)

    monkeypatch.setattr(execute, "execute", sometimes)
    assert not commands.run(clients(tmp_path, "acme", "bolt", "core"), How(jobs=1), "apply")
    assert outcomes(tmp_path) == {"acme/glue": "applied", "bolt/glue": "failed", "core/glue": "applied"}
    said = capsys.readouterr().out
    assert "FAILED       bolt: glue failed\n    glue: This was not foreseen: MemoryError: no room for" in said
    assert "for\\x1b[2J this. Nothing was changed in AWS. Who acts: " in said
    reason = records(tmp_path)["bolt/glue"][-1].reason
    assert reason in said
    assert reason.count("Who acts: ") == 1


def test_a_record_that_was_begun_has_an_end_even_if_nothing_could_be_run(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def disk_is_full(*_: object) -> None:
        raise RecordNotWritten("x.lease cannot be written. Who acts: the engineer corrects that, and runs it again.")

    monkeypatch.setattr(carry_out, "hand_down", disk_is_full)
    assert not commands.run(clients(tmp_path, "acme"), How(), "apply")
    (record,) = records(tmp_path)["acme/glue"]
    assert record.outcome == "failed"
    assert record.reason.startswith("x.lease cannot be written. Nothing was changed in AWS. Who acts: ")
    assert record.reason.endswith(" Who acts: the engineer corrects that, and runs it again.")
    said = capsys.readouterr().out
    assert record.reason in said
    assert "To go on: " in said


def test_a_batch_ends_whatever_becomes_of_a_job(tmp_path: Path) -> None:
    jobs = [Job(from_folder(client(tmp_path, name))["glue"], tmp_path) for name in ("acme", "bolt")]

    def carry(job: Job, _: object) -> Result:
        if job.name == "acme/glue":
            raise KeyError("x")
        return not_begun(job, "applied", "")

    events = islice(Batch(jobs, 1, carry=carry).run(), 40)  # for ten seconds, if nothing comes
    first, second = (event for event in events if isinstance(event, Result))
    assert (first.name, first.outcome, second.outcome) == ("acme/glue", "failed", "applied")
    assert "KeyError" in first.reason


def test_a_log_that_takes_no_more_stops_no_client(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("progress.say", "work.show_recap"):
        full = Mock(side_effect=OSError(ENOSPC, os.strerror(ENOSPC)))
        monkeypatch.setattr(f"onemata_helpers.batch.{place}", full)
    summary = tmp_path / "summary"
    assert commands.run(clients(tmp_path, "acme", "bolt"), How(jobs=1, summary=summary), "apply")
    assert outcomes(tmp_path) == {"acme/glue": "applied", "bolt/glue": "applied"}
    assert summary.exists()


def test_of_a_disk_that_is_full_in_the_middle_each_thing_is_said_once(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the runbook said last is true, which the record does not know of."""
    full = Mock(side_effect=OSError(ENOSPC, os.strerror(ENOSPC)))
    aws.after("AttachRolePolicy", lambda _: monkeypatch.setattr("onemata_helpers.files.tempfile.mkstemp", full))
    assert not commands.run(clients(tmp_path, "acme"), How(jobs=1), "apply")
    said = capsys.readouterr().out.partition("Preflight")[2]
    assert "2 changes done (role AWSGlueServiceRole-acme, policy AWSGlueServiceRole on role" in said
    assert [said.count(each) for each in ("cannot be written", "Who acts: ", "So far: ")] == [1, 1, 1]


def test_a_folder_that_is_no_more_is_that_clients_alone(aws: Sandbox, tmp_path: Path) -> None:
    which = clients(tmp_path, "acme", "bolt")
    place = tmp_path / "records" / "bolt" / "glue"

    def in_the_way(_: object) -> None:
        if place.is_dir():
            place.rmdir()
            place.write_text("a file in place of the folder")

    aws.before("CreateRole", in_the_way)
    assert not commands.run(which, How(jobs=1), "apply")
    assert outcomes(tmp_path) == {"acme/glue": "applied"}


def test_throttling_is_waited_out_and_no_write_is_made_twice(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = clients(tmp_path, "acme", "bolt", "core")
    assert commands.run(which, How(jobs=1), "plan")
    between_tries_no_time_passes(monkeypatch)
    for operation in ("GetCallerIdentity", "GetRole", "CreateRole", "AttachRolePolicy"):
        aws.throttle(operation, 5)
    assert commands.run(which, How(jobs=3), "apply")
    assert set(outcomes(tmp_path).values()) == {"applied"}
    for name, found in records(tmp_path).items():
        made = [call for call in found[-1].calls if call.operation == "CreateRole" and not call.error]
        assert len(made) == 1, name
    assert commands.run(which, How(jobs=3), "apply")
    assert all(call.access == "read" for found in records(tmp_path).values() for call in found[-1].calls)


@pytest.mark.parametrize(("stop_after", "begun"), [(0, 5), (2, 2), (4, 5)])
def test_failures_in_a_row_stop_what_has_not_begun(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], stop_after: int, begun: int
) -> None:
    which = clients(tmp_path, "a", "b", "c", "d", "e")
    aws.fail("CreateRole", "LimitExceeded", times=3)
    assert not commands.run(which, How(jobs=1, stop_after=stop_after), "apply")
    assert len(records(tmp_path)) == begun
    said = capsys.readouterr().out
    assert ("Not begun: 2 runbooks in a row failed (--stop-after)." in said) == (stop_after == 2)
    assert ("To go on with the others: " in said) == (stop_after == 2)
    assert "The client's admin deletes what is not needed, or requests a higher quota." in said


class Hanging:
    """Notebooks as processes that can be killed, and a call of theirs that hangs until then."""

    def __init__(self, aws: Sandbox, operation: str) -> None:
        self.reached, self.killed = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        aws.before(operation, self._hang)

    def _hang(self, _: object) -> None:
        self.reached.set()
        self.killed.wait(60)

    def execute(
        self,
        parameters: ServiceParameters,
        record: Path,
        on_process: Callable[[Callable[[], None]], None],
        *_: object,
    ) -> str:
        on_process(self.killed.set)
        ended: list[str] = []
        runs = threading.Thread(target=lambda: ended.append(in_this_process(parameters, record, on_process)))
        self._threads.append(runs)
        runs.start()
        while runs.is_alive() and not self.killed.wait(0.01):
            pass
        return "The notebook's process ended before its time." if self.killed.is_set() else ended[0]

    def join(self) -> None:
        """A thread cannot be killed: it ends by itself, and must not write into the folder of the next test."""
        for thread in self._threads:
            thread.join()


def test_a_hang_ends_at_the_time_limit_and_says_where(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = Hanging(aws, "AttachRolePolicy")
    monkeypatch.setattr(execute, "execute", hanging.execute)

    def seconds(running: Running) -> float:
        """No time passes until it hangs. Then its time is up, and when it was asked to stop, that for this too."""
        return (121 if running.why_asked else 61) if hanging.reached.is_set() else 0

    monkeypatch.setattr(Running, "seconds", property(seconds))
    assert not commands.run(clients(tmp_path, "acme"), How(time_limit=1), "apply")
    hanging.join()
    said = capsys.readouterr().out
    assert (
        "It did not end within 1 min 0 s (--time-limit), and was killed. It was at: change 2 of 3: policy AWSGlue"
        in said
    )
    assert "A call that was under way may have gone through, too. Who acts: the engineer runs it again" in said


def interrupt(_: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_stops_between_two_changes_and_says_how_to_go_on(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which = clients(tmp_path, "acme", "bolt")
    asked = threading.Event()

    def interrupt_once(call: object) -> None:
        if not asked.is_set():
            asked.set()
            interrupt(call)
            wait_for_file(tmp_path, "*.stop")

    aws.before("CreateRole", interrupt_once)
    assert not commands.run(which, How(jobs=1), "apply")
    (record,) = records(tmp_path)["acme/glue"]
    assert record.outcome == "failed"
    assert "Stopped before policy AWSGlueServiceRole on role AWSGlueServiceRole-acme" in record.reason
    assert [done.status for done in record.changes_done] == ["done"]
    assert list(records(tmp_path)) == ["acme/glue"]
    assert list(tmp_path.rglob("*.stop")) == []
    said = capsys.readouterr().out
    assert "Stopping: nothing more begins. Waiting for acme/glue to come to a safe point. Ctrl-C again kills" in said
    assert "NOT RUN      bolt: glue not run\n    glue: Not begun: the batch was interrupted (Ctrl-C)." in said
    assert said.rstrip().endswith("--resume")
    assert commands.run(which, How(resume=True), "apply")
    assert outcomes(tmp_path) == {"acme/glue": "applied", "bolt/glue": "applied"}


def test_ctrl_c_during_the_sign_in_is_answered_at_once_and_all_is_told(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = threading.Event()

    def interrupt_and_hang(call: object) -> None:
        if not ended.is_set():
            interrupt(call)
            ended.wait(60)

    aws.before("GetCallerIdentity", interrupt_and_hang)
    assert not commands.run(clients(tmp_path, "acme", "bolt"), How(), "apply")
    assert not ended.is_set()
    ended.set()
    assert records(tmp_path) == {}
    said = capsys.readouterr().out
    assert "NOT RUN      bolt: glue not run\n    glue: Not begun: the batch was interrupted (Ctrl-C)." in said
    assert said.rstrip().endswith("--resume")


@pytest.mark.parametrize("after", ["write_approvals", "_plan_of"])
def test_ctrl_c_between_two_parts_of_a_command_is_told(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], after: str
) -> None:
    was = getattr(commands, after)

    def then(*arguments: Any) -> Any:
        interrupt(None)
        return was(*arguments)

    monkeypatch.setattr(commands, after, then)
    which = clients(tmp_path, "acme")
    file = tmp_path / "approvals.yaml"
    written = commands.plan(which, How(), Planning(write_approvals=file))
    assert written == file.exists() == (after == "write_approvals")
    assert ("approvals.yaml was not written." in capsys.readouterr().out) == (not written)
    if after == "_plan_of":
        assert not commands.change(which, How(), "apply", Approval(approve=["0" * 20]))
        assert [record.action for record in records(tmp_path)["acme/glue"]] == ["plan", "plan"]


def wait_for_file(folder: Path, name: str) -> None:
    end = time.monotonic() + LONG
    while not list(folder.rglob(name)):
        assert time.monotonic() < end, f"no {name} in {folder} within {LONG} s"
        threading.Event().wait(0.01)


def test_ctrl_c_twice_kills(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = Hanging(aws, "AttachRolePolicy")
    monkeypatch.setattr(execute, "execute", hanging.execute)

    def impatient() -> None:
        assert hanging.reached.wait(60)
        interrupt(None)
        wait_for_file(tmp_path, "*.stop")
        interrupt(None)

    person = threading.Thread(target=impatient)
    person.start()
    assert not commands.run(clients(tmp_path, "acme"), How(), "apply")
    person.join()
    hanging.join()
    assert "It was killed (Ctrl-C, twice). It was at: change 2 of 3" in capsys.readouterr().out


@pytest.mark.parametrize("step", ["connect", "plan", "apply", "verify"])
def test_a_run_that_is_asked_to_stop_begins_no_further_step(aws: Sandbox, tmp_path: Path, step: str) -> None:
    calls = {"connect": "", "plan": "GetCallerIdentity", "apply": "GetRole", "verify": "AttachRolePolicy"}[step]
    record = tmp_path / "record.json"
    if calls:
        aws.before(calls, lambda _: ask_to_stop(record, "the test asked for it"))
    else:
        ask_to_stop(record, "the test asked for it")
    stopped = run("glue", record=str(record))
    assert stopped.record.outcome == "failed"
    where = "policy AmazonS3FullAccess on role" if step == "verify" else step
    assert f"Stopped before {where}" in stopped.record.reason
    assert "the test asked for it." in stopped.record.reason
    record.with_suffix(".stop").unlink()
    assert run("glue").error is None


def test_resume_leaves_out_what_ended_as_asked_since_the_batch_began(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which = clients(tmp_path, "acme", "bolt")
    assert commands.run(which, How(), "apply")
    aws.fail("GetRole", "AccessDenied")
    assert not commands.run(which, How(jobs=1), "verify")
    capsys.readouterr()
    assert commands.run(which, How(resume=True), "verify")
    assert [len(found) for found in records(tmp_path).values()] == [3, 2]
    said = capsys.readouterr().out
    assert "1 runbook of 2 ended as asked since 20" in said
    assert "2 runbooks of 2 clients" in said
    assert commands.run(which, How(), "verify")  # without --resume all are verified again
    assert [len(found) for found in records(tmp_path).values()] == [4, 3]


def test_resume_runs_again_what_has_other_parameters_now(aws: Sandbox, tmp_path: Path) -> None:
    which = clients(tmp_path, "acme")
    assert commands.run(which, How(), "apply")
    file = which.folders[0] / "glue.yaml"
    file.write_text(file.read_text().replace("s3_access: managed", "s3_access: scoped"))
    assert commands.run(which, How(resume=True), "apply")
    assert len(records(tmp_path)["acme/glue"]) == 2
    file.write_text(file.read_text().replace('approval_reference: ""', 'approval_reference: "OPS-1"'))
    assert commands.run(which, How(resume=True), "apply")
    assert len(records(tmp_path)["acme/glue"]) == 2


def resumed(which: Which, action: Action = "verify", **how: Any) -> bool:
    return commands.run(which, How(resume=True, **how), action)


def test_resume_knows_no_end_that_is_older_than_this_command(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both, other = clients(tmp_path, "acme", "bolt"), clients(tmp_path / "more", "core")
    third = Which([*both.folders, *other.folders])
    assert commands.run(third, How(), "apply")
    assert commands.run(other, How(), "verify")  # long ago
    assert commands.run(both, How(), "verify")
    capsys.readouterr()
    assert resumed(third)  # it never began before
    assert len(records(tmp_path)["core/glue"]) == 3
    assert "Nothing here tells when this command last began, so nothing counts as done." in capsys.readouterr().out


def test_resume_knows_no_end_that_is_still_to_come(aws: Sandbox, tmp_path: Path) -> None:
    which = clients(tmp_path, "acme")
    assert commands.run(which, How(), "apply")
    (path,) = tmp_path.rglob("*Z.json")
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    path.write_text(re.sub('"started": ".*"', f'"started": "{ahead}"', path.read_text()))
    assert resumed(which, "apply")
    assert len(records(tmp_path)["acme/glue"]) == 2


def test_another_commands_beginning_is_not_this_ones(aws: Sandbox, tmp_path: Path) -> None:
    both, other = clients(tmp_path, "acme", "bolt"), clients(tmp_path / "more", "core")
    assert commands.run(both, How(), "apply")
    assert commands.run(other, How(), "apply")
    again = Which([Path(os.path.relpath(folder)) for folder in reversed(both.folders)])
    assert resumed(again, "apply")  # the same clients, named otherwise
    assert [len(found) for found in records(tmp_path).values()] == [1, 1, 1]


@pytest.mark.parametrize("marks", [None, "", "yesterday", "2026-01-01T12:00:00"])
def test_without_a_beginning_nothing_counts_as_done(aws: Sandbox, tmp_path: Path, marks: str | None) -> None:
    which = clients(tmp_path, "acme")
    assert commands.run(which, How(), "apply")
    (mark,) = (tmp_path / "records").glob(".*")
    mark.unlink()
    if marks is not None:
        mark.write_text(marks)
    assert resumed(which, "apply")
    assert len(records(tmp_path)["acme/glue"]) == 2


def test_an_account_that_refused_is_run_though_it_was_verified_long_ago(aws: Sandbox, tmp_path: Path) -> None:
    which = Which([client(tmp_path, "acme")], skip_invalid=True)
    assert commands.run(which, How(), "apply")
    assert commands.run(which, How(), "verify")
    aws.fail("GetCallerIdentity", "AccessDenied")
    assert not commands.run(which, How(), "verify")
    assert resumed(which)
    assert len(records(tmp_path)["acme/glue"]) == 3


@pytest.mark.parametrize(("role", "together"), [("AWSGlueServiceRole-shared", False), ("", True)])
def test_a_role_that_several_clients_folders_name_is_one_jobs_at_a_time(
    tmp_path: Path, role: str, together: bool
) -> None:
    folders = [client(tmp_path, name, prefix=f"{name}/", **({"role_name": role} if role else {})) for name in "ab"]
    both = threading.Barrier(2)

    def carry(job: Job, _: object) -> Result:
        try:
            both.wait(LONG if together else 0.3)
        except threading.BrokenBarrierError:
            return Result(job.parameters.client, "glue", "failed", "It was alone.")
        return Result(job.parameters.client, "glue", "applied", "")

    todo = [Job(from_folder(folder)["glue"], tmp_path / "records") for folder in folders]
    ended = [each for each in Batch(todo, 2, carry=carry).run() if isinstance(each, Result)]
    assert {each.outcome for each in ended} == {"applied" if together else "failed"}
