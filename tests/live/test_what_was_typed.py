"""A click goes with what stood in the fields when it came, however slow the line to the kernel is."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from onemata_helpers.live.typed import READING
from onemata_helpers.sandbox.server import Sandbox

from .lab import opened
from .wire import Wire

pytestmark = pytest.mark.browser


def test_a_click_does_not_overtake_what_was_typed_before_it(page: Page, folder: Path, aws: Sandbox) -> None:
    """The page sends a field's next value only when it has heard that the kernel is done with the one before."""
    wire = Wire(page)
    file = folder / "parameters/example/ec2.yaml"
    file.write_text(file.read_text().replace("configure: ssm", "configure: skip"))
    with opened(page, "parameters/example", "ec2", cwd=folder) as session:
        session.run_all()
        session.is_asked()
        session.button("Change the values").click()
        session.field("role_name").fill("onemata-older")
        expect(session.button("Save")).to_be_enabled()
        wire.hold(READING)
        for typed in ("onemata-old", "onemata-new"):
            session.field("role_name").fill(typed)
        session.button("Save").click()
        session.shows("Saved in ec2.yaml: role_name.")
        assert 'role_name: "onemata-new"' in file.read_text()

        expect(session.button("Approve and")).to_be_enabled()
        wire.hold(READING)
        for typed in ("Jane", "Jane Doe"):
            session.field("Approved by").fill(typed)
        session.field("Reference").fill("OPS")
        session.field("Reference").fill("OPS-1")
        session.button("Approve and").click()
        session.shows("APPLIED")
    live = session.records[-1]
    assert (live.approved_by, live.approval_reference) == ("Jane Doe", "OPS-1")
