"""From YAML files or notebook variables to typed parameters, or to all that is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import ParameterError, Problem
from .parameters import EXAMPLE_VALUES, SCHEMAS, ClientParameters, ServiceParameters

_NOT_PARAMETERS = {"In", "Out"}  # IPython's own
_LITERALS = (str, int, float, bool, list, dict, type(None))
_DUE = {"missing": "this key is missing", "bool_type": "true or false is due", "list_type": "a list is due"}


def from_notebook(service: str, variables: Mapping[str, Any]) -> ServiceParameters:
    """The parameters among a notebook's variables (its `globals()`).

    papermill injects whatever it is given and only warns about a key that the notebook does not
    know; so every literal among the variables counts as a parameter, and an unknown one is refused.

    Raises ParameterError with every problem.
    """
    values = {
        name: value
        for name, value in variables.items()
        if not name.startswith("_") and name not in _NOT_PARAMETERS and isinstance(value, _LITERALS)
    }
    parameters, problems = _check(service, values, {name: _home(service, name) for name in values})
    if parameters is None:
        raise ParameterError(problems)
    return parameters


def from_folder(folder: Path) -> dict[str, ServiceParameters]:
    """The parameters of each service that the client's folder has a file for.

    Raises ParameterError with every problem of every file.
    """
    if not folder.is_dir():
        raise ParameterError(
            [Problem(str(folder), "(folder)", "a file" if folder.exists() else "not there", "a client's folder is due")]
        )
    problems: list[Problem] = []
    shared = _read(folder / "client.yaml", problems)
    if problems:
        raise ParameterError(problems)
    services = [service for service in SCHEMAS if (folder / f"{service}.yaml").exists()]
    found: dict[str, ServiceParameters] = {}
    of_all = {key: value for key, value in shared.items() if not _of_a_service(key)}
    for service in services:
        path = folder / f"{service}.yaml"
        unread = len(problems)
        own = _read(path, problems)
        if len(problems) > unread:
            continue
        files = dict.fromkeys(shared, str(folder / "client.yaml")) | dict.fromkeys(own, str(path))
        parameters, wrong = _check(service, of_all | own, files, folder)
        problems += wrong + _misplaced(service, shared, own, folder)
        if parameters is not None:
            found[service] = parameters
    problems += _stray_files(folder, bool(services))
    if problems:
        raise ParameterError(sorted(set(problems), key=lambda problem: problem.file))
    return found


def _check(
    service: str, values: Mapping[str, Any], files: Mapping[str, str], folder: Path | None = None
) -> tuple[ServiceParameters | None, list[Problem]]:
    schema = SCHEMAS[service]
    problems = _left_from_example(values, files) if not values.get("sandbox") else []
    try:
        parameters = schema.model_validate(dict(values))
    except ValidationError as error:
        problems += [_problem(detail, service, files, folder) for detail in error.errors()]
        return None, problems
    return (None if problems else parameters), problems


def _problem(detail: ErrorDetails, service: str, files: Mapping[str, str], folder: Path | None) -> Problem:
    key = str(detail["loc"][0])
    path = ".".join(str(part) for part in detail["loc"])
    home = _home(service, key)
    file = files.get(key) or (str(folder / home) if folder else home)
    kind = detail["type"]
    if kind == "extra_forbidden":
        return Problem(file, path, _short(detail["input"]), f"unknown key{_did_you_mean(key, service)}")
    due = _DUE.get(kind, detail["msg"].removeprefix("Value error, "))
    return Problem(file, path, "(none)" if kind == "missing" else _short(detail["input"]), due)


def _left_from_example(values: Mapping[str, Any], files: Mapping[str, str]) -> list[Problem]:
    due = "this is the example's value, which only the sandbox has: put the real one in its place"
    return [
        Problem(files.get(key, "client.yaml"), key, _short(values[key]), due)
        for key, example in EXAMPLE_VALUES.items()
        if values.get(key) == example
    ]


def _misplaced(service: str, shared: dict[str, Any], own: dict[str, Any], folder: Path) -> list[Problem]:
    wrong_here = [
        Problem(str(folder / f"{service}.yaml"), key, _short(value), "this key belongs in client.yaml")
        for key, value in own.items()
        if key in ClientParameters.model_fields
    ]
    wrong_there = [
        Problem(str(folder / "client.yaml"), key, _short(value), "this key belongs in the file of a service")
        for key, value in shared.items()
        if _of_a_service(key)
    ]
    return wrong_here + wrong_there


def _of_a_service(key: str) -> bool:
    return key not in ClientParameters.model_fields and any(key in each.model_fields for each in SCHEMAS.values())


def _stray_files(folder: Path, any_service: bool) -> list[Problem]:
    known = {"client.yaml", *(f"{service}.yaml" for service in SCHEMAS)}
    problems = [
        Problem(str(path), "(file)", path.name, f"not one of {', '.join(sorted(known))}")
        for path in sorted(folder.glob("*.y*ml"))
        if path.name not in known
    ]
    if not any_service:
        problems.append(Problem(str(folder), "(folder)", "no service", "one of redshift.yaml, glue.yaml, ec2.yaml"))
    return problems


def _home(service: str, key: str) -> str:
    return "client.yaml" if key in ClientParameters.model_fields else f"{service}.yaml"


def _did_you_mean(key: str, service: str) -> str:
    close = difflib.get_close_matches(key, SCHEMAS[service].model_fields, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class _Loader(yaml.SafeLoader):
    """YAML as papermill reads it, but a key that stands twice is an error rather than a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(path: Path, problems: list[Problem]) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        problems.append(Problem(str(path), "(file)", "not there", "this file is due"))
        return {}
    except (yaml.YAMLError, ValueError, OSError) as error:
        problems.append(Problem(str(path), "(file)", "unreadable", " ".join(str(error).split())))
        return {}
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        problems.append(Problem(str(path), "(file)", _short(content), "key: value lines are due"))
        return {}
    return content
