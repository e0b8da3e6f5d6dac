"""Small notebooks, run in a forked process."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from onemata_helpers.warm.engine import FORKED
from onemata_helpers.warm.process import Process

from ..processes import LONG


def notebook(*sources: str) -> Any:
    """A notebook of these cells."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel, "language_info": {"name": "python"}})  # type: ignore[no-untyped-call]
    made.cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]
    return made


def run_in(process: Process, path: Path, *sources: str) -> list[str]:
    """Run these cells; what each of them printed. An error of theirs is no failure.

    What takes too long is killed. Raises DeadKernelError if the process did not live to the end.
    """
    too_long = Timer(LONG, process.kill)
    too_long.start()
    try:
        with suppress(PapermillExecutionError):
            papermill.execute_notebook(
                notebook(*sources), path, progress_bar=False, engine_name=FORKED, process=process
            )
    finally:
        too_long.cancel()
    return printed(path)


def printed(path: Path) -> list[str]:
    """What the cells of a saved notebook printed, and the names of their errors."""
    cells = nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
    outputs = [cell.outputs for cell in cells if cell.cell_type == "code"]
    return ["".join(each.get("text") or each.get("ename", "") for each in some) for some in outputs]
