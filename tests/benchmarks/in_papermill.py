"""Run by the benchmark: each notebook of the clients by `papermill.execute_notebook`."""

from __future__ import annotations

import sys
from pathlib import Path

import papermill

from onemata_helpers.parameter_files import from_folder

from ..conftest import ROOT

for folder in map(Path, sys.argv[1:]):
    for service, parameters in from_folder(folder).items():
        values = parameters.model_dump(mode="json") | {"action": "apply"}
        out = f"{folder.name}-{service}.ipynb"
        papermill.execute_notebook(ROOT / "notebooks" / f"{service}.ipynb", out, values, progress_bar=False)
