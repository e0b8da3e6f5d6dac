"""The record's own notebook: made from the template for a session, or an earlier one to read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from ..errors import ParameterError, Problem, RecordNotWritten, who_acts
from ..files import replace_file
from ..notebook import template, with_values
from ..parameter_files import from_folder
from ..parameters import ServiceName
from ..record import begin
from ..sandbox_in_use import sandbox_for_session
from .client_folder import CLIENT_DIR
from .frontend import MASK
from .lab import open_browser, serve

__all__ = ["open_browser", "open_client", "open_record"]


def open_client(folder: Path, service: ServiceName, records: Path, *, mask: bool, ready: Callable[[str], None]) -> None:
    """Begin a record of this client's, and serve its notebook until Ctrl-C.

    Raises ParameterError, RecordNotWritten, ConnectError and OSError.
    """
    in_use = from_folder(folder)
    if service not in in_use:
        must = f"must be one that this client uses: {', '.join(in_use)}"
        raise ParameterError([Problem(str(folder), "SERVICE", service, must)])
    parameters = in_use[service]
    record, _ = begin(parameters, records, notebook=True)
    values = parameters.model_dump(mode="json") | {"record": record.name, "approved_plan": ""}
    notebook = with_values(template(service), values)
    if mask:
        notebook = _code_hidden(notebook)
    path = record.with_suffix(".ipynb").resolve()
    try:
        replace_file(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise RecordNotWritten(
            who_acts(f"The notebook {path.name} cannot be written: {error.strerror}", "the engineer corrects that")
        ) from None
    told = {CLIENT_DIR: str(folder.resolve())} | ({MASK: "1"} if mask else {})
    root = Path(os.path.commonpath([Path.cwd(), folder.resolve(), path.parent]))
    with sandbox_for_session(parameters):
        serve(root, path, told, writable=True, ready=ready)


def open_record(notebook: Path, *, mask: bool, ready: Callable[[str], None]) -> None:
    """Serve an earlier record's notebook, to read, until Ctrl-C. Raises ParameterError and OSError."""
    path = notebook.resolve()
    if not path.is_file():
        raise ParameterError([Problem(str(notebook), "", "", "must be a record's notebook (.ipynb), or a client's folder")])
    root = Path(os.path.commonpath([Path.cwd(), path.parent]))
    serve(root, path, {MASK: "1"} if mask else {}, writable=False, ready=ready)


def _code_hidden(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["metadata"]["jupyter"] = {"source_hidden": True}
    return notebook
