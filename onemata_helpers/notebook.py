"""The notebooks as files: the templates, the one that a session opens, and what of it is a record."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticSerializationError, to_json

from . import display
from .files import replace_file
from .record import Record, read_record
from .redaction import without_secrets
from .text import without

_HERE = Path(__file__).parent
TEMPLATES = next(path for path in (_HERE / "notebooks", _HERE.parent / "notebooks") if path.is_dir())
"""The folder of the notebooks that people run. Nothing is ever written there."""

Notebook = dict[str, Any]
"""A notebook of format 4, as JSON has it. https://nbformat.readthedocs.io/en/latest/format_description.html"""

_WIDGET = "application/vnd.jupyter.widget-view+json"
_OF_THE_SCREEN = [
    (re.compile('<button class="onemata-copy-button"'), re.compile("</button>")),
    (re.compile('<script class="onemata-look-here">'), re.compile("</script>")),
]
_HIDDEN_ACCOUNT = re.compile(r'<span class="onemata-account">(\d{12})</span>')
_HIDING = re.compile(r"^<style>\.onemata-account.*?</style>", re.DOTALL)
_DEEPEST = 100
_TOO_DEEP = "must be a notebook: this is nested too deeply"
_LINE_END = re.compile(r"\r\n|\r|\n")  # as Python counts lines
OUTCOME_CELL = "onemata-outcome"
"""The id of the cell with the outcome, which a record has on top."""
# Python's parser counts its depth once for all threads, and fails if two of them are in it. A batch has many.
_PARSING = Lock()
# What papermill adds: the values in a cell of their own, and where it stopped. The record has both elsewhere.
_PAPERMILLS = {"injected-parameters", "papermill-error-cell-tag"}


class _Form(BaseModel):
    """What we count on in a notebook, which may come from elsewhere. All else in it is left out of account."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Data(_Form):
    html: str | list[str] = Field("", alias="text/html")
    plain: str | list[str] = Field("", alias="text/plain")


class _Output(_Form):
    output_type: str
    metadata: dict[str, Any] = {}
    data: _Data = _Data()
    text: str | list[str] = ""
    traceback: list[str] = []


class _CellMetadata(_Form):
    tags: list[str] = []


class _Cell(_Form):
    cell_type: str
    metadata: _CellMetadata
    source: str | list[str]
    outputs: list[_Output] = []


class _Notebook(_Form):
    nbformat: Literal[4]
    metadata: dict[str, Any]
    cells: list[_Cell]


def read(content: str | bytes) -> Notebook:
    """The notebook in a file. Raises ValueError if it is none, or has not the form that we know."""
    try:
        notebook: Notebook = json.loads(content)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _refuse_depth(notebook)
    _Notebook.model_validate(notebook)
    return notebook


def _refuse_depth(content: Any) -> None:
    level = [content]
    for _ in range(_DEEPEST):
        inside = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [each for one in inside for each in one]
    if level:
        raise ValueError(_TOO_DEEP)


def template(service: str) -> Notebook:
    """The notebook of a service as it is shipped, without outputs."""
    notebook: Notebook = json.loads((TEMPLATES / f"{service}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell["metadata"].pop("execution", None)
    return notebook


def with_values(notebook: Notebook, values: Mapping[str, Any]) -> Notebook:
    """The notebook with these values in its parameters cell; its comments stay."""
    return _with_parameters(notebook, lambda cell: {"source": _assigned(_text(cell["source"]), values)})


def record_of(notebook: Mapping[str, Any]) -> str:
    """The path of the JSON record that the last of its outputs names; empty if none does."""
    found = [
        output.get("metadata", {}).get("onemata", {}).get("record", "")
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    ]
    return next((path for path in reversed(found) if path), "")


def as_record(notebook: Notebook, record: Record | None, path: Path) -> Notebook:
    """The notebook as it is kept: the outcome before all else, the values that ran, and nothing that needs a kernel.

    `record` is the JSON record at `path`; None while there is none.
    """
    kept = notebook | {
        "metadata": {name: each for name, each in notebook["metadata"].items() if name != "widgets"},
        "cells": [_kept_cell(cell) for cell in notebook["cells"] if cell.get("id") != OUTCOME_CELL],
    }
    if record is None:
        return kept
    kept["cells"] = [cell for cell in kept["cells"] if not _PAPERMILLS & set(cell["metadata"].get("tags", []))]
    kept = with_values(kept, record.parameters)
    if record.outcome:
        kept["cells"].insert(0, _outcome_cell(record, path))
    return kept


def named_record(notebook: Mapping[str, Any], folder: Path) -> Path:
    """Where the JSON record is that a notebook in this folder names: beside it. The folder itself if it names none."""
    return folder / Path(record_of(notebook)).name


def kept(notebook: Notebook, record: Path) -> Notebook:
    """The notebook as it is kept with the JSON record at `record`, and clear of credentials.

    While there is no such record, or it cannot be read, what the notebook shows is kept all the same.
    """
    try:
        found = read_record(record)
    except (OSError, ValueError):
        found = None
    whole: Notebook = json.loads(without_secrets(_in_json(as_record(notebook, found, record)), []))
    return whole


def keep(notebook: Notebook, path: Path, record: Path) -> str:
    """Write a notebook as it is kept. Gives back why it could not be saved, as a sentence; empty otherwise."""
    return write(_in_json(kept(notebook, record)), path)


def write(text: str, path: Path) -> str:
    """Write a notebook's text, whole or not at all, and clear of credentials. Gives back the same as `keep`."""
    whole = without_secrets(text, []).encode("utf-8", "backslashreplace")  # half characters, as JSON has them
    try:
        replace_file(path, whole + b"\n")
    except OSError as error:
        return f"The notebook {path.as_posix()} could not be saved: {error.strerror}."
    return ""


def _in_json(notebook: Notebook) -> str:
    try:
        return to_json(notebook, indent=1).decode()
    except PydanticSerializationError:  # half a character, which Python's own writes as it is, but slowly
        return json.dumps(notebook, indent=1, ensure_ascii=False)


def _outcome_cell(record: Record, path: Path) -> dict[str, Any]:
    """The card as Markdown. An empty line in it would end the HTML, and what follows would be read as Markdown."""
    html = display.outcome(record, path)._repr_mimebundle_()["text/html"]
    lines = [line for line in html.split("\n") if line.strip()]
    return {"cell_type": "markdown", "id": OUTCOME_CELL, "metadata": {}, "source": "\n".join(lines)}


def _kept_cell(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["cell_type"] != "code":
        return cell
    return cell | {"outputs": [_kept(output) for output in cell.get("outputs", [])]}


def _kept(output: dict[str, Any]) -> dict[str, Any]:
    if _WIDGET in output.get("data", {}):  # its text stands in its place
        output = output | {"data": {kind: each for kind, each in output["data"].items() if kind != _WIDGET}}
    html = output.get("data", {}).get("text/html")
    if html is None:
        return output
    seen = _text(html)
    for begin, end in _OF_THE_SCREEN:
        seen = without(seen, begin, end)
    seen = _HIDDEN_ACCOUNT.sub(r"\1", _HIDING.sub("", seen))
    return output | {"data": output["data"] | {"text/html": seen}}


def _with_parameters(notebook: Notebook, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Notebook:
    """The notebook with these parts of its parameters cell changed. What stays the same is not copied."""
    cells = [*notebook["cells"]]
    for number, cell in enumerate(cells):
        if "parameters" in cell["metadata"].get("tags", []):
            cells[number] = cell | change(cell)
            break
    return notebook | {"cells": cells}


def _assigned(source: str, values: Mapping[str, Any]) -> str:
    """A cell of assignments, each with its new value. One that is not Python, as somebody left it, stays as it is."""
    try:
        with _PARSING:
            statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    lines = _LINE_END.split(source)
    for statement in reversed(statements):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, old = statement.targets[0].id, statement.value
            if name in values and old.end_lineno is not None:
                first, last = old.lineno - 1, old.end_lineno - 1
                before = lines[first].encode()[: old.col_offset].decode()
                after = lines[last].encode()[old.end_col_offset :].decode()
                lines[first : last + 1] = [f"{before}{_literal(values[name])}{after}"]
    return "\n".join(lines)


def _literal(value: Any) -> str:
    """A value as Python writes it, with the quotes of JSON."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(each)}' for key, each in value.items())}}}"
    return repr(value)


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
