"""One notebook through papermill, in a process of its own, with its record beside it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from signal import strsignal
from typing import Any

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io

from .fresh_kernel import fresh_kernel
from .notebook import keep, read, template, with_values, write
from .parameters import ServiceParameters
from .redaction import foreign
from .role_sessions import RoleSessions
from .text import one_line, sentence
from .warm.engine import FORKED
from .warm.process import NotForked, warm

_SCHEME = "onemata:"


def execute(
    parameters: ServiceParameters,
    record: Path,
    on_process: Callable[[Callable[[], None]], None],
    sessions: RoleSessions | None = None,
) -> str:
    """Run the service's notebook with these parameters; the executed notebook is written beside `record`.

    Its process is forked from a warm one, and goes on with `sessions`; where that is not safe, it is a kernel that is
    started for it, and signs in by itself.

    As soon as it has a process, `on_process` is told how to kill that. Gives back the error that ended it, as a
    sentence; empty when it came to its end. Raises nothing: a process that died must not stop other clients' runs.
    """
    try:
        process = warm.fork(sessions)
    except NotForked as why:
        _say_once(f"Each notebook starts its own kernel here, which takes seconds more: {one_line(str(why))}.")
        with fresh_kernel(on_process) as how:
            return _run(parameters, record, lambda: None, how)
    with process:
        on_process(process.kill)
        return _run(parameters, record, process.exit_code, {"engine_name": FORKED, "process": process})


def conclude(record: Path) -> str:
    """The notebook beside a record that has its end becomes that of a live session: the outcome before all else.

    Gives back why it could not be saved, as a sentence; empty otherwise. Where there is no notebook, none is made.
    """
    path = record.with_suffix(".ipynb")
    try:
        executed = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return keep(with_values(executed, {"record": record.name}), path, record)


@cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr)


def _run(parameters: ServiceParameters, record: Path, exit_code: Callable[[], int | None], how: dict[str, Any]) -> str:
    notebook = f"{_SCHEME}{record.with_suffix('.ipynb').as_posix()}"
    values = parameters.model_dump(mode="json") | {"record": record.as_posix()}
    _FILES.to_run[notebook] = json.dumps(with_values(template(parameters.service), values))
    try:
        papermill.execute_notebook(notebook, notebook, progress_bar=False, **how)
    except Exception as failure:
        return f"{_words(failure, exit_code)} {_FILES.trouble.pop(notebook, '')}".strip()
    return _FILES.trouble.pop(notebook, "")


def _words(failure: Exception, exit_code: Callable[[], int | None]) -> str:
    if isinstance(failure, DeadKernelError | ConnectionError):
        return _how_it_died(exit_code())
    if isinstance(failure, PapermillExecutionError):
        said = failure.evalue if "Who acts: " in failure.evalue else f"{failure.ename}: {failure.evalue}"
        return sentence(one_line(foreign(said), 2000))
    return sentence(one_line(foreign(f"The notebook could not be run: {type(failure).__name__}: {failure}")))


def _how_it_died(exit_code: int | None) -> str:
    ended = "The notebook's process ended before its time"
    if exit_code is None:
        return f"{ended}: it was killed, or ran out of memory."
    if exit_code < 0:
        return f"{ended}, by signal {-exit_code} ({strsignal(-exit_code)}): it was killed, or ran out of memory."
    return f"{ended}, with exit code {exit_code}."


class _Files:
    """Where papermill finds a notebook `to_run` and writes it: whole or not at all, and clear of credentials.

    A notebook that cannot be written stops no run, since what it does in AWS is in the JSON record: `trouble` says it.
    """

    def __init__(self) -> None:
        self.to_run: dict[str, str] = {}
        self.trouble: dict[str, str] = {}

    def read(self, path: str) -> str:
        return self.to_run.pop(path)

    def write(self, text: str, path: str) -> None:
        self.trouble[path] = write(text, Path(path.removeprefix(_SCHEME)))

    def pretty_path(self, path: str) -> str:
        return path


_FILES = _Files()
# A process that died is named in the result, with its client. Where nobody listens, logging prints what nbclient says.
logging.getLogger("papermill").addHandler(logging.NullHandler())
papermill_io.register(_SCHEME, _FILES)
