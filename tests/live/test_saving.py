"""The notebook is saved without a question, however its saves meet."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from onemata_helpers.sandbox.server import Sandbox

from .lab import opened

pytestmark = pytest.mark.browser


def test_a_save_during_an_autosave_waits_for_it(page: Page, folder: Path, aws: Sandbox) -> None:
    """Until it has looked at what it wrote, JupyterLab takes that for somebody else's change."""
    written: list[Route] = []
    looking: list[Route] = []

    def slow(route: Route) -> None:
        if route.request.method == "PUT":
            written.append(route)
        if "hash=1" in route.request.url and written and not looking:
            looking.append(route)
        else:
            route.continue_()

    with opened(page, "parameters/example", "ec2", cwd=folder) as session:
        session.is_saved()
        page.route("**/api/contents/**", slow)
        with page.expect_request(lambda request: "hash=1" in request.url and bool(written)):
            session.run_cell("runbook.connect()")
        session.save()
        with page.expect_request(lambda request: request.method == "PUT"):
            for route in looking:
                route.continue_()
        expect(page.get_by_text("File Changed")).to_have_count(0)
        session.is_saved()
