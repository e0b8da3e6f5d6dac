"""What happens on a call: from `onemata open` to the end, by clicks, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from onemata_helpers.sandbox.server import Sandbox

from .lab import LONG, OURS, Session, opened

pytestmark = pytest.mark.browser


def test_ec2_from_open_to_verified(page: Page, folder: Path, aws: Sandbox) -> None:
    with opened(page, "parameters/example", "ec2", cwd=folder) as session:
        session.picture("opened")
        session.watch()
        session.run_all()
        session.shows("PLANNED")
        planning = session.longest_silence()
        assert session.records[-1].outcome == "planned"
        expect(session.field("Approved by")).to_be_focused(timeout=LONG)
        session.is_in_view(session.button("Approve and"))
        session.picture("after-run-all")
        _looks_well(session, "planned")

        session.watch()
        session.approve("Jane Doe")
        session.shows("VERIFIED")
        assert session.has_shown("Reading everything again.")
        applying = session.longest_silence()
        assert session.steps <= 8
        print(f"steps: {session.steps}; longest silence until the plan: {planning}, then until verified: {applying}")
        session.is_in_view(page.locator(".jp-Cell").last.get_by_text("VERIFIED"))
        session.picture("after-approving")
        _looks_well(session, "verified")
        notebook = session.saved("VERIFIED: All is in place")
    (live,) = session.records
    assert (live.outcome, live.approved_by, live.plan_digest) == (
        "verified",
        "Jane Doe",
        live.parameters["approved_plan"],
    )
    _reads_well_alone(notebook)
    _opens_to_read(page, folder, session)


def test_values_are_checked_and_saved_and_make_a_plan_stale(page: Page, folder: Path, aws: Sandbox) -> None:
    file = folder / "parameters/example/glue.yaml"
    before = file.read_text()
    with opened(page, "parameters/example", "glue", "--mask", cwd=folder) as session:
        session.run_all()
        session.shows("Waiting for the approval")
        session.button("Change the values").click()
        session.field("region").fill("us-east-9")
        session.shows("must be an AWS region")
        session.shows("1 value must be corrected: region must be an AWS region")
        expect(session.button("Save")).to_be_disabled(timeout=LONG)
        session.field("region").fill("us-east-1")
        session.shows("All is saved.")
        assert session.accessibility() == []
        session.picture("form", height=2400)

        session.field("role_name").fill("AWSGlueServiceRoleOther")
        session.shows("Changed, and not saved: role_name.")
        expect(session.button("Approve and")).to_be_disabled(timeout=LONG)
        session.picture("stale", height=3400)
        session.button("Take back").click()
        session.shows("All is saved.")
        expect(session.button("Approve and")).to_be_enabled(timeout=LONG)
        assert len(session.records) == 1

        session.field("s3_access").select_option("scoped")
        session.shows("Changed, and not saved: s3_access.")
        session.button("Save").click()
        session.shows("Saved in glue.yaml: s3_access.")
        assert file.read_text() == before.replace("s3_access: managed", 's3_access: "scoped"', 1)
        session.shows("Read access to Onemata's bucket and prefix only.")

        session.approve("Jane Doe")
        session.shows("VERIFIED")
        notebook = session.saved("VERIFIED: All is in place")
        assert _account_ids_seen(session) == []
        session.reload()
        session.shows("VERIFIED")
        assert _account_ids_seen(session) == []
        session.run_cell("runbook.hand_over()")  # it is changed, and saved
        session.shows("hidden")
        session.is_saved()
    with opened(page, session.path, "--mask", cwd=folder) as old:
        old.shows("VERIFIED")
        assert _account_ids_seen(old) == []
    notebook = session.notebook
    planned, live = session.records
    assert (planned.outcome, live.outcome) == ("planned", "verified")
    assert live.parameters["s3_access"] == "scoped"
    assert 's3_access = "scoped"' in "".join(_values(notebook)["source"])
    assert live.account_id in json.dumps(notebook)
    assert "onemata-account" not in json.dumps(notebook)


def test_redshift_with_the_keyboard_only_and_a_page_that_is_loaded_anew(page: Page, folder: Path, aws: Sandbox) -> None:
    with opened(page, "parameters/example", "redshift", cwd=folder) as session:
        session.is_idle()
        session.press("Control+a", "Control+Enter")
        session.shows("PLANNED")
        session.saved("PLANNED: ")
        session.reload()
        session.shows("Run All Cells brings them back.")
        session.does_not_show("model not found")

        session.is_idle()
        session.press("Control+a", "Control+Enter")
        expect(session.field("Approved by")).to_be_focused(timeout=LONG)
        page.keyboard.type("Zoë O'Neill")
        session.press("Tab")
        page.keyboard.type("OPS-1234")
        session.press("Tab", "Space")
        session.shows("VERIFIED")
        assert session.steps <= 8
        session.saved("VERIFIED: All is in place")
        session.reload()
        session.shows("VERIFIED")
        session.does_not_show("model not found")
    live = session.records[-1]
    assert (live.outcome, live.approved_by, live.approval_reference) == ("verified", "Zoë O'Neill", "OPS-1234")


def test_decline_restart_interrupt_and_go_on(page: Page, folder: Path, aws: Sandbox) -> None:
    _without_what_runs_on_the_instance(folder)
    with opened(page, "parameters/example", "ec2", cwd=folder) as session:
        session.run_cell("runbook.plan()")
        session.shows("Run the cells from the top")
        with session.while_it_is_saved(session.run_all):
            session.shows("Waiting for the approval")
            session.type_into("Or decline", "Not before <Monday>")
            session.click(session.button("Decline"))
            session.shows("DECLINED")
        session.saved("DECLINED: ")
        session.shows("Not before <Monday>")
        session.picture("declined")
        assert session.records[-1].outcome == "declined"
        assert not session.records[-1].changes_done

        session.restart_kernel()
        session.run_cell("runbook.apply()")
        session.shows("Run the cells from the top")
        session.run_all()
        aws.propagation_seconds = 60
        session.approve("Jane Doe")
        session.shows("Approved by Jane Doe")
        session.shows("Waiting:")
        session.interrupt()
        session.shows("Interrupted")
        session.is_in_view(page.locator(".jp-Cell", has_text="runbook.apply()").get_by_text("✗ Interrupted"))
        session.shows("Not reached")
        session.picture("interrupted")
        interrupted = session.records[-1]
        assert (interrupted.outcome, "Interrupted" in interrupted.reason) == ("failed", True)

        aws.propagation_seconds = 0
        session.click(session.button("Plan again"))
        session.approve("Jane Doe")
        session.shows("APPLIED")
        session.saved("APPLIED: ")
    assert [record.outcome for record in session.records] == ["declined", "failed", "applied"]


def _without_what_runs_on_the_instance(folder: Path) -> None:
    file = folder / "parameters/example/ec2.yaml"
    file.write_text(file.read_text().replace("configure: ssm", "configure: skip"))


def _looks_well(session: Session, name: str) -> None:
    """In both themes and both widths."""
    for theme in ("light", "dark"):
        session.page.emulate_media(color_scheme=theme)
        expect(session.page.locator(f"body[data-jp-theme-light={str(theme == 'light').lower()}]")).to_be_attached(
            timeout=LONG
        )
        assert session.accessibility() == []
        for width in (1400, 1024):
            session.picture(f"{name}-{theme}-{width}", width=width, height=4200)
    _fits(session, 1024)
    session.page.emulate_media(color_scheme="light")
    expect(session.page.locator("body[data-jp-theme-light=true]")).to_be_attached(timeout=LONG)


def _fits(session: Session, width: int) -> None:
    """At this width nothing of ours is wider than its cell, and no column is so narrow that its words break up."""
    session.page.set_viewport_size({"width": width, "height": 900})
    sizes = session.page.evaluate(
        """ours => [...document.querySelectorAll(ours)]
             .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText.slice(0, 200))""",
        OURS,
    )
    assert sizes == []
    narrow = session.page.evaluate(
        """ours => [...document.querySelectorAll(`:is(${ours}) :is(td, th)`)]
             .filter(each => each.innerText.length > 40 && each.clientWidth < 150).map(each => each.innerText)""",
        OURS,
    )
    assert narrow == []
    session.page.set_viewport_size({"width": 1400, "height": 1000})


def _reads_well_alone(notebook: Any) -> None:
    """Without a kernel, scripts and styles: the outcome first, the values that ran, and nothing of a widget."""
    text = json.dumps(notebook, ensure_ascii=False)
    assert "widget" not in text
    assert "onclick" not in text
    assert "<script" not in text
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
