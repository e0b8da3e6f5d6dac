"""What the session's JupyterLab writes: its own record, clear of credentials, and no other notebook."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.web import HTTPError

from onemata_helpers.choices import ServiceName
from onemata_helpers.live import opening
from onemata_helpers.live.contents import Records
from onemata_helpers.live.frontend import MASK
from onemata_helpers.live.mask import HiddenAccounts
from onemata_helpers.live.opening import open_client
from onemata_helpers.notebook import kept, named_record, template
from onemata_helpers.record import read_record, write_record

from ..conftest import EXAMPLE

OWN = "records/example/ec2/2026-01-01T000000.000Z.ipynb"
KEY_ID = "AKIA" + "Q3EGSL7ZJPN5T2WD"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def files(tmp_path: Path) -> Records:
    for path in (OWN, "records/example/ec2/older.ipynb", "notebooks/ec2.ipynb"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(json.dumps(template("ec2")))
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters/ec2.yaml").write_text("role_name: old")
    return Records(root_dir=str(tmp_path), own=OWN)


def save(files: Records, path: str, content: Any = None) -> Any:
    model = {"type": "notebook", "format": "json", "content": content or template("ec2")}
    return asyncio.run(files.save(model, path))


def test_only_its_own_notebook_is_written(files: Records, tmp_path: Path) -> None:
    assert save(files, OWN)["path"] == OWN
    for other in ("records/example/ec2/older.ipynb", "notebooks/ec2.ipynb", "new.ipynb", f"x/../{OWN}", f"{OWN}/"):
        before = {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
        if other != f"{OWN}/":
            with pytest.raises(HTTPError, match="403"):
                save(files, other)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")} == before
        assert asyncio.run(files.get(OWN))["writable"]
    assert not asyncio.run(files.get("notebooks/ec2.ipynb"))["writable"]


def test_no_record_or_notebook_is_moved_or_deleted(files: Records, tmp_path: Path) -> None:
    for path in (OWN, "notebooks/ec2.ipynb", "records/example", "/records"):
        with pytest.raises(HTTPError, match="403"):
            asyncio.run(files.rename_file(path, "elsewhere"))
        with pytest.raises(HTTPError, match="403"):
            asyncio.run(files.delete_file(path))
    asyncio.run(files.rename_file("parameters/ec2.yaml", "parameters/other.yaml"))
    assert (tmp_path / "parameters/other.yaml").exists()


@pytest.mark.parametrize(
    "path",
    [
        "records/example/ec2/older.json",
        "records/example/ec2/older.JSON",
        "records/example/ec2/older.html",
        "records/example/ec2/2026-01-01T000000.000Z.json",
        "parameters/../records/example/ec2/older.json",
        "elsewhere/older.json",
        "link/older.html",
        "records/new.txt",
    ],
)
def test_no_file_of_a_record_is_written(files: Records, tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "records/example/ec2")
    (tmp_path / "parameters/x.txt").write_text("x")
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    for more in ({}, {"chunk": 1}, {"chunk": 2}):
        with pytest.raises(HTTPError, match="403"):
            asyncio.run(files.save({"type": "file", "format": "text", "content": "{}"} | more, path))
    with pytest.raises(HTTPError, match="403"):
        asyncio.run(files.restore_checkpoint("checkpoint", path))
    with pytest.raises(HTTPError, match="403"):
        asyncio.run(files.rename_file("parameters/x.txt", path))
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_a_clients_parameters_can_be_edited(files: Records, tmp_path: Path) -> None:
    asyncio.run(files.save({"type": "file", "format": "text", "content": "role_name: new"}, "parameters/ec2.yaml"))
    assert (tmp_path / "parameters/ec2.yaml").read_text() == "role_name: new"


def with_output(**data: str) -> Any:
    notebook = template("ec2")
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
    return notebook


def test_of_a_widget_its_text_is_kept(tmp_path: Path) -> None:
    whole = json.dumps(kept(with_output(**{WIDGET: "{}", "text/plain": "Run the cells again."}), tmp_path))
    assert "Run the cells again." in whole
    assert "widget" not in whole


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_credential_is_kept(before: str, after: str) -> None:
    shown = f"{before} {KEY_ID} {after}"
    assert KEY_ID not in json.dumps(kept(with_output(**{"text/html": shown, "text/plain": shown}), Path("nowhere")))


def test_what_names_a_record_elsewhere_is_not_read(tmp_path: Path) -> None:
    """An output names its record; only the name counts, in the notebook's own folder."""
    (tmp_path / "outside.json").write_text("{}")
    notebook = with_output(**{"text/plain": "x"})
    cell = next(cell for cell in notebook["cells"] if cell.get("outputs"))
    cell["outputs"][0]["metadata"] = {"onemata": {"record": "../outside.json"}}
    (tmp_path / "inside").mkdir()
    assert kept(notebook, named_record(notebook, tmp_path / "inside"))["cells"] == notebook["cells"]


def test_masked_no_account_id_is_read_and_each_is_kept(
    files: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As F5 reads the notebook, and the next autosave writes it."""
    shown = "arn:aws:iam::012345670123:role/x in <b>210987654321</b> and bucket-310987654321 a_410987654321_b"
    own = with_output(**{"text/html": shown, "text/plain": shown})
    own["cells"].insert(0, {"cell_type": "markdown", "id": "x", "metadata": {}, "source": "In 012345670123"})
    (tmp_path / OWN).write_text(json.dumps(own))
    (tmp_path / "records/example/ec2/older.ipynb").write_text(json.dumps(own))
    (tmp_path / "records/example/ec2/older.json").write_text(json.dumps({"account_id": "012345670123"}))
    monkeypatch.setenv(MASK, "1")
    read = json.loads(json.dumps(asyncio.run(files.get(OWN))["content"]))
    code = ["".join(cell.pop("source")) for cell in read["cells"] if cell["cell_type"] == "code"]
    assert 'account_id = "‹hidden account 1›"' in "\n".join(code)
    assert "012345670123" not in "\n".join(code)
    for seen in (read, *(asyncio.run(files.get(f"records/example/ec2/older.{kind}")) for kind in ("ipynb", "json"))):
        assert "012345670123" not in str(seen)
        assert "10987654321" not in str(seen)
    save(files, OWN, json.loads(json.dumps(asyncio.run(files.get(OWN))["content"])))
    written = json.loads((tmp_path / OWN).read_text())
    assert "".join(written["cells"][0]["source"]) == "In 012345670123"
    outputs = [each["data"] for cell in written["cells"] for each in cell.get("outputs", [])]
    assert [("".join(data["text/html"]), "".join(data["text/plain"])) for data in outputs] == [(shown, shown)]


@pytest.mark.parametrize("before", ["\n", "\t", "\u2028", "\x1f", '"', "\\"])
def test_masked_it_is_hidden_in_the_text_of_a_record_whatever_stands_before_it(before: str) -> None:
    for text in (json.dumps(f"x{before}012345670123\tarn"), f"arn%3Aaws%3Aiam%3A%3A012345670123%3Arole{before}"):
        assert "012345670123" not in HiddenAccounts().hide(text, code=True)


def test_masked_what_is_no_account_id_stays() -> None:
    text = "i-0123456701234567 i-0a012345670123 n012345670123 0123456701234 3c9c62c1844b4956e6c7 123456789012Z"
    assert HiddenAccounts().hide(text, code=True) == text


@given(st.text("0123456789 -<>:‹hidden acount›", max_size=60))
def test_what_is_hidden_can_be_restored(text: str) -> None:
    hidden = HiddenAccounts()
    assert hidden.restore(hidden.hide(text, code=True)) == text


def test_saved_it_is_whole_or_as_it_was(files: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (tmp_path / OWN).read_bytes()
    seen: list[bytes] = []

    def interrupted(*arguments: Any, **_: Any) -> None:
        arguments[1].write("{")
        seen.append((tmp_path / OWN).read_bytes())
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(nbformat, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            save(files, OWN)
    assert seen == [before]
    assert (tmp_path / OWN).read_bytes() == before
    save(files, OWN, with_output(**{"text/plain": "half a character: \ud800"}))
    assert "half a character: \\ud800" in (tmp_path / OWN).read_text()
    assert [each.name for each in (tmp_path / OWN).parent.iterdir() if each.name.startswith(".2026")] == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 1}'])
def test_a_notebook_that_somebody_broke_is_said_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    def served(_: Path, notebook: Path, *__: Any, **___: Any) -> None:
        record = read_record(notebook.with_suffix(".json"))
        write_record(notebook.with_suffix(".json"), record.model_copy(update={"outcome": "planned"}))
        notebook.write_text(content)

    monkeypatch.setattr(opening, "serve", served)
    open_client(EXAMPLE, ServiceName.EC2, tmp_path, mask=False, ready=lambda _: None)
    (notebook,) = tmp_path.rglob("*.ipynb")
    assert notebook.read_text() == content
    said = capsys.readouterr().err
    assert f"The notebook {notebook.name} is not whole" in said
    assert "Who acts: " in said
