"""What happens on a call: from `onemata open` to the end, by clicks, in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from onemata_helpers import Runbook, sandbox
from onemata_helpers.permissions import unscoped
from onemata_helpers.record import Record
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.wait import Wait

from ..conftest import STEPS
from .lab import LONG, Session, opened

pytestmark = pytest.mark.browser

# What differs from run to run of the very same thing.
_VARYING = (
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"query: +\d+",
    r"Rid [0-9A-F]+",
    r"botocore-session-\d+",
    r"A[A-Z]{3}[A-Z0-9]{10,}",
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\s\"]*",
)


def test_ec2_from_open_to_verified(page: Page, folder: Path, aws: Sandbox) -> None:
    with opened(page, "parameters/example", "ec2", cwd=folder) as session:
        session.watch()
        session.run_all()
        session.shows("PLANNED")
        assert session.records[-1].outcome == "planned"
        assert session.accessibility() == []
        _fits(session, 1024)
        session.approve("Jane Doe")
        session.shows("VERIFIED")
        assert session.steps <= 8
        print(f"steps: {session.steps}; longest silence: {session.longest_silence():.1f} s")
        page.emulate_media(color_scheme="dark")
        assert session.accessibility() == []
        notebook = session.saved("VERIFIED: All is in place")
    (live,) = session.records
    assert (live.outcome, live.approved_by, live.plan_digest) == (
        "verified",
        "Jane Doe",
        live.parameters["approved_plan"],
    )
    _reads_well_alone(notebook)
    _opens_to_read(page, folder, session)


def test_its_record_is_that_of_an_unattended_run(page: Page, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox.start(operator_policy=unscoped()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        with opened(page, "parameters/example", "redshift", cwd=folder) as session:
            session.run_all()
            session.approve("Zoë O'Neill", "OPS-1234")
            session.shows("VERIFIED")
    (live,) = session.records
    with sandbox.start(operator_policy=unscoped()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        path = str(folder / "unattended.json")
        unattended = Runbook("redshift", live.parameters | {"record": path}, Wait(tell=lambda _: None))
        for step in STEPS:
            getattr(unattended, step)()
    assert _comparable(live) == _comparable(unattended.recorder.record)


def test_values_are_checked_and_saved_and_make_a_plan_stale(page: Page, folder: Path, aws: Sandbox) -> None:
    file = folder / "parameters/example/glue.yaml"
    before = file.read_text()
    with opened(page, "parameters/example", "glue", "--mask", cwd=folder) as session:
        session.run_all()
        session.shows("Waiting for the approval")
        session.button("Change the values").click()
        session.field("region").fill("us-east-9")
        session.shows("must be an AWS region")
        session.shows("1 value must be corrected: region.")
        expect(session.button("Save")).to_be_disabled()
        session.field("region").fill("us-east-1")
        session.shows("All is saved.")
        assert session.accessibility() == []

        session.field("role_name").fill("AWSGlueServiceRoleOther")
        session.shows("These values have been changed since: role_name.")
        expect(session.button("Approve and")).to_be_disabled()
        assert session.records[-1].parameters["role_name"] == "AWSGlueServiceRoleOnemata"
        session.button("Save").click()
        session.shows("Saved in glue.yaml: role_name.")
        assert file.read_text() == before.replace("AWSGlueServiceRoleOnemata", '"AWSGlueServiceRoleOther"', 1)
        session.shows("role AWSGlueServiceRoleOther")

        # Everything is as it was saved, for a kernel that knows nothing, and a page that was loaded anew.
        session.approve("Jane Doe")
        session.shows("Proven: ")
        notebook = session.saved("Proven: ")
        assert _account_ids_seen(session) == []
    live = session.records[-1]
    assert live.outcome in ("applied", "verified")
    assert live.parameters["role_name"] == "AWSGlueServiceRoleOther"
    assert 'role_name = "AWSGlueServiceRoleOther"' in "".join(_values(notebook)["source"])
    assert live.account_id in json.dumps(notebook)
    assert "onemata-account" not in json.dumps(notebook)


def test_decline_restart_interrupt_and_go_on_with_the_keyboard(page: Page, folder: Path, aws: Sandbox) -> None:
    with opened(page, "parameters/example", "ec2", cwd=folder) as session:
        session.run_cell("runbook.plan()")
        session.shows("Run the cells from the top")
        session.run_all()
        session.shows("Waiting for the approval")
        session.type_into("Or decline", "Not before <Monday>")
        session.click(session.button("Decline"))
        session.shows("DECLINED")
        session.shows("Not before <Monday>")
        assert session.records[-1].outcome == "declined"
        assert not session.records[-1].changes_done

        session.restart_kernel()
        session.run_cell("runbook.apply()")
        session.shows("Run the cells from the top")
        session.run_all()
        expect(session.button("Approve and")).to_be_enabled(timeout=LONG)

        aws.propagation_seconds = 60
        session.is_idle()
        session.field("Approved by").focus()
        page.keyboard.type("Jane Doe")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        session.shows("Approved by Jane Doe")
        session.shows("Waiting:")
        session.interrupt()
        session.shows("Interrupted")
        interrupted = session.records[-1]
        assert (interrupted.outcome, "Interrupted" in interrupted.reason) == ("failed", True)

        aws.propagation_seconds = 0
        session.button("Plan again").focus()
        page.keyboard.press("Space")
        session.approve("Jane Doe")
        session.shows("VERIFIED")
        session.saved("VERIFIED: All is in place")
    assert [record.outcome for record in session.records] == ["declined", "failed", "verified"]


def _comparable(record: Record) -> list[str]:
    """A record without what differs from run to run: times, ids, and the number of looks while waiting."""
    content = record.model_dump(mode="json", exclude={"started", "finished"})
    for call in content["calls"]:
        call |= {"time": "", "request_id": "", "seconds": 0}
    for done in content["changes_done"]:
        done["time"] = ""
    calls = content["calls"]
    content["calls"] = [call for call, before in zip(calls, [None, *calls], strict=False) if call != before]
    text = json.dumps(content, indent=1)
    for varying in _VARYING:
        text = re.sub(varying, "", text)
    return text.splitlines()


def _fits(session: Session, width: int) -> None:
    """At this width nothing of ours is wider than its cell, and no column is so narrow that its words break up."""
    session.page.set_viewport_size({"width": width, "height": 900})
    sizes = session.page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output')]
             .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText.slice(0, 200))"""
    )
    assert sizes == []
    narrow = session.page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output td, .jp-OutputArea-output th')]
             .filter(each => each.innerText.length > 40 && each.clientWidth < 150).map(each => each.innerText)"""
    )
    assert narrow == []
    session.page.set_viewport_size({"width": 1400, "height": 1000})


def _reads_well_alone(notebook: Any) -> None:
    """Without a kernel, scripts and styles: the outcome first, the values that ran, and nothing of a widget."""
    text = json.dumps(notebook, ensure_ascii=False)
    assert "widget" not in text
    assert "onclick" not in text
    first = "".join(notebook["cells"][0]["source"])
    assert "VERIFIED" in first
    assert "Approved by Jane Doe" in first
    assert 'approved_by = "Jane Doe"' in "".join(_values(notebook)["source"])
    assert 'action = "apply"' in "".join(_values(notebook)["source"])


def _values(notebook: Any) -> Any:
    (cell,) = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    return cell


def _opens_to_read(page: Page, folder: Path, before: Session) -> None:
    with opened(page, before.path, cwd=folder) as session:
        session.shows("VERIFIED")
        session.does_not_show("model not found")
        assert session.accessibility() == []
        whole = (folder / before.path).read_bytes()
        session.save()
        session.shows("VERIFIED")
    assert (folder / before.path).read_bytes() == whole


def _account_ids_seen(session: Session) -> list[str]:
    """The account ids that can be read on the screen."""
    found: list[str] = session.page.evaluate(
        """() => { const seen = [];
          const walk = document.createTreeWalker(document.querySelector('.jp-Notebook'), NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) { const node = walk.currentNode;
            if (/\\b\\d{12}\\b/.test(node.data) && node.parentElement.checkVisibility()
                && getComputedStyle(node.parentElement).fontSize !== '0px') seen.push(node.data) }
          return seen }"""
    )
    return found
