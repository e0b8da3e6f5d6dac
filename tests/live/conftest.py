"""A browser for the live tests; where there is none they are skipped, but not in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ..conftest import EXAMPLE
from .lab import LONG

expect.set_options(timeout=LONG)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module's tests. As long as Playwright runs, no other test can have an event loop."""
    if CHROMIUM is None:
        why = "no Chromium is installed, so the live session is not tried in a browser"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"], timeout=LONG
        )
        yield browser
        browser.close()


def patient(context: BrowserContext) -> Page:
    """A new page that waits for as long as it takes."""
    context.set_default_timeout(LONG)
    return context.new_page()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    yield patient(context)
    context.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with the example client in it."""
    shutil.copytree(EXAMPLE, tmp_path / "parameters" / "example")
    return tmp_path
