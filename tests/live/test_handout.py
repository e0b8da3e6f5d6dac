"""The client's pages in a real browser: readable in both themes, on paper, and with nothing that calls elsewhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from onemata_helpers.notebook import as_record, template

from ..conftest import run
from .lab import AXE, ONEMATA

pytestmark = pytest.mark.browser
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def pages(folder: Path) -> list[Path]:
    """The page before the call, and the page and PDF of a record."""
    record = run("redshift").record
    path = folder / "records/example/redshift/2026-01-01T120000.000Z.json"
    path.parent.mkdir(parents=True)
    path.write_text(record.model_dump_json())
    path.with_suffix(".ipynb").write_text(json.dumps(as_record(template("redshift"), record, path)))
    for command in (["prepare", "parameters/example"], ["export", str(path.relative_to(folder))]):
        subprocess.run([ONEMATA, *command], cwd=folder, check=True, capture_output=True)
    return [folder / "records/example/prepare.html", path.with_suffix(".html"), path.with_suffix(".pdf")]


def heard(page: Page) -> list[str]:
    """What the page asks for and complains of, from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: said.append(request.url))
    return said


@pytest.mark.parametrize("scheme", SCHEMES)
def test_they_are_readable_everywhere_and_call_nowhere(
    browser: Browser, folder: Path, aws: object, scheme: Literal["light", "dark"]
) -> None:
    *found, pdf = pages(folder)
    assert pdf.read_bytes().startswith(b"%PDF-")
    for path in found:
        context = browser.new_context(viewport={"width": 1024, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        said = heard(page)
        page.goto(path.as_uri())
        assert said == [path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= 1024
        assert page.get_by_role("button", name="Copy").count() == (path.name == "prepare.html")
        context.close()
        context = browser.new_context(color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate(AXE)
        wrong = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in wrong] == []
        context.close()


def test_on_paper_what_is_folded_is_open_and_the_code_is_left_out(browser: Browser, folder: Path, aws: object) -> None:
    _, exported, _ = pages(folder)
    page = browser.new_page()
    page.goto(exported.as_uri())
    expect(page.locator("details:not(.code) li").first).to_be_hidden()
    expect(page.locator("details.code summary").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("details:not(.code) li").first).to_be_visible()
    expect(page.locator("details.code summary").first).to_be_hidden()
    page.close()
