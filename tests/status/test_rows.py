"""What the records say of a client's service: outcome, last verification, drift, and whose turn it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onemata_helpers.archive import Folder, NoRecords
from onemata_helpers.lock import ChangeLock
from onemata_helpers.status.rows import Row, rows
from onemata_helpers.told import Told
from onemata_helpers.wait import Wait

from .conftest import BAD, GOOD, IN_ORDER, OPEN, Keep, planned


def only(tmp_path: Path) -> Row:
    (row,) = rows(Folder(tmp_path / "records"))
    return row


def test_the_newest_run_and_the_last_verification(keep: Keep, tmp_path: Path) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, "verify", "applied", checks=[GOOD, GOOD | {"result": "not provable from here"}])
    last = keep(
        "acme", 3, "verify", "failed", reason="AWS refused iam:GetRole. Who acts: the client's admin allows it."
    )
    row = only(tmp_path)
    assert (row.client, row.service, row.outcome, row.action) == ("acme", "glue", "failed", "verify")
    assert row.ended is not None
    assert row.verified is not None
    assert (row.ended.day, row.verified.day, row.proven) == (3, 2, "1 of 2 proven")
    assert [(wait.who, wait.what) for wait in row.waits] == [("client", "The client's admin allows it.")]
    assert Path(row.record).resolve() == last.with_suffix(".ipynb")
    assert row.drift is None


def test_drift_is_what_a_later_look_found_changed(keep: Keep, tmp_path: Path) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, "verify", "failed", plan=planned(OPEN, IN_ORDER), checks=[GOOD, BAD])
    keep("acme", 3, "verify", "failed", reason="No connection.")
    row = only(tmp_path)
    assert row.drift is not None
    assert row.drift.what == ("policy X on role r",)
    assert (row.drift.found.day, row.drift.since.day) == (2, 1)
    keep("acme", 4, "apply", "verified", checks=[GOOD])
    assert only(tmp_path).drift is None


@pytest.mark.parametrize(
    "later",
    [
        {"action": "plan", "outcome": "planned", "plan": planned(IN_ORDER)},
        {"action": "plan", "outcome": "planned", "plan": planned(OPEN), "parameters": {"role_name": "another"}},
        {"action": "remove", "outcome": "failed", "plan": planned(OPEN)},
        {"action": "apply", "outcome": None, "plan": planned(OPEN)},
    ],
)
def test_what_is_no_drift(keep: Keep, tmp_path: Path, later: dict[str, object]) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, **later)
    assert only(tmp_path).drift is None


def test_parameters_of_the_approval_make_no_other_subject(keep: Keep, tmp_path: Path) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD], parameters={"role_name": "r", "approved_plan": "ab"})
    keep("acme", 2, "plan", "planned", plan=planned(OPEN))
    assert only(tmp_path).drift is not None


UNPROVEN = GOOD | {"result": "not provable from here", "evidence": "The client proves it."}
NO = "No.\nWho acts: the client's admin looks."
APPLIED_FIRST = (
    ["engineer", "client"],
    "The engineer has a new plan approved, and applies it. The client's admin looks.",
)
LOOKED_AT = (["client"], "The client's admin looks.")


@pytest.mark.parametrize(
    ("outcome", "values", "who", "what"),
    [
        ("waiting", {"reason": "Onemata has not given it."}, ["Onemata"], "Onemata has not given it."),
        ("planned", {"plan": planned(OPEN), "plan_digest": "abc"}, ["client"], "approves the plan abc (1 change)"),
        ("planned", {"plan": planned(IN_ORDER)}, [], ""),
        ("blocked", {"reason": "role r: It is there. The client decides: another name."}, ["client"], "another name."),
        ("blocked", {"reason": "role r: It is odd."}, ["engineer"], "reads the record"),
        ("failed", {"reason": "No. Who acts: Onemata opens it; the client waits."}, ["Onemata"], "Onemata opens it;"),
        ("failed", {"checks": [BAD | {"evidence": NO}, UNPROVEN]}, *LOOKED_AT),
        ("failed", {"checks": [BAD]}, ["engineer"], "reads the record"),
        ("failed", {"action": "verify", "plan": planned(OPEN), "checks": [BAD | {"evidence": NO}]}, *APPLIED_FIRST),
        ("failed", {"action": "verify", "plan": planned(IN_ORDER), "checks": [BAD | {"evidence": NO}]}, *LOOKED_AT),
        ("applied", {"checks": [UNPROVEN]}, ["client"], "The client proves it."),
        ("verified", {"checks": [GOOD]}, [], ""),
        ("removed", {"action": "remove"}, [], ""),
        (None, {"doing": "change 2 of 3"}, ["engineer"], "completes what was begun"),
    ],
)
def test_whose_turn_it_is(
    keep: Keep, tmp_path: Path, outcome: str | None, values: dict[str, object], who: list[str], what: str
) -> None:
    keep("acme", 1, **{"action": "apply", "outcome": outcome} | values)
    row = only(tmp_path)
    assert [wait.who for wait in row.waits] == who
    assert what in " ".join(wait.what for wait in row.waits)


def test_a_run_without_an_end_is_shown_as_such(keep: Keep, tmp_path: Path) -> None:
    keep("acme", 1, "apply", None, doing="change 2 of 3: policy X")
    row = only(tmp_path)
    assert row.outcome == "cut off"
    assert row.reason == "It has no end: it was cut off, or still runs and only reads, at: change 2 of 3: policy X."


def test_a_run_that_changes_things_now_is_no_cut_off_one(keep: Keep, tmp_path: Path) -> None:
    record = keep("acme", 1, "apply", None, doing="change 2 of 3: policy X")
    lock = ChangeLock(record, "acme", "glue")
    lock.take(Wait())
    row = only(tmp_path)
    assert (row.outcome, row.reason, row.waits) == (
        "running",
        "It changes things now, at: change 2 of 3: policy X.",
        (),
    )
    lock.release()
    assert only(tmp_path).outcome == "cut off"


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\xff", '{"action": "apply", "outcome": "wonderful"}'])
def test_one_that_cannot_be_read_is_a_row(keep: Keep, tmp_path: Path, content: str) -> None:
    keep("acme", 1, "apply", "verified", checks=[GOOD])
    keep("acme", 2, "verify", "verified").write_text(content)
    row = only(tmp_path)
    assert (row.outcome, row.proven) == ("unreadable", "1 of 1 proven")
    assert row.waits[0].who == "engineer"


def test_a_pipe_in_the_place_of_a_record_is_not_waited_for(keep: Keep, tmp_path: Path) -> None:
    os.mkfifo(keep("acme", 1, "verify", "verified").with_name("2026-01-02T120000.000Z.json"))
    assert only(tmp_path).outcome == "unreadable"


def test_a_place_that_cannot_be_looked_into_is_a_row(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("acme", 1, "apply", "verified")
    archive = Folder(tmp_path / "records")
    archive.unread["bolt"] = "The folder cannot be read: Permission denied."
    assert [(row.client, row.outcome) for row in rows(archive)] == [("acme", "verified"), ("bolt", "unreadable")]


def test_only_what_is_needed_is_read(keep: Keep, tmp_path: Path) -> None:
    for day in range(1, 20):
        keep("acme", day, "verify", "verified", checks=[GOOD], plan=planned(IN_ORDER))
    archive, read = Folder(tmp_path / "records"), []

    class Counting(Folder):
        def read(self, name: str) -> bytes:
            read.append(name)
            return archive.read(name)

    assert rows(Counting(tmp_path / "records"))[0].outcome == "verified"
    assert read == ["acme/glue/2026-01-19T120000.000Z.json"]


def test_no_such_place(tmp_path: Path) -> None:
    with pytest.raises(NoRecords, match="No such file"):
        rows(Folder(tmp_path / "records"))


def test_other_files_are_none_of_ours(keep: Keep, tmp_path: Path) -> None:
    path = keep("acme", 1, "apply", "verified")
    for name in ("notes.json", "2026-01-02T120000.000Z.stop", "2026-01-02.json"):
        (path.parent / name).write_text("x")
    (tmp_path / "records" / "batch.log").write_text("x")
    assert only(tmp_path).outcome == "verified"


def test_a_record_of_a_run_is_read(keep: Keep) -> None:
    told = Told.model_validate_json(keep("acme", 1, "apply", "verified", checks=[GOOD], plan=planned(OPEN)).read_text())
    assert told.plan is not None
    assert told.plan.open == ["policy X on role r"]
