"""One notebook through papermill, in a process of its own, with its record beside it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from signal import strsignal
from threading import Timer
from typing import Any

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io
from traitlets.config import Config

from .files import replace_file
from .parameters import ServiceParameters
from .redaction import foreign, without_secrets
from .text import one_line, sentence
from .warm.engine import FORKED
from .warm.process import NotForked, Process, warm

_HERE = Path(__file__).parent
_NOTEBOOKS = next(path for path in (_HERE / "notebooks", _HERE.parent / "notebooks") if path.is_dir())
_SCHEME = "onemata:"
# At its end a kernel is interrupted, and logs that as an error on the terminal. A crash is not told by its log.
_QUIET = ["--IPKernelApp.log_level=CRITICAL"]
# unix(7): a socket's path has 108 bytes; the rest is `/onemata-xxxxxxxx/kernel-5`.
_LONGEST_FOLDER = 75
# Seconds from the interruption of a notebook that takes too long to its end.
_LAST_WORDS = 30.0


def execute(
    parameters: ServiceParameters,
    record: Path,
    *,
    limit: float | None = None,
    started: Callable[[Process], None] = lambda _: None,
) -> str:
    """Run the service's notebook with these parameters; the executed notebook is written beside `record`.

    After `limit` seconds it is interrupted, as by Ctrl-C, and killed if it does not end then. `started` gets the
    process, which can be interrupted or killed from any thread.

    Gives back the error that ended it, as a sentence; empty when it came to its end. Raises nothing:
    a process that died must not stop other clients' runs.
    """
    began = time.monotonic()
    try:
        process = warm.fork()
    except NotForked as why:
        _say_once(f"Each notebook starts its own kernel here, which takes seconds more: {one_line(str(why))}.")
        return _in_fresh_kernel(parameters, record, limit)
    with process, _limited(process, limit):
        started(process)
        said = _run(parameters, record, process, engine_name=FORKED, process=process)
    late = limit is not None and time.monotonic() - began >= limit
    return f"It took longer than {limit:g} s, and was ended. {said}" if late and said else said


@cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def _limited(process: Process, limit: float | None) -> Iterator[None]:
    timers = [Timer(limit, process.interrupt), Timer(limit + _LAST_WORDS, process.kill)] if limit is not None else []
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def _in_fresh_kernel(parameters: ServiceParameters, record: Path, limit: float | None) -> str:
    """As papermill does it by itself; the limit is then one for each cell."""
    with _own_sockets() as config:
        return _run(parameters, record, None, config=config, execution_timeout=limit and int(limit))


def _run(parameters: ServiceParameters, record: Path, own: Process | None, **how: Any) -> str:
    notebook = f"{_SCHEME}{record.with_suffix('.ipynb').as_posix()}"
    try:
        papermill.execute_notebook(
            f"{_SCHEME}{parameters.service}.ipynb",
            notebook,
            parameters=parameters.model_dump(mode="json") | {"record": record.as_posix()},
            progress_bar=False,
            **how,
        )
    except Exception as failure:
        return f"{_words(failure, own)} {_FILES.trouble.pop(notebook, '')}".strip()
    return _FILES.trouble.pop(notebook, "")


def _words(failure: Exception, process: Process | None) -> str:
    if isinstance(failure, DeadKernelError | ConnectionError):
        return _how_it_died(process.exit_code() if process else None)
    if isinstance(failure, PapermillExecutionError):
        return sentence(one_line(foreign(f"{failure.ename}: {failure.evalue}"), 2000))
    return sentence(one_line(foreign(f"The notebook could not be run: {type(failure).__name__}: {failure}")))


def _how_it_died(exit_code: int | None) -> str:
    ended = "The notebook's process ended before its time"
    if exit_code is None:
        return f"{ended}: it was killed, or ran out of memory."
    if exit_code < 0:
        return f"{ended}, by signal {-exit_code} ({strsignal(-exit_code)}): it was killed, or ran out of memory."
    return f"{ended}, with exit code {exit_code}."


@contextmanager
def _own_sockets() -> Iterator[Config]:
    """Kernel settings: sockets in a private folder of its own, where its path is short enough for sockets.

    There are no ports to run out of or to collide on, and nobody else on the machine can listen.
    """
    config = Config({"NotebookClient": {"extra_arguments": _QUIET}})
    with tempfile.TemporaryDirectory(prefix="onemata-", dir=_short_folder()) as folder:
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = f"{folder}/kernel"
        yield config


def _short_folder() -> str:
    """A folder for temporary files in which a socket can be: its whole path has about 100 bytes at most."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - a folder of ours is made in it


class _Files:
    """Where papermill reads our notebooks and writes a record's: whole or not at all, and clear of credentials.

    A notebook that cannot be written stops no run, since what it does in AWS is in the JSON record: `trouble` says it.
    """

    def __init__(self) -> None:
        self.trouble: dict[str, str] = {}

    def read(self, path: str) -> str:
        return (_NOTEBOOKS / path.removeprefix(_SCHEME)).read_text(encoding="utf-8")

    def write(self, text: str, path: str) -> None:
        whole = (
            without_secrets(text, []).encode("utf-8", "backslashreplace").decode("utf-8")
        )  # half characters, as JSON
        try:
            replace_file(Path(path.removeprefix(_SCHEME)), whole + "\n")
        except OSError as error:
            self.trouble[path] = f"The notebook {path.removeprefix(_SCHEME)} could not be saved: {error.strerror}."
        else:
            self.trouble.pop(path, None)

    def pretty_path(self, path: str) -> str:
        return path


_FILES = _Files()
papermill_io.register(_SCHEME, _FILES)
