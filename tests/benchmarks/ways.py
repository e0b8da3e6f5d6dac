"""The ways to run clients' runbooks: each takes folders, and runs all runbooks of each client with `apply`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from onemata_helpers.parameter_files import from_folder

from ..conftest import ROOT
from .clients import ONEMATA
from .measured import Measured, measure

Environment = dict[str, str]
Way = Callable[[list[Path], Path, Environment, int], Measured]

_PAPERMILL = Path(sys.executable).parent / "papermill"


def papermill_command(folders: list[Path], work: Path, environment: Environment, jobs: int) -> Measured:
    """The `papermill` command, once for each notebook."""
    taken = []
    for folder in folders:
        for service in from_folder(folder):
            files = [each for name in ("client", service) for each in ("-f", folder / f"{name}.yaml")]
            notebook, out = ROOT / "notebooks" / f"{service}.ipynb", f"{folder.name}-{service}.ipynb"
            command = [_PAPERMILL, notebook, out, *files, "-p", "action", "apply", "--no-progress-bar"]
            taken.append(measure([str(each) for each in command], work, environment))
    return Measured(sum(each.cpu for each in taken), sum(each.wall for each in taken))


def papermill_function(folders: list[Path], work: Path, environment: Environment, jobs: int) -> Measured:
    """`papermill.execute_notebook`, for all in one process."""
    return measure([sys.executable, "-m", "tests.benchmarks.in_papermill", *map(str, folders)], work, environment)


def plain_process(folders: list[Path], work: Path, environment: Environment, jobs: int) -> Measured:
    """The same steps in one plain Python process, without notebooks."""
    return measure([sys.executable, "-m", "tests.benchmarks.in_plain_python", *map(str, folders)], work, environment)


def onemata(folders: list[Path], work: Path, environment: Environment, jobs: int) -> Measured:
    """`onemata run`."""
    return measure(onemata_command(folders, jobs), work, environment)


def onemata_command(folders: list[Path], jobs: int) -> list[str]:
    """The command for these clients."""
    return [str(ONEMATA), "run", *map(str, folders), "--action", "apply", "--jobs", str(jobs), "--records", "records"]
