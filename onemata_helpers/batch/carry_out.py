"""One job from beginning to end: its record begun, its notebook executed, and how that ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ..errors import OnemataError, unforeseen, who_acts
from ..parameters import ServiceParameters
from ..plan import CHANGING
from ..record import Record, begin, done_so_far, now, read_record, write_record
from ..role_sessions import RoleSessions
from ..stopping import forget
from ..text import one_line, sentence
from .elsewhere import hand_down, not_uploaded, sessions_there, uploaded
from .jobs import Job, Result, not_begun
from .patience import Abandoned, unless_killed
from .standing import standing


class JobWatcher(Protocol):
    """Who watches a job as it runs, in the process that executes its notebook."""

    why_killed: str
    """Why it was killed, if it was."""

    def has_record(self, path: Path) -> None:
        """The job has begun its record."""

    def has_process(self, kill: Callable[[], None]) -> None:
        """The job has a process of its own, which `kill` ends."""

    def has_ended(self, path: Path) -> None:
        """The run that writes this record has ended, and nothing is asked of it any more."""


Carry = Callable[[Job, JobWatcher], Result]
"""Runs a job to its end, here or elsewhere."""

Lend = Callable[[ServiceParameters], RoleSessions]
"""Gives the sessions that a notebook with these parameters goes on with."""

# Seconds that the upload of a record may take when its job was killed.
_LAST = 30
_AGAIN = "the engineer runs it again, which completes what was begun"


class Nobody:
    """Nobody watches."""

    why_killed = ""

    def has_record(self, path: Path) -> None:
        """Nobody is told."""

    def has_process(self, kill: Callable[[], None]) -> None:
        """Nobody is told."""

    def has_ended(self, path: Path) -> None:
        """Nobody asks any more."""
        forget(path)


def lend_nothing(_: ServiceParameters) -> RoleSessions:
    """The notebook signs in by itself."""
    return RoleSessions()


def carry_out(job: Job, watcher: JobWatcher | None = None, lend: Lend = lend_nothing) -> Result:
    """Run a job's notebook in a process of its own. Raises nothing: its failure must stop no other."""
    began, watcher = time.monotonic(), watcher or Nobody()
    try:
        outcome, why, path = _carried_out(job, watcher, lend)
    except OnemataError as error:
        return not_begun(job, "failed", str(error))
    except Exception as error:  # not foreseen, and yet no reason for other clients to wait
        return not_begun(job, "failed", unforeseen(error))
    seconds, p = time.monotonic() - began, job.parameters
    result = Result(p.client, p.service, outcome, why, path, seconds, *standing(path))
    try:
        return unless_killed(lambda: uploaded(job, result), watcher, _LAST)
    except Abandoned:
        return not_uploaded(
            result, who_acts("S3 did not answer in time", "the engineer runs it again, which uploads it")
        )


def _carried_out(job: Job, watcher: JobWatcher, lend: Lend) -> tuple[str, str, Path]:
    from ..execute import conclude, execute  # it takes half a second, too, which the sandbox's start need not wait for

    path, _ = begin(job.parameters, job.records, notebook=True)
    watcher.has_record(path)
    ended = broken = ""
    try:
        hand_down(job, path)
        with suppress(Abandoned):  # it is cut off before its notebook runs
            sessions = unless_killed(lambda: lend(job.parameters), watcher).with_those_of(sessions_there(job))
            ended = execute(job.parameters, path, watcher.has_process, sessions)
    except OnemataError as error:  # of the lease's file; its record was begun, and gets an end
        broken = str(error)
    except Exception as error:
        broken = unforeseen(error)
    finally:
        watcher.has_ended(path)
    outcome, why = _ending(path, watcher.why_killed or ended, broken)
    not_saved = conclude(path)
    return outcome, why if not_saved in why else f"{why} {not_saved}", path


def _ending(path: Path, error: str, broken: str) -> tuple[str, str]:
    """The record's outcome, and why; `failed` if the run was cut off or the notebook says otherwise.

    `error` is what ended the notebook, in its own last words if it had some; `broken` what failed around it.
    """
    try:
        record = read_record(path)
    except (OSError, ValueError) as failure:
        error = error or broken
        happened = f"{sentence(error) if error else ''} The record {path} cannot be read: {one_line(str(failure))}"
        return "failed", who_acts(happened.strip(), "the engineer looks at that file, and runs it again")
    if broken:
        happened, _, who = broken.partition(" Who acts: ")
        error = error or who_acts(f"{sentence(happened)} {_by_then(record)}", who.rstrip(".") or _AGAIN)
    if record.outcome is None:
        return "failed", _cut_off(path, record, error)
    if error and record.outcome not in ("failed", "blocked"):
        happened = f"{sentence(error)} The record says: {record.outcome}: {record.reason}"
        return "failed", happened if "Who acts: " in error else who_acts(happened, _AGAIN)
    return record.outcome, record.reason


def _cut_off(path: Path, record: Record, error: str) -> str:
    """Give a record the end that the notebook's process could not give it, and say what was done by then."""
    doing = f" It was at: {sentence(record.doing)}" if record.doing else ""
    happened = f"{sentence(error or 'The run was cut off before its end')}{doing} {_by_then(record)}"
    # Its own last words know more than its record does, which it may not have been able to write.
    why = error if "Who acts: " in error else who_acts(happened, _AGAIN)
    record.outcome, record.reason, record.finished, record.doing = "failed", why, now(), ""
    try:
        write_record(path, record)
    except OSError as failure:
        said = f"The record {path} cannot be written: {failure.strerror}."
        return why if said in why else f"{why} {said}"
    return why


def _by_then(record: Record) -> str:
    """What a killed process had done. It may have died between a call and the writing of its answer."""
    if record.plan is None or record.action not in CHANGING:
        return done_so_far(record)
    wrote = any(call.access == "write" for call in record.calls)
    known = done_so_far(record) if wrote else "No change is on record."
    return f"{known} A call that was under way may have gone through, too."
