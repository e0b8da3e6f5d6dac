"""One notebook through papermill, with its record beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io
from traitlets.config import Config

from .files import replace_file
from .parameters import ServiceParameters
from .redaction import foreign, without_secrets
from .text import one_line, sentence

_HERE = Path(__file__).parent
_NOTEBOOKS = next(path for path in (_HERE / "notebooks", _HERE.parent / "notebooks") if path.is_dir())
_SCHEME = "onemata:"
# At its end a kernel is interrupted, and logs that as an error on the terminal. A crash is not told by its log.
_QUIET = ["--IPKernelApp.log_level=CRITICAL"]
# unix(7): a socket's path has 108 bytes; the rest is `/onemata-xxxxxxxx/kernel-5`.
_LONGEST_FOLDER = 75


def execute(parameters: ServiceParameters, record: Path, on_process: Callable[[Callable[[], None]], None]) -> str:
    """Run the service's notebook with these parameters; the executed notebook is written beside `record`.

    As soon as it has a process, `on_process` is told how to kill that. Gives back the error that ended it, as a
    sentence; empty when it came to its end. Raises nothing: a kernel that died must not stop other clients' runs.
    """
    notebook = f"{_SCHEME}{record.with_suffix('.ipynb').as_posix()}"
    try:
        with _own_sockets() as config:
            papermill.execute_notebook(
                f"{_SCHEME}{parameters.service}.ipynb",
                notebook,
                parameters=parameters.model_dump(mode="json") | {"record": record.as_posix()},
                progress_bar=False,
                config=config,
                kernel_manager_class=_telling(on_process),
            )
    except Exception as failure:
        return f"{_words(failure)} {_FILES.trouble.pop(notebook, '')}".strip()
    return _FILES.trouble.pop(notebook, "")


def _words(failure: Exception) -> str:
    if isinstance(failure, DeadKernelError):
        return "The notebook's process ended before its time: it was killed, or ran out of memory."
    if isinstance(failure, PapermillExecutionError):
        return sentence(one_line(foreign(f"{failure.ename}: {failure.evalue}"), 2000))
    return sentence(one_line(foreign(f"The notebook could not be run: {type(failure).__name__}: {failure}")))


def _telling(on_process: Callable[[Callable[[], None]], None]) -> type[AsyncKernelManager]:
    """A kernel manager that tells of its kernel's process."""

    class Telling(AsyncKernelManager):
        async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
            await super()._async_launch_kernel(kernel_cmd, **kw)
            provisioner: Any = self.provisioner
            on_process(provisioner.process.kill)

        _launch_kernel = _async_launch_kernel

    return Telling


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
