"""What the session's JupyterLab writes: its own record, clear of credentials, and no other notebook."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.web import HTTPError

from onemata_helpers.live.contents import Records, kept
from onemata_helpers.notebook import template

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
    assert kept(notebook, tmp_path / "inside")["cells"] == notebook["cells"]
