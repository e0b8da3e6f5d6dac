"""The status page in a real browser: its columns sort, its links open, and it is readable in both themes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from ..status.conftest import BAD, GOOD, OPEN, keeping, planned
from .lab import AXE, ONEMATA
from .test_handout import SCHEMES, heard

pytestmark = pytest.mark.browser


@pytest.fixture
def status(tmp_path: Path) -> Path:
    """The page of four clients: one of them drifted, and the others failed, wait and are verified."""
    keep = keeping(tmp_path)
    keep("bolt", 3, "apply", "waiting", reason="Onemata must answer first.")
    keep("acme", 9, "apply", "verified", checks=[GOOD])
    keep("dusk", 1, "apply", "applied", checks=[GOOD])
    keep(
        "dusk",
        8,
        "verify",
        "failed",
        checks=[GOOD, BAD],
        plan=planned(OPEN),
        reason="It differs. Who acts: the client.",
    )
    keep("core", 5, "apply", "failed", service="ec2", reason="It broke. Who acts: the engineer runs it again.")
    page = tmp_path / "status.html"
    with page.open("w") as file:
        subprocess.run([ONEMATA, "status", "--format", "html"], cwd=tmp_path, check=True, stdout=file)
    return page


def clients(page: Page) -> list[str]:
    return [text.split()[0] for text in page.locator("tbody th").all_inner_texts()]


def test_a_click_on_a_header_sorts_the_rows_and_another_the_other_way(page: Page, status: Path) -> None:
    said = heard(page)
    page.goto(status.as_uri())
    assert said == [status.as_uri()]
    assert set(clients(page)[:2]) == {"core", "dusk"}  # those that need somebody come first
    page.get_by_role("button", name="Client").click()
    assert clients(page) == ["acme", "bolt", "core", "dusk"]
    expect(page.get_by_role("columnheader", name="Client")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Client").click()
    assert clients(page) == ["dusk", "core", "bolt", "acme"]
    expect(page.get_by_role("columnheader", name="Client")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="glue").focus()
    page.keyboard.press("Enter")
    assert clients(page) == ["dusk", "bolt", "acme", "core"]
    expect(page.get_by_role("columnheader", name="Client")).not_to_have_attribute("aria-sort", "descending")


def test_a_link_opens_the_record(page: Page, status: Path) -> None:
    page.goto(status.as_uri())
    (record,) = (status.parent / "records/acme/glue").glob("*.ipynb")
    page.get_by_role("row", name="acme").get_by_role("link", name="verified").click()
    expect(page).to_have_url(record.as_uri())
    expect(page.locator("body")).to_have_text(record.read_text())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_is_readable(browser: Browser, status: Path, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(viewport={"width": 1024, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(status.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024
    for each in page.locator("details").all():
        each.evaluate("details => { details.open = true }")
    page.evaluate(AXE)
    wrong = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in wrong] == []
    context.close()
