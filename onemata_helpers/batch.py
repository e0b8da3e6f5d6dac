"""Runbooks for many clients, unattended: one client after the other or side by side, each with its own records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event

from .clients import from_folders
from .errors import OnemataError, ParameterError, Problem, RecordNotWritten, who_acts
from .files import try_folder
from .parameters import ServiceParameters
from .record import Record, begin, done_so_far, now, read_record, write_record
from .sandbox_in_use import sandbox_for_all, served_url
from .text import one_line, sentence
from .warm.process import NotForked, warm


@dataclass(frozen=True)
class Job:
    """One runbook to run for one client."""

    parameters: ServiceParameters
    records: Path

    @property
    def name(self) -> str:
        """Client and service."""
        return f"{self.parameters.client}/{self.parameters.service}"


@dataclass(frozen=True)
class Result:
    """How a job ended. `outcome` is the record's, or `failed` where the notebook did not come to its end."""

    job: Job
    record: Path
    outcome: str
    why: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether no one has to look at it."""
        return self.outcome not in ("failed", "blocked")


def jobs(folders: Sequence[Path], records: Path, services: Sequence[str], action: str | None) -> list[Job]:
    """The jobs for these clients' folders, of these services (all in use when empty), all checked.

    `action` goes before the one in the files. Raises ParameterError with every problem of every folder,
    RecordNotWritten if a record could not be written, and ConnectError if the sandbox that they need is not where
    ONEMATA_SANDBOX_URL says.
    """
    clients, problems = from_folders(folders)
    found: list[Job] = []
    for folder, in_use in clients.items():
        chosen = [parameters for name, parameters in in_use.items() if not services or name in services]
        if not chosen:
            must = f"must be one that this client uses: {', '.join(in_use)}"
            problems.append(Problem(str(folder), "--service", ", ".join(services), must))
        found += [_job(parameters, records, action) for parameters in chosen]
    if problems:
        raise ParameterError(problems)
    if any(job.parameters.sandbox for job in found):
        served_url()
    _refuse_unwritable(found)
    return found


def run(todo: Sequence[Job], at_once: int, started: Callable[[Job], None]) -> Iterator[Result]:
    """Run the jobs, one client's one after the other and `at_once` clients side by side.

    Yields each result as it comes; calls `started` with each as it begins. A job's failure stops no other.
    """
    by_client: dict[str, list[Job]] = {}
    results: SimpleQueue[Result] = SimpleQueue()
    for job in todo:
        by_client.setdefault(job.parameters.client, []).append(job)
    in_sandbox = [job.parameters for job in todo if job.parameters.sandbox]
    stopped = Event()
    with suppress(NotForked):  # said when the first notebook is run
        warm.start()
    with sandbox_for_all(in_sandbox), ThreadPoolExecutor(at_once) as pool:
        for mine in by_client.values():
            pool.submit(_run_all, mine, started, results, stopped)
        try:
            for _ in todo:
                yield results.get()
        finally:
            stopped.set()  # after Ctrl-C what runs comes to its end, and no further runbook begins


def _job(parameters: ServiceParameters, records: Path, action: str | None) -> Job:
    chosen = parameters.model_copy(update={"action": action} if action else {})
    return Job(chosen, records)


def _run_all(mine: Sequence[Job], started: Callable[[Job], None], results: SimpleQueue[Result], stopped: Event) -> None:
    for job in mine:
        if stopped.is_set():
            return
        started(job)
        results.put(_run(job))


def _run(job: Job) -> Result:
    from .execute import execute  # papermill takes seconds to load, which the sandbox's start need not wait for

    began = time.monotonic()
    try:
        path, _ = begin(job.parameters, job.records, notebook=True)
    except OnemataError as error:
        return Result(job, job.records, "failed", str(error), time.monotonic() - began)
    ended = execute(job.parameters, path)
    outcome, why = _ending(path, ended)
    return Result(job, path, outcome, why, time.monotonic() - began)


def _ending(path: Path, error: str) -> tuple[str, str]:
    """The record's outcome, and why; `failed` if the run was cut off or the notebook says otherwise."""
    try:
        record = read_record(path)
    except (OSError, ValueError) as failure:
        return "failed", f"{sentence(error)} The record {path} cannot be read: {one_line(str(failure))}".strip()
    if record.outcome is None:
        return "failed", _cut_off(path, record, error)
    if error and record.outcome not in ("failed", "blocked"):
        return "failed", f"{sentence(error)} The record says: {record.outcome}: {record.reason}"
    return record.outcome, record.reason


def _cut_off(path: Path, record: Record, error: str) -> str:
    """Give a record the end that the notebook's process could not give it, and say what was done by then."""
    happened = f"{sentence(error or 'The run was cut off before its end')} {_by_then(record)}"
    why = who_acts(happened, "the engineer runs it again, which completes what was begun")
    record.outcome, record.reason, record.finished = "failed", why, now()
    try:
        write_record(path, record)
    except OSError as failure:
        return f"{why} The record {path} cannot be written: {failure.strerror}."
    return why


def _by_then(record: Record) -> str:
    """What a killed process had done. It may have died between a call and the writing of its answer."""
    if record.plan is None or record.action not in ("apply", "remove"):
        return done_so_far(record)
    wrote = any(call.access == "write" for call in record.calls)
    known = done_so_far(record) if wrote else "No change is on record."
    return f"{known} A call that was under way may have gone through, too."


def _refuse_unwritable(found: Sequence[Job]) -> None:
    for job in found:
        folder = job.records / job.parameters.client / job.parameters.service
        try:
            try_folder(folder)
        except OSError as error:
            happened = f"Records cannot be written in {folder}: {error.strerror}. Nothing was done in AWS"
            who = "the engineer corrects that, or names another folder with --records"
            raise RecordNotWritten(who_acts(happened, who)) from None
