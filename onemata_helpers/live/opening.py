"""The record's own notebook: made from the template for a session, or an earlier one to read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from ..choices import ServiceName
from ..errors import ParameterError, Problem, RecordNotWritten, who_acts
from ..files import replace_file
from ..notebook import Notebook, keep, named_record, read, template, with_values
from ..parameter_files import from_folder
from ..parameters import ServiceParameters
from ..record import begin, read_record
from ..sandbox_in_use import sandbox_for_session
from .client_folder import CLIENT_DIR
from .frontend import MASK
from .lab import open_browser, serve

__all__ = ["open_browser", "open_client", "open_record"]

Ready = Callable[[str], None]


def open_client(folder: Path, service: ServiceName, records: Path, *, mask: bool, ready: Ready) -> None:
    """Begin a record of this client's, and serve its notebook until Ctrl-C; `ready` is told the address.

    Raises ParameterError, RecordNotWritten, ConnectError and OSError.
    """
    parameters = _parameters(folder, service)
    record, _ = begin(parameters, records, notebook=True)
    path = record.with_suffix(".ipynb").resolve()
    # The client may have approved a plan for `onemata run`; on a call the plan on the screen is asked about.
    values = parameters.model_dump(mode="json") | {"record": record.name, "approved_plan": "", "plan_shown": ""}
    _write(path, with_values(template(service), values))
    told = {CLIENT_DIR: str(folder.resolve())} | ({MASK: "1"} if mask else {})
    root = Path(os.path.commonpath([Path.cwd(), folder.resolve(), path.parent]))
    with sandbox_for_session(parameters):
        serve(root, path, told, writable=True, ready=ready)
    if _nothing_was_run(record):
        record.unlink()
        path.unlink()
    else:
        _conclude(path, record)


def open_record(notebook: Path, *, mask: bool, ready: Ready) -> None:
    """Serve an earlier record's notebook, to read, until Ctrl-C. Raises ParameterError and OSError."""
    path = notebook.resolve()
    if not path.is_file():
        must = "must be a record's notebook (.ipynb), or a client's folder and a service"
        raise ParameterError([Problem(str(notebook), "", "", must)])
    root = Path(os.path.commonpath([Path.cwd(), path.parent]))
    serve(root, path, {MASK: "1"} if mask else {}, writable=False, ready=ready)


def _conclude(path: Path, record: Path) -> None:
    """The notebook with the outcome in it, however its last saving went. One that cannot be read stays as it is."""
    try:
        whole = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        happened = f"The notebook {path.name} is not whole, so the outcome was not put into it"
        print(who_acts(happened, f"the engineer reads the record {record.name} beside it"), file=sys.stderr)
        return
    trouble = keep(whole, path, named_record(whole, path.parent))
    if trouble:
        raise RecordNotWritten(who_acts(trouble, f"the engineer reads the record {record.name} beside it"))


def _nothing_was_run(record: Path) -> bool:
    """Whether the session was ended before it called AWS: there is nothing to keep a record of."""
    try:
        found = read_record(record)
    except (OSError, ValueError):
        return False
    return found.outcome is None and not found.calls


def _parameters(folder: Path, service: ServiceName) -> ServiceParameters:
    in_use = from_folder(folder)
    if service not in in_use:
        must = f"must be one that this client uses: {', '.join(in_use)}"
        raise ParameterError([Problem(str(folder), "SERVICE", service, must)])
    return in_use[service]


def _write(path: Path, notebook: Notebook) -> None:
    try:
        replace_file(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        happened = f"The notebook {path.name} cannot be written: {error.strerror}"
        raise RecordNotWritten(who_acts(happened, "the engineer corrects that, or names another --records")) from None
