"""Runbooks for many clients, unattended: one client after the other or side by side, each with its own records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event

from .clients import from_folders
from .errors import ParameterError, Problem
from .parameters import ServiceParameters
from .record import Record, record_path
from .sandbox_in_use import sandbox_for_all, served_url


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

    `action` goes before the one in the files. Raises ParameterError with every problem of every folder, and
    ConnectError if the sandbox that they need is not where ONEMATA_SANDBOX_URL says.
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
    record = record_path(job.parameters, job.records)
    error = execute(job.parameters, record)
    outcome, why = _ending(record, error)
    return Result(job, record, outcome, why, time.monotonic() - began)


def _ending(path: Path, error: str) -> tuple[str, str]:
    """The record's outcome, and why; `failed` if the run was cut off or the notebook says otherwise."""
    if not path.exists():
        return "failed", error or "there is no record"
    try:
        record = Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as failure:
        return "failed", error or f"the record cannot be read: {failure}"
    if record.outcome is None or (error and record.outcome not in ("failed", "blocked")):
        return "failed", error or "the run was cut off before its end"
    return record.outcome, record.reason
