"""One notebook through papermill, with its record beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import papermill
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io
from traitlets.config import Config

from .files import replace_file
from .parameters import ServiceParameters
from .redaction import without_secrets

_HERE = Path(__file__).parent
_NOTEBOOKS = next(path for path in (_HERE / "notebooks", _HERE.parent / "notebooks") if path.is_dir())
_SCHEME = "onemata:"


def execute(parameters: ServiceParameters, record: Path) -> str:
    """Run the service's notebook with these parameters; the executed notebook is written beside `record`.

    Gives back the error that ended it, as a sentence; empty when it came to its end. Raises nothing:
    a kernel that died must not stop other clients' runs.
    """
    try:
        with _own_sockets() as config:
            papermill.execute_notebook(
                f"{_SCHEME}{parameters.service}.ipynb",
                f"{_SCHEME}{record.with_suffix('.ipynb').as_posix()}",
                parameters=parameters.model_dump(mode="json") | {"record": record.as_posix()},
                progress_bar=False,
                config=config,
            )
    except PapermillExecutionError as failure:
        return f"{failure.ename}: {failure.evalue}"
    except Exception as failure:
        return f"{type(failure).__name__}: {failure}"
    return ""


@contextmanager
def _own_sockets() -> Iterator[Config]:
    """Kernel settings: sockets in a private folder of its own.

    There are no ports to run out of or to collide on, and nobody else on the machine can listen.
    """
    with tempfile.TemporaryDirectory(prefix="onemata-") as folder:
        yield Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


class _Files:
    """Where papermill reads our notebooks and writes a record's: whole or not at all, and clear of credentials."""

    def read(self, path: str) -> str:
        return (_NOTEBOOKS / path.removeprefix(_SCHEME)).read_text(encoding="utf-8")

    def write(self, text: str, path: str) -> None:
        replace_file(Path(path.removeprefix(_SCHEME)), without_secrets(text, []) + "\n")

    def pretty_path(self, path: str) -> str:
        return path


papermill_io.register(_SCHEME, _Files())
