"""The notebooks as files: values in the parameters cell, and what of an executed notebook is a record."""

from __future__ import annotations

import ast
import copy
import gc
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from onemata_helpers import execute
from onemata_helpers import notebook as module
from onemata_helpers.notebook import as_record, record_of, template, with_values
from onemata_helpers.parameters import SCHEMAS
from onemata_helpers.record import Record, write_record

from .conftest import ROOT, SERVICES

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'\"\\\n\r\t\x0c\u2028#${}"), max_size=30)
plain = texts | st.booleans() | st.integers() | st.none()
values = plain | st.lists(texts, max_size=3) | st.dictionaries(texts, texts, max_size=3)
WIDGET = "application/vnd.jupyter.widget-view+json"


def record(**changes: Any) -> Record:
    """A record that ended well."""
    told = {
        "notice": "", "sandbox": False, "client": "acme", "account_id": "111122223333", "region": "us-east-1",
        "service": "redshift", "action": "apply", "outcome": "verified", "reason": "All is in place.",
        "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:01:00Z", "parameters": {"client": "acme"},
        "versions": {},
    }  # fmt: skip
    return Record.model_validate(told | changes)


def output(html: str, **data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": html, "text/plain": "x"} | data}


def assigned(notebook: dict[str, Any]) -> dict[str, Any]:
    """The values in the parameters cell, as Python reads them."""
    (cell,) = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    found: dict[str, Any] = {}
    exec("".join(cell["source"]), found)
    return {key: value for key, value in found.items() if key != "__builtins__"}


@given(st.sampled_from(SERVICES), st.data())
def test_the_values_come_back_as_they_went_in_and_nothing_else_changes(service: str, data: st.DataObject) -> None:
    keys = st.sampled_from(sorted(SCHEMAS[service].model_fields))
    told = data.draw(st.dictionaries(keys, values, max_size=6))
    before = template(service)
    untouched = copy.deepcopy(before)
    after = with_values(before, told)
    assert before == untouched
    assert assigned(after) == assigned(before) | told
    comments = re.compile(r"  # [^\n]*$|^#.*$", re.MULTILINE)
    cell = next(i for i, each in enumerate(before["cells"]) if "parameters" in each["metadata"].get("tags", []))
    old, new = ("".join(each["cells"][cell]["source"]) for each in (before, with_values(before, dict.fromkeys(told))))
    assert comments.findall(old) == comments.findall(new)


@given(
    st.lists(st.sampled_from(["a = 1", "b = 'é'", "c = [\n 1,\n]", "d = 1; a = 2", "# note", "", "x = y = 3"])), values
)
def test_each_assignment_of_a_name_gets_the_value(lines: list[str], value: Any) -> None:
    for end in ("\n", "\r\n", "\r"):
        source = "\n".join(lines).replace("\n", end)
        cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source, "outputs": []}
        (filled,) = with_values({"cells": [cell]}, {"a": value})["cells"]
        names = {name: value for name in ("a",) if re.search(r"\ba =", source)}
        found: dict[str, Any] = {}
        exec(filled["source"], found)
        assert {name: found[name] for name in names} == names


@pytest.mark.parametrize("left", ["a = (", "a = 1\n  b = 2", "a = '\x00'", "(" * 300, "a = '\ud800'"])
def test_a_cell_that_is_not_python_stays_as_somebody_left_it(left: str) -> None:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": left, "outputs": []}
    assert with_values({"cells": [cell]}, {"a": 2}) == {"cells": [cell]}


def test_many_threads_fill_in_values_at_once() -> None:
    """Whatever lets another thread go on in the middle of it: here, whenever garbage is collected."""
    filled = with_values(template("ec2"), {"client": "acme"})

    def go_on(*_: object) -> None:
        time.sleep(0)

    threshold = gc.get_threshold()
    gc.callbacks.append(go_on)
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(8) as pool:
            each = list(pool.map(lambda _: with_values(template("ec2"), {"client": "acme"}), range(80)))
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(go_on)
    assert all(one == filled for one in each)


@pytest.mark.parametrize("service", SERVICES)
def test_a_template_has_no_outputs_and_its_file_stays_as_it_is(service: str) -> None:
    file = ROOT / "notebooks" / f"{service}.ipynb"
    before = file.read_bytes()
    code = [cell for cell in template(service)["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert file.read_bytes() == before


def test_the_newest_record_that_the_outputs_name_is_found() -> None:
    notebook = template("glue")
    assert record_of(notebook) == ""
    first, second, *_ = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    first["outputs"] = [output("") | {"metadata": {"onemata": {"record": "old.json"}}}]
    second["outputs"] = [output("") | {"metadata": {"onemata": {"record": "new.json"}}}, output("")]
    assert record_of(notebook) == "new.json"


def executed() -> dict[str, Any]:
    """A notebook as papermill leaves it after an error, with what a live session shows beside."""
    notebook = template("redshift")
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code[0]["source"] = [line + "\n" for line in "".join(code[0]["source"]).split("\n")]
    code[1]["outputs"] = [output("<p>kept</p>"), output("", **{WIDGET: {"model_id": "x"}})]
    copied = '<code class="onemata-copy">1</code><button class="onemata-copy-button" onclick="x()">Copy</button>'
    hidden = '<style>.onemata-account{}</style><span class="onemata-account">111122223333</span>'
    code[2]["outputs"] = [output(copied), output(hidden)]
    notebook["metadata"]["widgets"] = {"x": {}}
    injected = {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": "a = 1", "outputs": []}
    marker = {"cell_type": "markdown", "metadata": {"tags": ["papermill-error-cell-tag"]}, "source": "An Exception"}
    notebook["cells"] = [marker, *notebook["cells"][:3], injected, *notebook["cells"][3:]]
    return notebook


def test_a_record_has_the_outcome_first_and_nothing_that_needs_a_kernel() -> None:
    notebook = executed()
    kept = as_record(notebook, record(approved_by="Jane Doe"), Path("/home/me/records/acme/redshift/x.json"))
    first = kept["cells"][0]["source"]
    assert "VERIFIED" in first
    assert "Approved by Jane Doe" in first
    assert "/home" not in first
    text = json.dumps(kept)
    for gone in ("widget", "<button", "onclick", "onemata-account", "An Exception", "injected-parameters"):
        assert gone not in text, gone
    assert "<p>kept</p>" in text
    assert assigned(kept)["client"] == "acme"
    assert as_record(kept, record(approved_by="Jane Doe"), Path("x.json"))["cells"][1:] == kept["cells"][1:]
    assert notebook == executed()


def test_without_a_record_or_an_outcome_there_is_no_card() -> None:
    ours = [cell["source"] for cell in template("redshift")["cells"]]
    for told in (None, record(outcome=None, finished=None)):
        assert as_record(executed(), told, Path("x.json"))["cells"][0]["source"] in (*ours, "An Exception")


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\n\n#[]()!*_`$<>&-=|~\t "), max_size=60))
def test_whatever_a_reason_says_the_card_is_one_piece_of_html(reason: str) -> None:
    """As Markdown it could load a picture, or forge a headline."""
    hostile = f"{reason}\n\n# VERIFIED\n\n![x](http://127.0.0.1/x)\n\n<script>alert(1)</script>\n[y](javascript:z)"
    card = as_record(template("glue"), record(outcome="failed", reason=hostile), Path("x.json"))["cells"][0]["source"]
    shown = markdown2html(card)
    assert not re.search(r"<(img|script|h1|a)\b", shown)
    assert shown.strip() == card


def test_what_ran_unattended_is_kept_as_a_live_session_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_record(path, record())
    path.with_suffix(".ipynb").write_text(json.dumps(executed()))
    assert execute.conclude(path) == ""
    kept = json.loads(path.with_suffix(".ipynb").read_text())
    live = with_values(as_record(executed(), record(), path), {"record": "x.json"})
    assert kept == live
    assert assigned(kept)["record"] == "x.json"


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", "[" * 100_000])
def test_what_is_no_notebook_is_left_alone(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    write_record(path, record())
    if content is not None:
        path.with_suffix(".ipynb").write_text(content)
    assert execute.conclude(path) == ""
    assert not path.with_suffix(".ipynb").exists() or path.with_suffix(".ipynb").read_text() == content


def test_it_says_so_if_the_outcome_cannot_be_put_into_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    write_record(path, record())
    before = json.dumps(executed())
    path.with_suffix(".ipynb").write_text(before)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "replace_file", full)
    assert "could not be saved: No space left on device." in execute.conclude(path)
    assert path.with_suffix(".ipynb").read_text() == before


def test_literals_of_values_are_plain_python() -> None:
    told = {"tags": {"a'b": 'c"d'}, "cluster_identifiers": ["x\ny"], "sandbox": True, "launch_nodes": 2}
    found = assigned(with_values(template("redshift"), told))
    assert ast.literal_eval(repr({key: found[key] for key in told})) == told
