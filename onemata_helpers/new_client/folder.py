"""A new client's folder: the example's files with this client's values, whole or not at all."""

from __future__ import annotations

import difflib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from ..choices import ServiceName
from ..client_file import read, why_not
from ..errors import ParameterError, Problem
from ..files import write_new
from ..parameter_edits import edited
from ..parameter_files import from_folder, what_is_wrong
from ..parameters import EXAMPLE_VALUES, SCHEMAS, ClientParameters, ServiceParameters

_HERE = Path(__file__).parents[1]
EXAMPLE = next(path for path in (_HERE / "example", _HERE.parent / "parameters" / "example") if path.is_dir())
"""The example's folder, whose files and comments a new client gets. Nothing is ever written there."""

SHARED = "client"
"""The name of the file of all services, among theirs."""
NOT_TAKEN_OVER = {
    *EXAMPLE_VALUES, "region", "sandbox", "prove", "confirm_proof_costs", "launch", "confirm_launch_costs",
}  # fmt: skip
"""What is the example's own, and what agrees to a cost: a new client has the schema's default, or nothing."""

Values = dict[str, dict[str, Any]]
"""A client's values by file, without `.yaml`."""


def beginning(client: str, services: Sequence[ServiceName]) -> Values:
    """The values of a new client's folder before anybody was asked."""
    found = {name: _beginning_of(name) for name in (SHARED, *dict.fromkeys(services))}
    found[SHARED]["client"] = client
    return found


def schema_of(name: str) -> type[ClientParameters | ServiceParameters]:
    """The schema of a file, by its name."""
    return ClientParameters if name == SHARED else SCHEMAS[name]


def as_typed(text: str, like: Any) -> Any:
    """What somebody typed, as a value of the kind that `like` is. What cannot be one is for the schema to refuse."""
    text = text.strip().strip('"')
    if isinstance(like, bool):
        return {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}.get(text.lower(), text)
    if isinstance(like, int):
        return int(text) if re.fullmatch("[0-9]{1,9}", text) else text
    if isinstance(like, list):
        return [each for each in re.split(r"[\s,]+", text) if each]
    if isinstance(like, dict):
        pairs = (each.partition("=") for each in text.split(",") if each.strip())
        return {key.strip(): value.strip() for key, _, value in pairs}
    return text


def set_values(values: Values, settings: Iterable[str]) -> None:
    """Set values by `KEY=VALUE`, or `SERVICE.KEY=VALUE` for a key that several services have.

    Raises ParameterError with every setting that is none.
    """
    problems = []
    for setting in settings:
        name, equals, text = setting.partition("=")
        service, dot, key = name.strip().rpartition(".")
        files = [each for each in values if key in values[each] and (not dot or each == service)]
        if equals and len(files) == 1 and key != "client":
            values[files[0]][key] = as_typed(text, values[files[0]][key])
        else:
            problems.append(Problem("--set", name, "", _must_be(equals, key, files, values)))
    if problems:
        raise ParameterError(problems)


def place(client: str, parent: Path) -> Path:
    """Where the client's folder will be.

    Raises ParameterError for a wrong name, if there is anything of it, and within another client's folder.
    """
    must = what_is_wrong(ClientParameters, {"client": client}).get("client")
    if must:
        raise ParameterError([Problem("the command line", "CLIENT", client, must)])
    folder = parent / client
    if os.path.lexists(folder):
        raise ParameterError([Problem(str(folder), "", "", "must not exist yet: no client's folder is written over")])
    around = [each for each in (parent, *parent.absolute().parents) if os.path.lexists(each / f"{SHARED}.yaml")]
    if around:
        must = f"must not be in a client's folder, as {around[0]} is: it has a {SHARED}.yaml"
        raise ParameterError([Problem("the command line", "--into", str(parent), must)])
    return folder


def make(values: Values, parent: Path) -> Path:
    """Make the folder, in `parent`. Raises ParameterError with every problem; then nothing is left of it."""
    folder = place(values[SHARED]["client"], parent)
    draft = parent / f".new-{secrets.token_hex(8)}"
    try:
        draft.mkdir(parents=True)
        try:
            _write(values, draft)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        must = f"must be a folder that can be made: {why_not(error)}"
        raise ParameterError([Problem(str(folder), "", "", must)]) from None
    return folder


def _beginning_of(name: str) -> dict[str, Any]:
    example, fields = read(EXAMPLE / f"{name}.yaml").values, schema_of(name).model_fields
    own = {key: fields[key].get_default(call_default_factory=True) for key in example if key in NOT_TAKEN_OVER}
    return example | {key: type(example[key])() if each is PydanticUndefined else each for key, each in own.items()}


def _write(values: Values, draft: Path) -> None:
    for name, wanted in values.items():
        source = EXAMPLE / f"{name}.yaml"
        before = read(source).values
        write_new(draft / source.name, edited(source, {key: v for key, v in wanted.items() if v != before[key]}))
    try:
        from_folder(draft)
    except ParameterError as error:
        raise ParameterError(replace(each, file=Path(each.file).name, line=0) for each in error.problems) from None


def _must_be(equals: str, key: str, files: Sequence[str], values: Values) -> str:
    if not equals:
        return "must be KEY=VALUE"
    if len(files) > 1:
        return f"must say of which service: {' or '.join(f'{each}.{key}' for each in files)}"
    if key == "client":
        return "must be another key: the client's name is told as CLIENT"
    close = difflib.get_close_matches(key, [each for name in values for each in values[name]], n=1)
    meant = f"; did you mean {close[0]}?" if close and len(key) <= 64 else ""
    return f"must be a key of {' or '.join(f'{name}.yaml' for name in values)}{meant}"
