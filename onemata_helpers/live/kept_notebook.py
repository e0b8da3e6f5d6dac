"""The notebook record of a session that `onemata open` did not begin: the kernel writes it itself, beside the JSON."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..notebook import keep, template, with_values
from ..parameters import ServiceParameters
from .frontend import Place

_STEP = re.compile(r"^runbook(?:\.(\w+)\(|\s*$)", re.MULTILINE)
_BEGINNING = ("status", "parameters")


class KeptNotebook:
    """Written anew after each step, with what the notebook shows. Nothing is done where `onemata open` keeps it."""

    def __init__(self, parameters: ServiceParameters, record: Path) -> None:
        self._parameters, self._record = parameters, record

    def write(self, places: Mapping[str, Place]) -> None:
        """Raises nothing, since what was done is in the JSON record: what is wrong is said under the cell."""
        if self._parameters.record:
            return
        notebook = with_values(template(self._parameters.service), self._parameters.model_dump(mode="json"))
        for cell in notebook["cells"]:
            found = _STEP.findall("".join(cell["source"])) if cell["cell_type"] == "code" else []
            names = [name for step in found for name in ([step] if step else _BEGINNING)]
            shown = [places[name].content for name in names if name in places and places[name].content]
            if shown:
                cell["outputs"] = [{"output_type": "display_data", "data": each, "metadata": {}} for each in shown]
        trouble = keep(notebook, self._record.with_suffix(".ipynb"), self._record)
        if trouble:
            print(trouble, file=sys.stderr)
