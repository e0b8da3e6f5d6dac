"""What would run: a line for each job, with what its newest record says."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from ..terminal import out, say, shown
from ..text import counted
from .history import newest
from .jobs import Job, Result


def show_list(todo: Sequence[Job], left_out: Sequence[Result]) -> None:
    """Print it."""
    table = Table("Client", "Service", "Account", "Action", "Newest record")
    for job in todo:
        p = job.parameters
        account = "sandbox" if p.sandbox else p.account_id
        table.add_row(*map(shown, (p.client, p.service, account, p.action, _newest(job))))
    if todo:
        out.print(table)
    for result in left_out:
        say(f"{result.name}: left out: {result.reason}")
    clients = len({job.parameters.client for job in todo})
    say(f"{counted(len(todo), 'runbook')} of {counted(clients, 'client')} would run.")


def _newest(job: Job) -> str:
    seen = newest(job)
    if seen is None:
        return "none"
    said = f"{seen.outcome} in {seen.doing}" if seen.doing else seen.outcome
    action = seen.told.action if seen.told else ""
    return " ".join(part for part in (action, said, seen.path.stem) if part)
