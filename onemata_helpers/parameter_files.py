"""From a client's folder or a notebook's variables to typed parameters, or to all that is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .client_file import ClientFile, Place, read, why_not
from .errors import ParameterError, Problem
from .parameters import EXAMPLE_VALUES, SCHEMAS, ClientParameters, ServiceParameters
from .raw_value import PLAIN_DATA, is_a, kind_of, shown, shown_place
from .text import counted

P = TypeVar("P", bound=ClientParameters)

_SHARED = "client.yaml"
_FILES = {f"{service}.yaml": service for service in SCHEMAS}
_NOT_PARAMETERS = {"In", "Out"}  # IPython's own
_NOTEBOOK = "the notebook's parameters"
_STRAYS_SHOWN = 20
# What pydantic says in words of its own, by the type of its error.
_MUST = {
    "missing": "must be given: this key is missing",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping, like {team: data}",
    "int_type": "must be a whole number without quotes",
    "string_unicode": "must be of characters that can be seen",
    "too_short": "must have at least one entry",
    "too_long": "must have at most 40 entries",
    "extra_forbidden": "must be a known key",
}


def from_notebook(service: str, variables: Mapping[str, Any]) -> ServiceParameters:
    """The parameters among a notebook's variables (its `globals()`).

    Every variable with the name of a parameter is one, whatever it holds. papermill injects whatever it is given, and
    only warns about a name that the notebook does not know; so all other plain data counts as an unknown parameter.

    Raises ParameterError with every problem.
    """
    schema = SCHEMAS[service]
    values = {
        name: value
        for name, value in variables.items()
        if name.strip("_") in schema.model_fields
        or (not name.startswith("_") and name not in _NOT_PARAMETERS and is_a(value, *PLAIN_DATA))
    }
    parameters, details = _validated(schema, values)
    problems = [*_unknown(values, schema), *(problem_of(each) for each in details)]
    if values.get("sandbox", False) is False:
        problems += _left_from_example(values)
    if parameters is None or problems:
        raise ParameterError(problems)
    return parameters


def changed(parameters: P, values: Mapping[str, Any]) -> P:
    """The parameters with other values. Raises ParameterError with every problem."""
    found, details = _validated(type(parameters), parameters.model_dump() | dict(values))
    if found is None:
        raise ParameterError(problem_of(each) for each in details)
    return found


def what_is_wrong(schema: type[P], values: Mapping[str, Any]) -> dict[str, str]:
    """What each wrong value must be, by its key. A key that is not among the values may still come."""
    _, details = _validated(schema, values)
    problems = [problem_of(each) for each in details if each["loc"][0] in values]
    if values.get("sandbox", False) is False:
        problems += _left_from_example({key: value for key, value in values.items() if key in schema.model_fields})
    return {problem.key.partition("[")[0].partition(".")[0]: problem.must for problem in problems}


def from_folder(folder: Path) -> dict[str, ServiceParameters]:
    """The parameters of each service that the client's folder has a file for.

    Raises ParameterError with every problem of every file, and of every entry that is no file of a client's.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except (OSError, ValueError) as error:
        must = f"must be a client's folder that can be read: {why_not(error)}"
        elsewhere = Path("parameters") / folder
        must += f"; is it {elsewhere}?" if elsewhere != folder and _is_file(elsewhere / _SHARED) else ""
        raise ParameterError([Problem(str(folder), "", "", must)]) from None
    clients = [name for name in names if _is_file(folder / name / _SHARED)]
    if clients and _SHARED not in names:
        must = f"must be one client's folder, like {folder / clients[0]}; for all that are in it: {folder / '*'}"
        raise ParameterError([Problem(str(folder), "", "", must)])
    problems = _stray(folder, names)
    shared = read(folder / _SHARED)
    own = {service: read(folder / name) for name, service in _FILES.items() if name in names}
    found, wrong = _all_services(shared, own)
    if problems or wrong:
        raise ParameterError(problems + wrong)
    return found


def _all_services(
    shared: ClientFile, own: Mapping[str, ClientFile]
) -> tuple[dict[str, ServiceParameters], list[Problem]]:
    in_sandbox = bool(shared.values.get("sandbox")) or shared.unread
    of_all = {key: value for key, value in shared.values.items() if not _of_a_service(key)}
    _, problems = _one_file(shared, ClientParameters, of_all, in_sandbox)
    problems += _misplaced(shared, _of_a_service, "must be in the file of a service")
    of_all = {key: value for key, value in of_all.items() if _of_the_client(key)}
    found: dict[str, ServiceParameters] = {}
    for service, file in own.items():
        values = {key: value for key, value in file.values.items() if not _of_the_client(key)}
        parameters, wrong = _one_file(file, SCHEMAS[service], of_all | values, in_sandbox)
        problems += wrong + _misplaced(file, _of_the_client, f"must be in {_SHARED}")
        found |= {service: parameters} if parameters else {}
    return found, problems


def _one_file(
    file: ClientFile, schema: type[P], values: Mapping[str, Any], in_sandbox: bool
) -> tuple[P | None, list[Problem]]:
    """The parameters, and what is wrong with those of this file."""
    if file.unread:
        return None, file.problems
    parameters, details = _validated(schema, values)
    mine = [each for each in details if schema is ClientParameters or not _of_the_client(str(each["loc"][0]))]
    problems = [*file.problems, *_unknown(values, schema, file), *(problem_of(each, file) for each in mine)]
    if not in_sandbox:
        problems += _left_from_example(file.values, file)
    return parameters, problems


def _validated(schema: type[P], values: Mapping[str, Any]) -> tuple[P | None, list[ErrorDetails]]:
    """The parameters, or what is wrong with the keys that the schema knows."""
    known = {key: value for key, value in values.items() if key in schema.model_fields}
    try:
        return schema.model_validate(known), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_context=False)


def _unknown(
    values: Mapping[str, Any], schema: type[ClientParameters], file: ClientFile | None = None
) -> list[Problem]:
    return [
        _located((key,), shown(value, key), f"must be a known key{_did_you_mean(key, schema)}", file)
        for key, value in values.items()
        if key not in schema.model_fields
    ]


def problem_of(detail: ErrorDetails, file: ClientFile | None = None) -> Problem:
    """What pydantic found, in our words, with the line of the file."""
    place = tuple(part for part in detail["loc"] if part != "[key]")
    must = _MUST.get(detail["type"]) or _in_our_words(detail["msg"])
    given = "" if detail["type"] == "missing" else shown(detail["input"], str(place[0]))
    return _located(place, given, must + _of_another_kind(detail), file)


def _located(place: Place, given: str, must: str, file: ClientFile | None) -> Problem:
    line = file.line(place) if file else 0
    return Problem(str(file.path) if file else _NOTEBOOK, shown_place(place), given, must, line)


def _in_our_words(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _of_another_kind(detail: ErrorDetails) -> str:
    """What a value of a wrong kind is instead, where the message does not say so yet."""
    told = detail["type"] == "literal_error" and isinstance(detail["input"], str)
    wrong_kind = detail["type"].endswith(("_type", "literal_error")) and not told
    return f", not {kind_of(detail['input'])}" if wrong_kind else ""


def _left_from_example(values: Mapping[str, Any], file: ClientFile | None = None) -> list[Problem]:
    must = "must be the client's own: this is the example's value, which only the sandbox has"
    return [
        _located((key,), shown(example), must, file)
        for key, example in EXAMPLE_VALUES.items()
        if _is_example(values.get(key), example)
    ]


def _is_example(given: Any, example: str | list[str]) -> bool:
    """Whether they are equal. Only texts are compared: what another object says to that may be anything."""
    if isinstance(example, list):
        return is_a(given, list) and all(is_a(each, str) for each in given) and bool(given == example)
    return is_a(given, str) and bool(given == example)


def _misplaced(file: ClientFile, elsewhere: Callable[[str], bool], must: str) -> list[Problem]:
    return [_located((key,), shown(value, key), must, file) for key, value in file.values.items() if elsewhere(key)]


def _of_the_client(key: str) -> bool:
    return key in ClientParameters.model_fields


def _of_a_service(key: str) -> bool:
    return not _of_the_client(key) and any(key in each.model_fields for each in SCHEMAS.values())


def _stray(folder: Path, names: Sequence[str]) -> list[Problem]:
    """The entries of a client's folder that would be overlooked, and what is missing there."""
    known = [_SHARED, *_FILES]
    must = f"must be one of {', '.join(known)}, a *.md or a dot-file (and neither YAML nor JSON)"
    strays = [name for name in names if name not in known and not _may_be_there(folder / name)]
    listed, left = strays[:_STRAYS_SHOWN], len(strays) - _STRAYS_SHOWN
    problems = [Problem(str(folder / name), "", "", must + _rename(name, known)) for name in listed]
    if left > 0:
        problems.append(Problem(str(folder), "", "", f"{must}: so must {counted(left, 'more entry', 'more entries')}"))
    if not any(name in _FILES for name in names):
        problems.append(Problem(str(folder), "", "", f"must have the file of a service: {', '.join(_FILES)}"))
    return problems


def _may_be_there(path: Path) -> bool:
    """Whether it is a dot-file or notes, and does not look like a client's file that somebody renamed."""
    if path.name.lower().removesuffix(".md").endswith((".yaml", ".yml", ".json")):
        return False
    return path.name.startswith(".") or (path.suffix == ".md" and _is_file(path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # of a link to a name that is too long, or into a folder that we may not enter
        return False


def _rename(name: str, known: Sequence[str]) -> str:
    if Path(name.lower()).stem == "athena":
        return "; what Athena needs is in glue.yaml"
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f"; is it {close[0]}?" if close else ""


def _did_you_mean(key: str, schema: type[ClientParameters]) -> str:
    close = difflib.get_close_matches(key, schema.model_fields, n=1) if len(key) <= 64 else []
    return f"; did you mean {close[0]}?" if close else ""
