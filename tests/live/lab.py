"""A real JupyterLab, as `onemata open` serves it, in a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Request, Route, expect

from onemata_helpers.record import Record, read_record

from ..processes import running

ONEMATA = str(Path(sys.executable).parent / "onemata")
AXE = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PICTURES = os.environ.get("PYTEST_PICTURES", "")
LONG = 120_000
"""Milliseconds after which a test gives up, on any machine."""

# What JupyterLab itself shows around the notebook is not ours.
OURS = ".jp-OutputArea-output, .jp-MarkdownOutput"
"""What the notebook shows of ours: outputs, and prose with the outcome on top."""
_WATCH = """() => {
  const at = (node) => (node.parentElement?.closest('.jp-Cell')?.innerText ?? '').trim().slice(0, 60);
  window.onemataSigns = [[performance.now(), 'the beginning']];
  window.onemataTexts = [];
  window.onemataWatch?.disconnect();
  window.onemataWatch = new MutationObserver(changes => {
    window.onemataSigns.push([performance.now(), at(changes[0].target)]);
    for (const change of changes) window.onemataTexts.push(...[...change.addedNodes].map(node => node.textContent));
  });
  window.onemataWatch.observe(document.querySelector('.jp-Notebook'),
    {subtree: true, childList: true, characterData: true});
}"""


@contextmanager
def opened(page: Page, *arguments: str, cwd: Path) -> Iterator[Session]:
    """What `onemata open` shows with these arguments; afterwards it was ended with Ctrl-C."""
    command = [ONEMATA, "open", *arguments, "--no-browser"]
    with (
        (cwd / "lab.log").open("w") as log,
        running(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=cwd) as process,
    ):
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), (cwd / "lab.log").read_text()
        page.goto(address)
        expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=LONG)
        yield Session(page, cwd, address)
        page.goto("about:blank")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


class Session:
    """The notebook in the browser: what a person does with it, counting the clicks and keys."""

    def __init__(self, page: Page, folder: Path, address: str) -> None:
        self.page, self._folder = page, folder
        self.path = address.partition("/lab/tree/")[2].partition("?")[0]
        self.steps = 0

    @property
    def notebook(self) -> Any:
        """The notebook as it is saved."""
        return json.loads((self._folder / self.path).read_text(encoding="utf-8"))

    @property
    def records(self) -> list[Record]:
        """The JSON records beside it, from the first to the last."""
        return [read_record(path) for path in sorted((self._folder / self.path).parent.glob("*.json"))]

    def click(self, target: Locator) -> None:
        target.click(timeout=LONG)
        self.steps += 1

    def is_idle(self) -> None:
        """Wait for the kernel: to one that is not there, or at the end of a failed cell, JupyterLab sends no cell."""
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=LONG)

    def run_all(self) -> None:
        self.is_idle()
        self.click(self.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first)
        self.click(self.page.locator("#jp-mainmenu-run .lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True))

    def button(self, name: str) -> Locator:
        return self.page.locator(f".jp-Notebook button.jupyter-button:has-text('{name}')").last

    def field(self, name: str) -> Locator:
        return self.page.get_by_label(name, exact=True)

    def type_into(self, name: str, text: str) -> None:
        self.field(name).fill(text)
        self.steps += 2  # one gets there, and types

    def approve(self, name: str, reference: str = "") -> None:
        expect(self.button("Approve and")).to_be_enabled(timeout=LONG)
        self.type_into("Approved by", name)
        if reference:
            self.type_into("Reference", reference)
        self.click(self.button("Approve and"))

    def shows(self, text: str) -> None:
        """Wait until the notebook shows this."""
        expect(self.page.locator(".jp-Notebook")).to_contain_text(text, timeout=LONG, use_inner_text=True)

    def does_not_show(self, text: str) -> None:
        expect(self.page.locator(".jp-Notebook")).not_to_contain_text(text, timeout=LONG, use_inner_text=True)

    def restart_kernel(self) -> None:
        self.page.locator(
            "[data-command='notebook:restart-kernel'], jp-button[data-command*='restart-kernel']"
        ).first.click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self.is_idle()

    def run_cell(self, source: str) -> None:
        """Run the one cell with this source."""
        self.is_idle()
        cell = self.page.locator(".jp-CodeCell", has_text=source).first
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def interrupt(self) -> None:
        self.page.locator("[data-command='notebook:interrupt-kernel']").first.click()

    def is_saved(self) -> None:
        """Wait until JupyterLab has saved all by itself."""
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty")).to_have_count(0, timeout=LONG)

    def save(self) -> None:
        self.page.keyboard.press("Control+s")

    @contextmanager
    def while_it_is_saved(self, change: Callable[[], None]) -> Iterator[None]:
        """What is done within, happens while the save of this change goes on: JupyterLab saves a change by itself."""
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route) if route.request.method == "PUT" else route.continue_()

        def is_save(request: Request) -> bool:
            return request.method == "PUT" and "/api/contents/" in request.url

        self.page.route("**/api/contents/**", hold)
        with self.page.expect_request(is_save, timeout=LONG):
            change()
        yield
        for route in held:
            route.continue_()
        self.page.unroute("**/api/contents/**", hold)

    def saved(self, text: str) -> Any:
        """The notebook, once this text is in the file."""
        for _ in range(LONG // 500):
            if text in json.dumps(self.notebook, ensure_ascii=False):
                return self.notebook
            time.sleep(0.5)
        raise AssertionError(f"{text} is not in the saved notebook")

    def watch(self) -> None:
        """Note from now on each moment at which anything in the notebook changes."""
        self.page.evaluate(_WATCH)

    def longest_silence(self) -> tuple[float, str]:
        """Seconds between two changes of the notebook at most, since it was last watched, and what it was broken by."""
        signs: list[tuple[float, str]] = self.page.evaluate("window.onemataSigns")
        return max(((after - before) / 1000, where) for (before, _), (after, where) in pairwise(signs))

    def has_shown(self, text: str) -> bool:
        """Whether the notebook showed this since it was last watched, if only for a moment."""
        return bool(self.page.evaluate("text => window.onemataTexts.some(each => each.includes(text))", text))

    def is_in_view(self, target: Locator) -> None:
        """Wait until somebody who does not scroll sees it."""
        expect(target).to_be_in_viewport(timeout=LONG)

    def picture(self, name: str, width: int = 1400, height: int = 1000) -> None:
        """Take a picture of what is in view, in the folder that PYTEST_PICTURES names, if it names one."""
        if PICTURES:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.screenshot(path=Path(PICTURES, f"{name}.png"))
            self.page.set_viewport_size({"width": 1400, "height": 1000})

    def reload(self) -> None:
        """Load the page anew, as with F5."""
        self.page.reload()
        expect(self.page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=LONG)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.steps += 1

    def accessibility(self) -> list[str]:
        """What axe finds in our outputs, with the place of each."""
        self.page.evaluate(AXE)
        found = self.page.evaluate("ours => axe.run(ours, {resultTypes: ['violations']})", OURS)
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]
