"""Who is asked before anything is applied: whoever may sit at the notebook, whatever its front end can do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.execute import execute
from onemata_helpers.live.typed import READING
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.permissions import unscoped
from onemata_helpers.record import Record, read_record
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL

from ..account import off_cluster
from ..conftest import ROLES, STEPS, run, values
from .comparing import OF_THE_APPROVAL, comparable
from .front_end import FrontEnd, front_end

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
LATER = """
from asyncio import Event
from onemata_helpers.live.frontend import on_main
done = Event()
on_main(done.set)
await done.wait()
"""
"""A cell after which what was sent before has been dealt with: it stands behind it."""


def applying(**changes: Any) -> dict[str, Any]:
    return values("redshift", **{"action": "apply"} | changes)


def records(folder: Path) -> list[Record]:
    return [read_record(path) for path in sorted(folder.rglob("*.json"))]


def is_dealt_with(notebook: FrontEnd) -> None:
    """A click, and then what the page answers to it."""
    for _ in range(2):
        assert notebook.run(LATER) == "ok"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEMATA_RECORDS", str(tmp_path / "records"))


@pytest.mark.parametrize("questions", [True, False])
def test_without_widgets_the_digest_in_the_parameters_does_what_the_button_does(
    aws: Sandbox, tmp_path: Path, questions: bool
) -> None:
    with front_end(tmp_path, questions=questions) as notebook:
        notebook.run_all("redshift", **applying())
        (planned,) = records(tmp_path)
        assert (planned.outcome, planned.changes_done) == ("planned", [])
        assert "To approve exactly this plan" in notebook.shown
        assert planned.plan_digest in notebook.shown

        notebook.run_all("redshift", **applying(approved_plan="0" * 20, approved_by="Jane Doe"))
        assert records(tmp_path)[-1].changes_done == []

        notebook.run_all("redshift", **applying(approved_plan=planned.plan_digest, approved_by="Jane Doe"))
    applied = records(tmp_path)[-1]
    assert (applied.outcome, applied.approved_by, applied.approved_at) == ("applied", "Jane Doe", "")
    assert [done.status for done in applied.changes_done] == ["done"] * len(applied.changes_done)


def test_what_is_declined_is_not_applied_and_can_be_planned_again(aws: Sandbox, tmp_path: Path) -> None:
    with front_end(tmp_path) as notebook:
        notebook.run_all("redshift", **applying())
        notebook.type_into("Or decline", "Not before <Monday>")
        notebook.click("Decline")
        notebook.until("DECLINED")
        (declined,) = records(tmp_path)
        assert (declined.outcome, declined.changes_done) == ("declined", [])
        assert "Not before <Monday>" in declined.reason

        notebook.click("Plan again")
        notebook.until("PLANNED")
        notebook.click("Approve and apply")
        notebook.type_into("Approved by", "Jane Doe")  # what was typed may come after the click
        notebook.until("APPLIED")
    assert [record.outcome for record in records(tmp_path)] == ["declined", "applied"]
    assert records(tmp_path)[-1].approved_by == "Jane Doe"


def test_a_click_does_nothing_before_its_own_page_has_told_what_was_typed(aws: Sandbox, tmp_path: Path) -> None:
    """Another page of the same notebook may not have heard of it, like the one that is there after a reload."""
    with front_end(tmp_path) as notebook:
        notebook.links = False
        notebook.run_all("redshift", **applying())
        notebook.type_into("Approved by", "Jane")
        notebook.click("Approve and apply")
        notebook.until_said(READING)
        with notebook.another_page():
            notebook.answer()
        is_dealt_with(notebook)
        (planned,) = records(tmp_path)
        assert (planned.outcome, planned.changes_done) == ("planned", [])

        notebook.links = True
        notebook.type_into("Approved by", "Jane Doe")
        notebook.click("Approve and apply")
        notebook.until("APPLIED")
    assert records(tmp_path)[-1].approved_by == "Jane Doe"


@pytest.mark.parametrize(
    ("service", "changes", "outcome"),
    [("redshift", {"prove": "copy"}, "verified"), ("glue", {"prove": "crawler"}, "applied"), ("ec2", {}, "applied")],
)
def test_its_record_is_that_of_an_unattended_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, changes: dict[str, Any], outcome: str
) -> None:
    given = values(service, action="apply", **changes)
    with sandbox.start(operator_policy=unscoped()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        with front_end(tmp_path) as notebook:
            notebook.run_all(service, **given)
            notebook.type_into("Approved by", "Zoë O'Neill")
            notebook.type_into("Reference", "OPS-1234")
            notebook.click("Approve and apply")
            notebook.until(outcome.upper())
            notebook.run("")  # what the click began has ended
    assert _open_rows(notebook, "Applying the plan.") == len(records(tmp_path)[0].changes_done)
    assert _open_rows(notebook, "Reading everything again.") > 0
    (live,) = records(tmp_path)
    with sandbox.start(operator_policy=unscoped()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        path = tmp_path / "unattended.json"
        told = live.parameters | dict.fromkeys(OF_THE_APPROVAL, "") | {"record": str(path)}
        assert execute(from_notebook(service, told), path, lambda _: None) == ""
    assert (live.outcome, live.approved_by, live.approval_reference) == (outcome, "Zoë O'Neill", "OPS-1234")
    assert live.started < live.approved_at < min(done.time for done in live.changes_done)
    assert read_record(path).approved_at == ""
    assert comparable(live) == comparable(read_record(path))
    _is_kept_whole(tmp_path, live)


def _is_kept_whole(folder: Path, live: Record) -> None:
    """The notebook record of a template that was opened directly: each step with what it showed, once."""
    (notebook,) = [json.loads(path.read_text()) for path in folder.rglob("records/**/*.ipynb")]
    assert live.outcome
    assert live.outcome.upper() in notebook["cells"][0]["source"]
    assert f"on {live.approved_at[:10]} at {live.approved_at[11:19]} UTC" in notebook["cells"][0]["source"]
    shown = {
        re.findall(r"^runbook[.\w]*", "".join(cell["source"]), re.MULTILINE)[-1]: [
            each["data"]["text/plain"] for each in cell["outputs"]
        ]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and cell["outputs"]
    }
    wanted = {"runbook": 2} | {f"runbook.{step}": 1 for step in (*STEPS, "judge")}
    assert {step: len(texts) for step, texts in shown.items()} | {"runbook.judge": 1} == wanted
    assert live.outcome.upper() in shown["runbook"][0]
    assert live.account_id in shown["runbook"][1]
    assert live.plan_digest in shown["runbook.plan"][0]


def test_it_is_said_if_the_notebook_record_cannot_be_written(aws: Sandbox, tmp_path: Path) -> None:
    with front_end(tmp_path) as notebook:
        notebook.run("from onemata_helpers import notebook as module\ndef full(*_): raise OSError(28, 'No space left')")
        notebook.run("module.replace_file = full")
        notebook.run_all("redshift", **applying())
    assert "could not be saved: No space left." in "".join(notebook.printed)
    assert records(tmp_path)[0].outcome == "planned"


def _open_rows(notebook: FrontEnd, title: str) -> int:
    """How many rows of a step were open at its beginning. Each was seen to end by itself."""
    rows = [text.split("\n")[1:] for text in notebook.history if text.startswith(title)]
    still_open = [sum(row.startswith("… ") for row in shown) for shown in rows]
    assert all(before - after in (0, 1) for before, after in pairwise(still_open))
    assert still_open[-1] == 0
    return still_open[0]


def test_outside_of_a_notebook_only_what_is_approved_is_applied(aws: Sandbox, tmp_path: Path) -> None:
    def script(**changes: Any) -> subprocess.CompletedProcess[str]:
        begin = f"from onemata_helpers import begin; r = begin('redshift', {applying(**changes)!r})"
        steps = "; ".join(f"r.{step}()" for step in STEPS)
        return subprocess.run([sys.executable, "-c", f"{begin}; {steps}"], capture_output=True, text=True, cwd=tmp_path)

    refused = script()
    assert refused.returncode == 1
    assert "approved_plan: must be the digest of the plan that was approved" in refused.stderr
    assert records(tmp_path) == []
    planned = script(action="plan")
    assert planned.returncode == 0, planned.stderr
    digest = records(tmp_path)[-1].plan_digest
    assert script(approved_plan=digest).returncode == 0
    assert records(tmp_path)[-1].outcome == "applied"


def test_a_button_approves_the_plan_that_it_stands_under_and_no_other(aws: Sandbox, tmp_path: Path) -> None:
    """The cell with the plan is run again by itself, and the account is another by then."""
    run("redshift")
    aws.client("iam").detach_role_policy(RoleName=ROLES["redshift"], PolicyArn=READ_ONLY)
    with front_end(tmp_path) as notebook:
        notebook.run_all("redshift", **applying())
        notebook.type_into("Approved by", "Jane Doe")
        (before,) = notebook.buttons("Approve and apply: 2 changes")
        off_cluster(aws)
        assert notebook.run("runbook.plan()") == "ok"
        notebook.click_on(before)
        is_dealt_with(notebook)
        assert records(tmp_path)[-1].changes_done == []
        planned = records(tmp_path)[-1]
        assert planned.plan_digest in planned.reason

        notebook.type_into("Approved by", "Jane Doe")
        notebook.click("Approve and apply: 3 changes")
        notebook.until("APPLIED")
    assert len(records(tmp_path)[-1].changes_done) == 3


@pytest.mark.parametrize("changes", [{"role_name": "onemata-other"}, {"role_name": "not a name"}])
def test_a_plan_of_other_values_cannot_be_approved_any_more(
    aws: Sandbox, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """The values are edited and their cell is run; the buttons of the run before still stand further down."""
    with front_end(tmp_path) as notebook:
        notebook.run_all("redshift", **applying())
        notebook.type_into("Approved by", "Jane Doe")
        (before,) = notebook.buttons("Approve and apply")
        notebook.run_all("redshift", **applying(**changes), cells=4)
        notebook.click_on(before)
        is_dealt_with(notebook)
        assert "Out of date" in notebook.shown
    assert [record.changes_done for record in records(tmp_path) if record.changes_done] == []


def test_after_a_beginning_that_failed_no_cell_goes_on_with_the_values_before(aws: Sandbox, tmp_path: Path) -> None:
    """`runbook` is still that of the values before, and somebody runs the other cells one by one."""
    with front_end(tmp_path) as notebook:
        notebook.run_all("redshift", **applying())
        number = len(notebook.buttons("Approve and apply"))
        notebook.run_all("redshift", **applying(role_name="not a name"))
        for cell in STEPS:
            notebook.history.clear()
            assert notebook.run(f"runbook.{cell}()") == "error"
            assert not notebook.history or "mend what it says" in notebook.history[-1]
        assert len(notebook.buttons("Approve and apply")) == number


def test_the_cell_run_again_puts_nothing_back_under_an_approval_that_is_used_up(aws: Sandbox, tmp_path: Path) -> None:
    with front_end(tmp_path) as notebook:
        notebook.run_all("redshift", **applying())
        notebook.type_into("Approved by", "Jane Doe")
        notebook.click("Approve and apply")
        notebook.until("APPLIED")
        assert run("redshift", "remove").record.outcome == "removed"
        assert notebook.run("runbook.apply()") == "ok"
        assert "The approval is used up" in notebook.shown
    assert len(records(tmp_path)[0].changes_done) == 3
