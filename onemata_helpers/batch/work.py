"""The chosen work: its jobs, with the sandbox that they need, each account signed in to, and the results of all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import ConnectError
from ..sandbox_in_use import sandbox_for_all
from ..terminal import say
from ..text import counted
from .found import found
from .jobs import Job, Result, not_begun
from .options import How, Which
from .progress import shown_progress
from .recap import show_recap
from .runner import Batch
from .sign_in import sign_in


class Work:
    """The jobs to do, and the results of those that could not be begun."""

    def __init__(self, todo: Sequence[Job], left_out: Sequence[Result], how: How) -> None:
        self.todo = todo
        self._left_out = left_out
        self._how = how
        self._began = time.monotonic()

    def run(self, todo: Sequence[Job]) -> list[Result]:
        """Run these jobs, and show how they go on."""
        batch = Batch(todo, self._how.jobs, stop_after=self._how.stop_after)
        with shown_progress(batch) as show:
            return [event for event in map(show, batch.run()) if isinstance(event, Result)]

    def ended(self, results: Sequence[Result]) -> bool:
        """Say what became of all, and give back whether nobody has to look at any."""
        all_results = [*self._left_out, *results]
        show_recap(all_results, time.monotonic() - self._began)
        return all(result.ok for result in all_results)


@contextmanager
def chosen(which: Which, how: How, action: str | None) -> Iterator[Work]:
    """The work, found and signed in to.

    Raises ConnectError if an account cannot be signed in to, unless such are skipped, and whatever `found` raises.
    """
    todo, left_out = found(which, how, action)
    with sandbox_for_all([job.parameters for job in todo if job.parameters.sandbox]):
        refused = _refused(todo, skip=which.skip_invalid)
        in_reach = [job for job in todo if job.parameters.client not in {result.client for result in refused}]
        yield Work(in_reach, [*left_out, *refused], how)


def _refused(todo: Sequence[Job], *, skip: bool) -> list[Result]:
    """A failure for each job whose account cannot be signed in to."""
    if not todo:
        say("Nothing to do: no runbook is chosen.")
        return []
    why = sign_in(todo)
    if why and not skip:
        accounts = counted(len(why), "account")
        said = "\n".join(f"  - {client}: {each}" for client, each in why.items())
        raise ConnectError(f"{accounts} cannot be signed in to, so nothing was started.\n{said}")
    return [not_begun(job, "failed", why[job.parameters.client]) for job in todo if job.parameters.client in why]
