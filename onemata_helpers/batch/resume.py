"""Where a batch goes on: what ended as asked since it began is not run again.

When it began stands in a file beside the records, one for each command: the same action for the same clients, chosen
in the same way. Where there is none, as on another machine, nothing counts as done.

What is done in AWS is not decided here: what is run again is simply run, and does what AWS says is left to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from ..errors import RecordNotWritten, who_acts
from ..files import replace_file
from ..record import now
from ..side_by_side import side_by_side
from ..terminal import say
from ..text import counted, sentence
from ..told import CUT_OFF, RUNNING
from .elsewhere import uploaded
from .history import at_goal, newest
from .jobs import Job, Result
from .options import Which


def mark_begin(which: Which, records: Path, action: str | None) -> None:
    """Note that a batch with this action begins now. Raises RecordNotWritten."""
    path = _mark(which, records, action)
    try:
        replace_file(path, now())
    except OSError as error:
        happened = f"{path} cannot be written: {error.strerror}. Nothing was done in AWS"
        raise RecordNotWritten(who_acts(happened, "the engineer corrects that, or names another --records")) from None


def done_since(todo: Sequence[Job], which: Which, records: Path, action: str | None) -> tuple[list[Job], list[Result]]:
    """The jobs that this command left to do when it last began, and the results of those that it did.

    If it is not known when that was, it begins now. Raises RecordNotWritten.
    """
    since = _began(_mark(which, records, action))
    if since is None:
        say("Nothing here tells when this command last began, so nothing counts as done.")
        mark_begin(which, records, action)
    left, done = list[Job](), list[tuple[Job, Result]]()
    for job in todo:
        seen = newest(job)
        if since and seen and at_goal(job, seen, since):
            p = job.parameters
            done.append((job, Result(p.client, p.service, seen.outcome, seen.reason, seen.path)))
            continue
        left.append(job)
        if seen and seen.outcome in (CUT_OFF, RUNNING):
            said = "was cut off" if seen.outcome == CUT_OFF else "still runs"
            say(sentence(f"{job.name}: the last run {said}{f' in {seen.doing}' if seen.doing else ''}"))
    if since:
        ended = f"ended as asked since {since.isoformat(timespec='seconds')}"
        say(f"{counted(len(done), 'runbook')} of {len(todo)} {ended}; the others are run.")
    return left, _uploaded(done)


def _uploaded(done: Sequence[tuple[Job, Result]]) -> list[Result]:
    """Their results; where a record could not be uploaded before, it is now."""
    found: dict[str, Result] = {}

    def upload(job: Job, result: Result) -> None:
        found[job.name] = uploaded(job, result)

    side_by_side([partial(upload, *each) for each in done])
    return [found[job.name] for job, _ in done]


def _began(mark: Path) -> datetime | None:
    """When that command last began; None if that is not known."""
    try:
        began = datetime.fromisoformat(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return began if began.tzinfo else None


def _mark(which: Which, records: Path, action: str | None) -> Path:
    """A folder may be named in many ways; its own name is the client's."""
    clients = sorted({folder.resolve().name for folder in which.folders})
    chosen = [clients, *(sorted(each or []) for each in (which.service, which.match, which.tag)), which.only]
    digest = hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:12]
    return records / f".{action or 'run'}-{digest}-began"
