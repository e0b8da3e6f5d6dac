"""A page as PDF, by a browser of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..files import replace_file
from ..redaction import foreign
from ..text import one_line, sentence

_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_SECONDS = 120
# The page has no script and loads nothing, and the browser is to do nothing else.
_SETTINGS = (
    "--headless", "--disable-gpu", "--disable-extensions", "--disable-background-networking", "--disable-sync",
    "--no-first-run", "--no-default-browser-check", "--no-pdf-header-footer",
)  # fmt: skip


def print_to_pdf(page: Path) -> tuple[Path | None, str]:
    """The PDF beside a page; or None, and in a sentence why there is none."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), str(_ON_MACOS) if _ON_MACOS.exists() else None)
    if browser is None:
        return None, "There is no PDF: no Chromium, Chrome or Edge is installed. Any browser prints the page to one."
    with tempfile.TemporaryDirectory(prefix="onemata-pdf-") as folder:
        made = Path(folder) / "page.pdf"
        where = (f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", page.resolve().as_uri())
        as_root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()  # it refuses root without
        try:
            done = subprocess.run(  # noqa: S603 - the browser that was found, and our own page
                [browser, *_SETTINGS, *as_root, *where],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
            pdf = page.with_suffix(".pdf")
            replace_file(pdf, made.read_bytes())
        except subprocess.TimeoutExpired:
            return None, f"There is no PDF: {Path(browser).name} did not end within {_SECONDS} s."
        except FileNotFoundError:
            said = one_line(foreign(done.stderr.strip().rpartition("\n")[2]), 300)
            return None, sentence(f"There is no PDF: {Path(browser).name} made none. {said}")
        except OSError as error:
            return None, f"There is no PDF: {error.strerror}."
    return pdf, ""
