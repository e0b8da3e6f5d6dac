"""What became of all, as JSON for other programs."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from errno import EISDIR
from pathlib import Path
from typing import Any

from ..errors import OnemataError, who_acts
from ..files import replace_file, try_folder
from ..record import now
from ..text import visible
from .jobs import Result


class SummaryNotWritten(OnemataError):
    """The summary cannot be written."""


def refuse_no_place(path: Path) -> None:
    """Raise SummaryNotWritten if it could not be written at the end, when it is too late."""
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        try_folder(path.parent)
    except OSError as error:
        raise _not_written(path, error, "Nothing was done in AWS") from None


def write_summary(path: Path, results: Sequence[Result], seconds: float) -> None:
    """Write it, over an earlier one. Raises SummaryNotWritten."""
    content = {
        "finished": now(),
        "seconds": round(seconds, 1),
        "outcomes": dict(Counter(result.outcome for result in results)),
        "results": [_plain(result) for result in results],
    }
    try:
        replace_file(path, json.dumps(content, indent=2, ensure_ascii=True) + "\n")
    except OSError as error:
        raise _not_written(path, error, "The records have all of it") from None


def _not_written(path: Path, error: OSError, more: str) -> SummaryNotWritten:
    happened = f"The summary {path} cannot be written: {error.strerror}. {more}"
    return SummaryNotWritten(who_acts(happened, "the engineer names another file with --summary"))


def _plain(result: Result) -> dict[str, Any]:
    return {
        "client": result.client,
        "service": result.service or None,
        "preflight": result.preflight or None,
        "preflight_about": [visible(each) for each in result.preflight_about],
        "outcome": result.outcome,
        "reason": visible(result.reason),
        "record": result.record.as_posix() if result.record else None,
        "seconds": round(result.seconds, 1),
    }
