"""Jobs on the machines of a Dask cluster, in place of this one.

Dask sends a task again when its worker was lost, which for an apply would be a second run that nobody sees. So each
task takes a ticket that is there only once: the second one finds none, and ends. What the first one did is on record,
and `--resume` goes on from what AWS says.
https://distributed.dask.org/en/stable/resilience.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from ..archive import FILE
from ..errors import ConnectError, OnemataError, who_acts
from ..redaction import foreign
from ..sandbox_address import SANDBOX_URL
from ..text import one_line
from .carry_out import Carry, JobWatcher, Nobody, carry_out
from .history import newest
from .jobs import Job, Result, not_begun

_SECONDS_FOR_A_TICKET = 3


class NotInstalled(OnemataError):
    """Dask is not there."""


class Lost(Exception):
    """A task that another worker had begun before."""


@contextmanager
def on_cluster(address: str) -> Iterator[Carry]:
    """What carries out a job on a worker of the cluster with this scheduler. Raises NotInstalled and ConnectError."""
    try:
        from distributed import Client, Queue
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        who = "the engineer installs it: pip install 'onemata-runbooks[dask]'"
        raise NotInstalled(who_acts("--dask needs the package `distributed`", who)) from None
    try:
        get_address_host_port(address)  # a client that is made of no address tries to close itself, for long
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        happened = f"There is no Dask scheduler at {one_line(address)}: {one_line(str(error))}. Nothing was started"
        raise ConnectError(who_acts(happened, "the engineer corrects --dask, or starts the scheduler")) from None

    def carry(job: Job, watcher: JobWatcher) -> Result:
        there = replace(job, records=job.records.absolute())
        ticket = Queue(f"onemata-{uuid4()}", client=client)
        ticket.put(None)
        client.subscribe_topic(ticket.name, lambda event: _has_record(there, watcher, event[1]))
        task = client.submit(
            _once,
            there,
            ticket.name,
            os.environ.get(SANDBOX_URL, ""),
            key=f"{job.name}-{uuid4()}",
            pure=False,
            retries=0,
        )
        watcher.has_process(task.cancel)
        try:
            result: Result = task.result()
        except Exception as error:  # whatever became of the worker, the scheduler or the network between
            return _lost(there, watcher.why_killed or one_line(foreign(f"{type(error).__name__}: {error}")))
        finally:
            client.unsubscribe_topic(ticket.name)
        if result.record:
            watcher.has_ended(result.record)
        return result

    with client:
        yield carry


def _once(job: Job, ticket: str, sandbox: str) -> Result:
    """On the worker: run the job, unless this task was begun before."""
    from distributed import Queue, get_client, get_worker

    try:
        Queue(ticket, client=get_client()).get(timeout=_SECONDS_FOR_A_TICKET)
    except TimeoutError:
        raise Lost("the worker that had begun it was lost") from None
    if sandbox:
        os.environ[SANDBOX_URL] = sandbox
    return carry_out(job, _Teller(lambda name: get_worker().log_event(ticket, name)))


class _Teller(Nobody):
    """Tells who watches from afar the name of the record. In a folder that all share, it can be read, and stopped."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def has_record(self, path: Path) -> None:
        """The job has begun its record."""
        self._tell(path.name)


def _has_record(job: Job, watcher: JobWatcher, name: object) -> None:
    """A worker has told the name of a job's record. What is no such name is nobody's."""
    if isinstance(name, str) and FILE.fullmatch(name):
        watcher.has_record(job.folder / name)


def _lost(job: Job, why: str) -> Result:
    """Nobody knows how far it came but its record, if that lies where we can see it. It may even still run."""
    seen = newest(job)
    happened = f"The run was lost on the cluster: {why}. It was cut off, or still runs there"
    who = "the engineer looks whether it still runs, and then goes on with --resume, which completes what was begun"
    return replace(not_begun(job, "failed", who_acts(happened, who)), record=seen.path if seen else None)
