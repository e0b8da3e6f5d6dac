"""How a batch asks a notebook's process to stop at its next safe point: by a file beside the record.

A signal would be lost between two cells, and could break a call that is under way.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from .files import replace_file


def ask_to_stop(record: Path, why: str) -> None:
    """Ask the run that writes this record to stop. Raises OSError."""
    replace_file(_beside(record), why)


def asked_to_stop(record: Path) -> str:
    """Why the run is asked to stop; empty when it is not."""
    try:
        return _beside(record).read_text(encoding="utf-8") or "somebody asked for it"
    except OSError:
        return ""


def forget(record: Path) -> None:
    """The run has ended: nothing is asked of it any more."""
    with suppress(OSError):
        _beside(record).unlink()


def _beside(record: Path) -> Path:
    return record.with_suffix(".stop")
