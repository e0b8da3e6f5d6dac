"""What the client is given after the call: the record as one page. Whatever is in it, nothing acts."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from onemata_helpers.cli import app
from onemata_helpers.handout.export import page
from onemata_helpers.handout.sanitised import output, prose
from onemata_helpers.notebook import as_record, template
from onemata_helpers.record import SANDBOX_NOTICE, Record
from onemata_helpers.sandbox.server import Sandbox

from .conftest import SERVICES, run
from .pages import HOSTILE, Found, acts, hostile


def onemata(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    return done.exit_code, done.output


def recorded(service: str = "glue", **changes: Any) -> Record:
    return run(service, **changes).record


def shown_by(text: str) -> dict[str, Any]:
    """A notebook that says this everywhere."""
    notebook = template("glue")
    outputs: list[dict[str, Any]] = [
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": [text, text]}},
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "error", "ename": "E", "evalue": text, "traceback": [f"\x1b[31m{text}", text]},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"application/javascript": text, "image/svg+xml": text},
        },
        {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.jupyter.widget-view+json": {}}},
    ]
    for cell in notebook["cells"]:
        cell["source"] = text
        if cell["cell_type"] == "code":
            cell["outputs"] = outputs
    notebook["cells"].append({"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": text})
    return notebook


@given(hostile)
@settings(max_examples=150)
def test_nothing_of_a_notebook_from_elsewhere_acts(text: str) -> None:
    assert acts(prose(text)) == []
    assert acts(output({"data": {"text/html": text}})) == []
    assert acts(output({"data": {"text/plain": text}})) == []
    assert acts(output({"output_type": "stream", "text": [text]})) == []


def test_nothing_of_a_record_from_elsewhere_acts() -> None:
    text = "\n\n".join(HOSTILE)
    record = Record.model_validate(
        recorded().model_dump() | {"client": text, "service": text, "reason": text, "region": text}
    )
    for whole in (page(shown_by(text), record, Path("x.json")), page(None, record, Path("x.json"))):
        assert acts(whole) == []
        assert "default-src 'none'" in whole
        assert "script-src" not in whole
        assert "\x1b" not in whole
        assert "widget" not in whole


def test_our_own_views_stay_as_they_look(aws: Sandbox) -> None:
    """What is taken away from a view of ours would be missing to the client."""
    for service in SERVICES:
        shown = page(None, recorded(service), Path("records/example/glue/x.json"))
        badges = re.findall(r'<strong style="white-space: nowrap; color: #fff; background: #[0-9a-f]{6};', shown)
        assert len(badges) > 3
        assert 'scope="row"' in shown
        assert shown.index("APPLIED") < shown.index("The plan") < shown.index("Hand over")
        assert shown.count(SANDBOX_NOTICE) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_what_only_its_operator_needs_is_not_on_the_page(service: str) -> None:
    notebook = template(service)
    shown = Found(page(notebook, None, Path("x.json"))).text
    for begin in ("To begin:", "In a notebook that", "In the template", "Unattended there are", "run this cell"):
        assert begin not in shown
    for cell in notebook["cells"]:
        begin = re.split("[\n`*]", "".join(cell["source"]))[0].lstrip("# ")
        if cell["cell_type"] == "markdown":
            assert (begin in shown) == ("tags" not in cell["metadata"]), begin


def test_no_tag_hides_what_was_run() -> None:
    notebook = template("glue")
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["for-the-operator"]
        cell |= {"outputs": [{"output_type": "stream", "text": "x was done"}]} if cell["cell_type"] == "code" else {}
    shown = Found(page(notebook, None, Path("x.json"))).text
    assert shown.count("x was done") == sum(cell["cell_type"] == "code" for cell in notebook["cells"])


@pytest.fixture
def kept(aws: Sandbox, tmp_path: Path) -> Path:
    """A record with its notebook, made without a kernel."""
    path = tmp_path / "records/example/glue/2026-01-01T120000.000Z.json"
    record = recorded()
    path.parent.mkdir(parents=True)
    path.write_text(record.model_dump_json())
    path.with_suffix(".ipynb").write_text(json.dumps(as_record(template("glue"), record, path)))
    return path


def no_browser(patch: pytest.MonkeyPatch, folder: Path, script: str = "") -> None:
    """Only this program is there to print, or none."""
    (folder / "bin").mkdir()
    if script:
        (folder / "bin/chromium").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin/chromium").chmod(0o755)
    patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}/bin" if script else str(folder / "bin"))


@pytest.mark.parametrize("named", [".json", ".ipynb", ""])
def test_a_record_is_exported_by_any_of_its_names(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    no_browser(monkeypatch, tmp_path)
    code, said = onemata("export", kept.with_suffix(named))
    assert code == 0
    assert said.splitlines()[0] == str(kept.with_suffix(".html"))
    assert "There is no PDF: no Chromium, Chrome or Edge is installed." in said
    whole = kept.with_suffix(".html").read_text()
    assert whole.index("APPLIED") < whole.index("1. Parameters")
    assert "records/example/glue/2026-01-01T120000.000Z.json" in whole
    assert '<summary class="quiet">Code</summary>' in whole
    assert acts(whole) == []
    assert str(tmp_path) not in whole


def test_what_is_missing_is_said_on_the_page(kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_browser(monkeypatch, tmp_path)
    notebook = kept.with_suffix(".ipynb").read_text()
    kept.with_suffix(".ipynb").write_text("{")
    assert onemata("export", kept)[0] == 0
    assert "made of the JSON record alone" in kept.with_suffix(".html").read_text()
    kept.with_suffix(".ipynb").write_text(notebook)
    kept.rename(tmp_path / "elsewhere.json")
    assert onemata("export", kept.with_suffix(".ipynb"))[0] == 0
    assert "made of the notebook alone" in kept.with_suffix(".html").read_text()
    cut_off = Record.model_validate_json((tmp_path / "elsewhere.json").read_text()).model_copy(update={"outcome": None})
    whole = page(template("glue"), cut_off, kept)
    assert "No outcome is on record" in whole
    assert SANDBOX_NOTICE in whole


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"a": 1}'])
def test_what_is_no_record_is_refused_in_a_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    code, said = onemata("export", path)
    assert code == 2
    assert "cannot be exported" in said
    assert content is not None or said.startswith(f"{path} cannot be exported: ")
    assert "Who acts: the engineer names a record" in said
    assert "Traceback" not in said
    assert not path.with_suffix(".html").exists()


@pytest.mark.parametrize("address", ["s3://b", "s3://b/x.json", "s3://b/../../../x.json", "s3://b/p/../glue/x.json"])
def test_what_is_no_record_in_a_bucket_is_refused(address: str) -> None:
    code, said = onemata("export", address)
    assert code == 2
    assert "Traceback" not in said


def test_a_browser_that_fails_makes_no_pdf_and_says_so(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_browser(monkeypatch, tmp_path, "echo 'no display \033[2J' >&2; exit 1")
    code, said = onemata("export", kept)
    assert code == 0
    assert "There is no PDF: chromium made none. no display \\x1b[2J." in said
    assert kept.with_suffix(".html").exists()
    assert not kept.with_suffix(".pdf").exists()


def test_the_browser_is_told_the_page_and_nothing_else(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    to_pdf = 'for a in "$@"; do case $a in --print-to-pdf=*) echo "$@" > "${a#--print-to-pdf=}";; esac; done'
    no_browser(monkeypatch, tmp_path, to_pdf)
    code, said = onemata("export", kept)
    assert code == 0
    assert said.splitlines()[1] == str(kept.with_suffix(".pdf"))
    told = kept.with_suffix(".pdf").read_text().split()
    assert told[-1] == kept.with_suffix(".html").as_uri()
    assert "--headless" in told
    assert kept.with_suffix(".pdf").stat().st_mode & 0o077 == 0


def test_a_link_in_the_place_of_the_pdf_is_replaced_and_not_followed(
    kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_browser(monkeypatch, tmp_path, 'for a in "$@"; do case $a in --print-to-pdf=*) echo > "${a#*=}";; esac; done')
    (tmp_path / "mine").write_text("mine")
    kept.with_suffix(".pdf").symlink_to(tmp_path / "mine")
    assert onemata("export", kept)[0] == 0
    assert (tmp_path / "mine").read_text() == "mine"
    assert kept.with_suffix(".pdf").read_text() == "\n"
    assert not kept.with_suffix(".pdf").is_symlink()


@pytest.mark.parametrize(
    ("metadata", "code"),
    [("{}", 0), (f'{{"a": {"[" * 900}{"]" * 900}}}', 2)],
    ids=["no outputs", "nested deeply"],
)
def test_a_notebook_from_elsewhere_has_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str, code: int
) -> None:
    no_browser(monkeypatch, tmp_path)
    cells = '[{"cell_type": "code", "metadata": {}, "source": "x"}]'
    (tmp_path / "x.ipynb").write_text(f'{{"nbformat": 4, "metadata": {metadata}, "cells": {cells}}}')
    assert onemata("export", tmp_path / "x.ipynb")[0] == code


def test_what_is_begun_and_never_ended_is_text() -> None:
    shown = output({"data": {"text/html": "<script>1</script>" + "<script>2" * 20 + "<style>3" * 20}})
    assert (shown.count("1"), shown.count("2"), shown.count("3")) == (0, 20, 20)
    assert acts(shown) == []
