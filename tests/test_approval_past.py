"""An approval acts once, whichever machine's records tell so; and it is there for what a cut-off run has left."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers import Runbook, approval_past
from onemata_helpers.errors import PlanChanged
from onemata_helpers.files import read_file
from onemata_helpers.record import now, read_record, write_record
from onemata_helpers.sandbox.server import Sandbox

from .account import in_place, off_cluster
from .conftest import QUIET, Run, run, values
from .test_approval import plan_of
from .test_faults import Killed, fault_at

IN_AN_HOUR = "2999-01-01T12:00:00.000+00:00"
"""By the clock of the machine that wrote the approvals, which goes before that of the machine that applies them."""


@pytest.fixture
def records(aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONEMATA_RECORDS", str(tmp_path))
    return tmp_path / "example" / "redshift"


def refused(again: Run, why: str = "was used up") -> None:
    assert isinstance(again.error, PlanChanged), again.record.outcome
    assert why in str(again.error)
    assert again.writes == []


def killed(aws: Sandbox, write: int, action: str = "apply", **approval: Any) -> None:
    with pytest.raises(Killed), fault_at(write, "killed", aws, []):
        run("redshift", action, **approval)


def rewrite(path: Path, **changes: Any) -> None:
    write_record(path, read_record(path).model_copy(update=changes))


def test_an_approval_from_a_machine_whose_clock_is_fast_acts_once(aws: Sandbox, records: Path) -> None:
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest, "plan_shown": IN_AN_HOUR}
    in_place(run("redshift", **approval))
    off_cluster(aws)
    refused(run("redshift", **approval))
    assert run("redshift", "remove").error is None
    refused(run("redshift", **approval))


def test_an_approval_from_a_machine_whose_clock_is_fast_holds_for_what_a_killed_run_left(
    aws: Sandbox, records: Path
) -> None:
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest, "plan_shown": IN_AN_HOUR}
    killed(aws, 1, **approval)
    in_place(run("redshift", **approval))


def test_what_uses_an_approval_up_while_this_run_waits_for_it_is_seen(
    aws: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a live session the lock is taken only when the plan that is shown is to be applied."""
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest}
    live = Runbook("redshift", values("redshift", action="plan", **approval), QUIET)
    live.connect()
    live.plan()
    live.approve("", "", just_now=False)

    def another_goes_first(_: object) -> None:
        in_place(run("redshift", **approval))
        assert run("redshift", "remove").error is None

    monkeypatch.setattr(live.lock, "take", another_goes_first)
    with pytest.raises(PlanChanged, match="was used up by the run of"):
        live.apply()
    assert live.recorder.record.changes_done == []


def test_a_rehearsal_between_a_cut_off_run_and_the_next_uses_nothing_up(aws: Sandbox, records: Path) -> None:
    """In the sandbox, or for an account that the folder named before."""
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest}
    killed(aws, 1, **approval)
    rehearsed = run("redshift").record
    for path in sorted(records.glob("*.json"))[-1:]:
        assert read_record(path).started == rehearsed.started
        rewrite(path, sandbox=False)
    aws.client("iam").detach_role_policy(
        RoleName="onemata-redshift", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    off_cluster(aws)
    in_place(run("redshift", **approval))


def test_what_another_run_did_of_the_plan_since_it_was_shown_is_not_done_again(aws: Sandbox, records: Path) -> None:
    """A file was approved and not used yet; each night's run did the same; then the client took it away."""
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest, "plan_shown": now()}
    in_place(run("redshift"))
    assert run("redshift", "remove").error is None
    refused(run("redshift", **approval))
    in_place(run("redshift", **approval | {"plan_shown": now()}))


def test_what_a_run_was_doing_while_the_plan_was_made_is_not_done_again(aws: Sandbox, records: Path) -> None:
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest, "plan_shown": now()}
    done = run("redshift").record
    path = max(records.glob("*.json"))
    rewrite(path, started="2026-01-01T00:00:00.000+00:00")
    assert done.finished
    assert run("redshift", "remove").error is None
    refused(run("redshift", **approval))


def test_a_removal_uses_up_the_approval_of_what_a_cut_off_run_was_to_put_in_place(aws: Sandbox, records: Path) -> None:
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest}
    killed(aws, 1, **approval)
    removed = run("redshift", "remove")
    assert removed.record.outcome == "removed"
    refused(run("redshift", **approval), f"by the run of {removed.record.started}, which ended removed")


def test_a_removal_is_approved_once_too(aws: Sandbox, records: Path) -> None:
    in_place(run("redshift"))
    shown = run("redshift", "plan-removal").record.plan
    assert shown is not None
    approval: dict[str, Any] = {"approved_plan": shown.digest, "plan_shown": now()}
    killed(aws, 1, "remove", **approval)
    assert run("redshift", "remove", **approval).record.outcome == "removed"
    in_place(run("redshift"))
    refused(run("redshift", "remove", **approval), "which ended removed. What there is to do now came about since")


def aged(path: Path, *, name: bool, written: bool, days: int = 2) -> Path:
    """As if its run had been begun, or had last written to it, days ago."""
    then = datetime.now(UTC) - timedelta(days=days)
    if name:
        path = path.rename(path.with_name(f"{then:%Y-%m-%dT%H%M%S}.{path.name[18:21]}Z.json"))
    if written:
        os.utime(path, (then.timestamp(), then.timestamp()))
    return path


def test_what_ended_long_before_the_plan_was_shown_is_not_read(
    aws: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def noted(path: Path) -> bytes:
        read.append(path)
        return read_file(path)

    in_place(run("redshift"))
    old = aged(max(records.glob("*.json")), name=True, written=True)
    assert run("redshift", "remove").error is None
    recent = max(records.glob("*.json"))
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest, "plan_shown": now()}
    monkeypatch.setattr(approval_past, "read_file", noted)
    in_place(run("redshift", **approval))
    assert recent in read
    assert old not in read
    read.clear()
    off_cluster(aws)
    run("redshift", approved_plan=approval["approved_plan"])  # when that was shown is not known
    assert old in read


@pytest.mark.parametrize(("name", "written"), [(True, False), (False, True)])
def test_a_long_run_that_ended_since_is_read_and_so_is_one_whose_file_has_lost_its_time(
    aws: Sandbox, records: Path, name: bool, written: bool
) -> None:
    """A notebook may lie open for days before a person clicks; and a backup may bring all files back as of 1970."""
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest, "plan_shown": now()}
    in_place(run("redshift", **approval))
    aged(max(records.glob("*.json")), name=name, written=written, days=300)
    assert run("redshift", "remove").error is None
    max(records.glob("*.json")).unlink()
    refused(run("redshift", **approval))


@pytest.mark.parametrize("damage", ["it is of another version", "it is cut short", "it is a folder"])
def test_a_record_that_may_tell_of_a_use_and_cannot_be_read_is_named(aws: Sandbox, records: Path, damage: str) -> None:
    shown = now()
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest}
    in_place(run("redshift", **approval))
    path = max(records.glob("*.json"))
    text = path.read_text()
    if damage == "it is a folder":
        path.unlink()
        path.mkdir()
    elif damage == "it is cut short":
        path.write_text(text[: len(text) // 2])
    else:
        path.write_text(text.replace("{", '{"later": 1, ', 1))
    in_place(run("redshift", **approval))
    assert run("redshift", "remove").error is None
    refused(run("redshift", **approval), f"{path} cannot be read, and may tell")
    refused(run("redshift", **approval, plan_shown=shown), f"{path} cannot be read, and may tell")
    in_place(run("redshift", **approval, plan_shown=now()))


@pytest.mark.parametrize("damage", ["", "{", "no record"])
def test_what_a_kill_leaves_and_what_tells_of_no_approval_hinders_none(
    aws: Sandbox, records: Path, damage: str
) -> None:
    approval: dict[str, Any] = {"approved_plan": plan_of("redshift").digest}
    (records / "2026-01-01T120000.000Z.json").write_text(damage)
    (records / "notes.json").mkdir()
    killed(aws, 1, **approval)
    in_place(run("redshift", **approval))


def test_a_click_approves_anew_what_the_parameters_had_approved_before(aws: Sandbox, records: Path) -> None:
    approved = plan_of("redshift").digest
    in_place(run("redshift", approved_plan=approved))
    assert run("redshift", "remove").error is None
    for just_now in (False, True):
        book = Runbook("redshift", values("redshift", action="plan", approved_plan=approved), QUIET)
        book.connect()
        book.plan()
        book.approve("Jane", "", just_now=just_now)
        if just_now:
            book.apply()
            book.verify()
            book.finish()
        else:
            with pytest.raises(PlanChanged, match="was used up"):
                book.apply()
    record = read_record(book.recorder.path)
    assert record.outcome == "applied"
    assert record.approved_at
    assert record.parameters["plan_shown"]
