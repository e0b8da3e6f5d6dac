"""The executed notebook is the one that a real kernel gives: outputs, order, counts, errors, papermill's metadata."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from onemata_helpers import sandbox
from onemata_helpers.permissions import unscoped
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.warm.engine import FORKED
from onemata_helpers.warm.process import warm

from ..conftest import ROOT, SERVICES, values
from ..forked_cli.program import forked_cli
from .nasty import nasty

# What is another in each run.
_PASSING = [
    (re.compile(r"ipykernel_\d+"), "ipykernel_N"),
    (re.compile(r"(?<=model_id\": \")[0-9a-f]{32}"), "ID"),
    (re.compile(r"0x[0-9a-f]{6,}"), "0xN"),
    (re.compile(r"(CPU times|Wall time): [^\\]*"), r"\1"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.+]+Z?"), "TIME"),
]
_MADE_UP = re.compile(r"[0-9a-f]{32}")


def told(executed: Any) -> Any:
    """The notebook without what passes: times, durations, addresses, ids."""
    text = json.dumps(executed, indent=1, sort_keys=True, ensure_ascii=False)
    for pattern, name in _PASSING:
        text = pattern.sub(name, text)
    plain = json.loads(text)
    for cell in plain["cells"]:
        if re.fullmatch("[0-9a-f]{8}", cell["id"]):
            cell.pop("id")  # of papermill's own cells, which is made up
    for widgets in plain["metadata"].get("widgets", {}).values():
        widgets["state"] = sorted(_MADE_UP.sub("ID", json.dumps(each)) for each in widgets["state"].values())
    for part in (plain, *plain["cells"]):
        part["metadata"].get("papermill", {}).pop("duration", None)
        part["metadata"].get("papermill", {}).pop("output_path", None)
    return plain


def run(notebook: Any, path: Path, **how: Any) -> tuple[Any, str]:
    """The executed notebook, and the error that ended it."""
    error = ""
    try:
        papermill.execute_notebook(notebook, path, {"who": "me"}, progress_bar=False, **how)
    except PapermillExecutionError as failure:
        error = f"{failure.ename}: {failure.evalue}"
    return told(nbformat.read(path, as_version=4)), error  # type: ignore[no-untyped-call]


def forked(notebook: Any, path: Path) -> tuple[Any, str]:
    with warm.fork() as process:
        return run(notebook, path, engine_name=FORKED, process=process)


def test_it_is_the_same_whatever_the_notebook_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # under pytest no kernel passes on what is written to a descriptor
    monkeypatch.chdir(tmp_path)
    theirs, their_error = run(nasty(), tmp_path / "real.ipynb")
    ours, our_error = forked(nasty(), tmp_path / "forked.ipynb")
    for one, other in zip(ours["cells"], theirs["cells"], strict=True):
        assert one == other
    assert ours == theirs
    assert our_error == their_error == "RuntimeError: this ends it"


@pytest.mark.parametrize("service", SERVICES)
def test_our_runbooks_are_the_same(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way in a sandbox of its own, which begins the same."""
    monkeypatch.chdir(tmp_path)
    executed = {}
    for way in ("real", "forked"):
        folder = tmp_path / way
        folder.mkdir()
        monkeypatch.chdir(folder)
        with sandbox.start(operator_policy=unscoped(), cli=forked_cli()) as box:
            monkeypatch.setenv(SANDBOX_URL, box.url)
            parameters = values(service, action="apply", record="client/service/record.json")
            how: dict[str, Any] = {}
            with warm.fork() as process:
                if way == "forked":
                    how = {"engine_name": FORKED, "process": process}
                source = ROOT / "notebooks" / f"{service}.ipynb"
                papermill.execute_notebook(source, "out.ipynb", parameters, progress_bar=False, **how)
        executed[way] = told(nbformat.read("out.ipynb", as_version=4))  # type: ignore[no-untyped-call]
    for one, other in zip(executed["forked"]["cells"], executed["real"]["cells"], strict=True):
        assert one == other
    assert executed["forked"] == executed["real"]
    assert "SANDBOX RECORD" in json.dumps(executed["forked"])
