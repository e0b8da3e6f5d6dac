"""Jobs side by side: one client's one after the other, several clients' at the same time, and an end to each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock

from ..errors import unforeseen
from ..stopping import ask_to_stop, forget
from ..text import counted, lasting
from .carry_out import Carry, carry_out
from .jobs import Job, Result, not_begun

_TICK = 0.25
# Seconds that a job has to come to a safe point when its time is up.
_GRACE = 60


@dataclass(frozen=True)
class Started:
    """A job began."""

    job: Job


class Running:
    """A job that runs: since when, its record once it has one, and its end."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.began = time.monotonic()
        self.record: Path | None = None
        self.why_asked = ""
        self.why_killed = ""
        self._kill: Callable[[], None] | None = None
        self._has_ended = False
        self._lock = Lock()

    @property
    def seconds(self) -> float:
        """How long it runs."""
        return time.monotonic() - self.began

    def has_record(self, path: Path) -> None:
        """The job has begun its record."""
        self.record = path
        if self.why_asked:
            self._pass_on()

    def has_process(self, kill: Callable[[], None]) -> None:
        """The job has a process of its own, which `kill` ends."""
        with self._lock:
            self._kill = kill
            if self.why_killed:
                kill()

    def has_ended(self, path: Path) -> None:
        """The run that writes this record has ended: whoever asks it to stop from now on asks nobody."""
        with self._lock:
            self._has_ended = True
            forget(path)

    def ask_to_stop(self, why: str) -> None:
        """Ask the job to come to a safe point and end there, now or as soon as it has a record."""
        if not self.why_asked:
            self.why_asked = why
            self._pass_on()

    def _pass_on(self) -> None:
        with self._lock, suppress(OSError):  # of a full disk; then only `end` ends it
            if self.record and not self._has_ended:
                ask_to_stop(self.record, self.why_asked)

    def end(self, why: str) -> None:
        """Kill the job's process, now or as soon as it has one."""
        with self._lock:
            if self.why_killed:
                return
            self.why_killed = why
            if self._kill:
                self._kill()


class Batch:
    """The jobs of one run."""

    def __init__(
        self,
        todo: Sequence[Job],
        at_once: int,
        *,
        stop_after: int = 0,
        limit: float = 3600,
        carry: Carry = carry_out,
    ) -> None:
        self.todo = todo
        self._running: dict[str, Running] = {}
        self._at_once = at_once
        self._carry = carry
        self._limit = limit
        self._stop_after = stop_after
        self._in_a_row = 0
        self._why_no_more = ""
        self._events: SimpleQueue[Started | Result] = SimpleQueue()
        self._lock = Lock()
        self._turns = {_role(job): Lock() for job in todo}

    def run(self) -> Iterator[Started | Result | None]:
        """Run the jobs. Yields each start and each result as it comes, and None when for a moment nothing has.

        A job's failure stops no other, but `stop_after` of them in a row stop what has not begun. A job that takes
        longer than `limit` seconds is asked to stop, and killed if it does not.
        """
        by_client: dict[str, list[Job]] = {}
        for job in self.todo:
            by_client.setdefault(job.parameters.client, []).append(job)
        left = len(self.todo)
        with ThreadPoolExecutor(self._at_once) as pool:
            for mine in by_client.values():
                pool.submit(self._run_all, mine)
            try:
                while left:
                    event = self._next()
                    left -= isinstance(event, Result)
                    yield event
            finally:
                self.begin_no_more("the run was broken off")

    def begin_no_more(self, why: str) -> None:
        """Let no further job begin."""
        with self._lock:
            self._why_no_more = self._why_no_more or why

    def stop(self, why: str) -> None:
        """Let no further job begin, and ask those that run to stop at a safe point."""
        self.begin_no_more(why)
        for running in self.running_now():
            running.ask_to_stop(why)

    def kill(self, why: str) -> None:
        """Let no further job begin, and end those that run at once."""
        self.begin_no_more(why)
        for running in self.running_now():
            running.end(why)

    def running_now(self) -> list[Running]:
        """The jobs that run now."""
        with self._lock:
            return list(self._running.values())

    def _keep_limits(self) -> None:
        for running in self.running_now():
            if running.seconds > self._limit + min(_GRACE, self._limit):
                running.end(f"It did not end within {lasting(self._limit)} (--time-limit), and was killed")
            elif running.seconds > self._limit:
                running.ask_to_stop(f"it takes longer than {lasting(self._limit)} (--time-limit)")

    def _next(self) -> Started | Result | None:
        self._keep_limits()
        try:
            return self._events.get(timeout=_TICK)
        except Empty:
            return None

    def _count(self, result: Result) -> None:
        self._in_a_row = self._in_a_row + 1 if result.outcome == "failed" else 0
        if self._stop_after and self._in_a_row >= self._stop_after and not self._why_no_more:
            self._why_no_more = f"{counted(self._in_a_row, 'runbook')} in a row failed (--stop-after)"

    def _run_all(self, mine: Sequence[Job]) -> None:
        for job in mine:
            with self._turns[_role(job)]:  # several clients' folders may have deliveries for one role
                result = self._run(job)
            self._events.put(result)

    def _run(self, job: Job) -> Result:
        with self._lock:
            if self._why_no_more:
                return not_begun(job, "not run", f"Not begun: {self._why_no_more}.")
            running = self._running[job.name] = Running(job)
        self._events.put(Started(job))
        try:
            result = self._carry(job, running)
        except Exception as error:  # not foreseen: of an upload, of a cluster that is gone. All wait for a result
            result = replace(not_begun(job, "failed", unforeseen(error)), record=running.record)
        with self._lock:
            del self._running[job.name]
            self._count(result)
        return result


def _role(job: Job) -> tuple[str, str]:
    return job.parameters.account_id, job.parameters.role_name
