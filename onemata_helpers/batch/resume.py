"""Where a batch goes on: what ended as asked since it began is not run again.

What is done in AWS is not decided here: what is run again is simply run, and does what AWS says is left to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ..errors import RecordNotWritten, who_acts
from ..files import replace_file
from ..record import now
from ..terminal import say
from ..text import counted
from .history import CUT_OFF, RUNNING, at_goal, newest
from .jobs import Job, Result


def mark_begin(records: Path, action: str | None) -> None:
    """Note that a batch with this action begins now. Raises RecordNotWritten."""
    path = _mark(records, action)
    try:
        replace_file(path, now())
    except OSError as error:
        happened = f"{path} cannot be written: {error.strerror}. Nothing was done in AWS"
        raise RecordNotWritten(who_acts(happened, "the engineer corrects that, or names another --records")) from None


def done_since(todo: Sequence[Job], records: Path, action: str | None) -> tuple[list[Job], list[Result]]:
    """The jobs that the last batch with this action left to do, and the results of those that it did."""
    since = _began(records, action)
    left, done = [], []
    for job in todo:
        seen = newest(job)
        if seen and at_goal(job, seen, since):
            done.append(Result(job.parameters.client, job.parameters.service, seen.outcome, seen.reason, seen.path))
            continue
        left.append(job)
        if seen and seen.outcome in (CUT_OFF, RUNNING):
            said = "was cut off" if seen.outcome == CUT_OFF else "still runs"
            say(f"{job.name}: the last run {said}{f' in {seen.doing}' if seen.doing else ''}.")
    ended = f"ended as asked since {since.isoformat(timespec='seconds') if since else 'ever'}"
    say(f"{counted(len(done), 'runbook')} of {len(todo)} {ended}; the others are run.")
    return left, done


def _began(records: Path, action: str | None) -> datetime | None:
    """When the last batch began; None if that is not known, which lets every good end count."""
    try:
        began = datetime.fromisoformat(_mark(records, action).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return began if began.tzinfo else None


def _mark(records: Path, action: str | None) -> Path:
    return records / f".{action or 'run'}-began"
