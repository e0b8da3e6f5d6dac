"""A record as one page for the client: the outcome first, code folded away, nothing in it that acts or loads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import display
from ..archive import Archive, Folder, NoRecords
from ..bucket import SCHEME, Bucket
from ..display import View
from ..errors import OnemataError, RecordNotWritten, who_acts
from ..files import replace_file
from ..notebook import OUTCOME_CELL, Notebook, as_record, read
from ..record import SANDBOX_NOTICE, Record
from ..redaction import foreign
from ..text import one_line
from .page import rendered
from .sanitised import output, prose, text_of

_IN_BUCKET = re.compile(rf"({SCHEME}.+)/([a-z0-9-]+/[a-z0-9]+/[^/]+)")

# The tag of prose that says how the notebook is run, which tells nothing to who reads it afterwards.
_OPERATORS = "for-the-operator"


class NoSuchRecord(OnemataError):
    """There is no record of this name, or it is none."""


@dataclass(frozen=True)
class Source:
    """Where a record is, by its name without `.json` or `.ipynb`, the page that is made of it, and what was typed."""

    archive: Archive
    name: str
    page: Path
    typed: str


def source_of(record: str, records_profile: str = "") -> Source:
    """Where the record is that somebody named: a file, or `s3://bucket/prefix/client/service/time.json`.

    The page goes beside the file; of a bucket's record, into `records/` where it would be here. Raises NoSuchRecord and
    ParameterError.
    """
    stem = re.sub(r"\.(json|ipynb)$", "", record)
    if not record.startswith("s3:"):
        path = Path(stem)
        return Source(Folder(path.parent), path.name, path.parent / f"{path.name}.html", record)
    found = _IN_BUCKET.fullmatch(stem)
    if not found:
        raise _none(record, "it is no s3://bucket/prefix/client/service/time.json")
    return Source(Bucket(found[1], records_profile), found[2], Path("records") / f"{found[2]}.html", record)


def export(source: Source) -> Path:
    """Write the page. Raises NoSuchRecord, NoRecords and RecordNotWritten."""
    record = _record(source)
    notebook = _notebook(source, alone=record is None)
    try:
        replace_file(source.page, page(notebook, record, source.page.absolute().with_suffix(".json")))
    except OSError as error:
        happened = f"{source.page} cannot be written: {error.strerror}"
        raise RecordNotWritten(who_acts(happened, "the engineer corrects that")) from None
    return source.page


def page(notebook: Notebook | None, record: Record | None, path: Path) -> str:
    """The page of the record at `path`: of its notebook, and of its JSON; of one of them where there is no other."""
    whole = notebook or _of_json_alone(record)
    cells = as_record(whole, record, path)["cells"]
    has_outcome = any(cell.get("id") == OUTCOME_CELL for cell in cells)
    sandbox = record.sandbox if record else SANDBOX_NOTICE in json.dumps(whole)
    told = {
        SANDBOX_NOTICE: sandbox and not has_outcome,  # the outcome says it
        "No outcome is on record: the run was cut off, or it still runs.": not has_outcome,
        "Its notebook could not be read. This page is made of the JSON record alone.": notebook is None,
        "There is no JSON record beside this notebook. This page is made of the notebook alone.": record is None,
    }
    subject = f"{record.service} for {record.client}" if record else path.stem
    notices = [notice for notice, holds in told.items() if holds]
    for_the_client = [cell for cell in cells if not _is_for_its_operator(cell)]
    return rendered("export.html", subject=subject, notices=notices, cells=list(map(_cell, for_the_client)))


def _record(source: Source) -> Record | None:
    """The JSON record; None if there is no such file."""
    try:
        return Record.model_validate_json(source.archive.read(f"{source.name}.json"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _none(f"{source.name}.json", str(error)) from None


def _notebook(source: Source, *, alone: bool) -> Notebook | None:
    """The notebook; None if it cannot be read. If there is nothing else to read, that raises NoSuchRecord."""
    try:
        return read(source.archive.read(f"{source.name}.ipynb"))
    except (OSError, ValueError, NoRecords) as error:
        if alone:
            why = error.strerror if isinstance(error, OSError) else str(error)
            name = source.typed if isinstance(error, FileNotFoundError) else f"{source.name}.ipynb"
            raise _none(name, str(why)) from None
        return None


def _none(name: str, why: str) -> NoSuchRecord:
    happened = f"{one_line(name)} cannot be exported: {one_line(foreign(why), 300)}"
    return NoSuchRecord(who_acts(happened, "the engineer names a record, its .json or .ipynb"))


def _of_json_alone(record: Record | None) -> Notebook:
    """A notebook that shows what the JSON record has."""
    if record is None:
        return {"metadata": {}, "cells": []}
    views: dict[str, View | None] = {
        f"# {record.service} for {record.client}": None,
        "## The plan": display.plan(record.plan) if record.plan else None,
        "## What was done": display.done(record.changes_done) if record.changes_done else None,
        "## What was verified": display.checks(record.checks) if record.checks else None,
        "## Hand over": display.hand_over(record.hand_over) if record.hand_over else None,
    }
    cells: list[dict[str, Any]] = []
    for heading, view in views.items():
        if view or not cells:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": heading})
        if view:
            shown = {"output_type": "display_data", "metadata": {}, "data": view._repr_mimebundle_()}
            cells.append({"cell_type": "code", "metadata": {}, "source": "", "outputs": [shown]})
    return {"metadata": {}, "cells": cells}


def _is_for_its_operator(cell: dict[str, Any]) -> bool:
    """Prose alone may be left out: no tag hides from the client what was run, or what that showed."""
    return cell["cell_type"] == "markdown" and _OPERATORS in cell["metadata"].get("tags", [])


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    source = text_of(cell["source"])
    if cell["cell_type"] == "code":
        shown = [each for each in map(output, cell.get("outputs", [])) if each]
        return {"prose": "", "code": source.strip(), "outputs": shown}
    return {"prose": prose(source) if cell["cell_type"] == "markdown" else "", "code": "", "outputs": []}
