"""The chosen work: its jobs, with the sandbox that they need, each account signed in to, and the results of all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

from ..errors import ConnectError
from ..policy_checks import PolicyChecks
from ..sandbox_in_use import ENDS_WITH_THIS, sandbox_for_all, served_url
from ..services import service_of
from ..terminal import complain, say
from ..text import counted
from ..warm.process import NotForked, warm
from .carry_out import Carry, carry_out
from .cluster import on_cluster
from .found import found
from .go_on import how_to_go_on
from .interrupts import Interrupts, counted_interrupts
from .jobs import Job, Result, not_begun
from .options import How, Which
from .progress import shown_progress
from .recap import show_recap
from .resume import done_since, mark_begin
from .runner import Batch
from .sign_in import SignedIn, sign_in
from .summary import SummaryNotWritten, write_summary

_WITHOUT_THEM = "With --skip-invalid the others are run all the same."
_CTRL_C = "the batch was interrupted (Ctrl-C)"


class Work:
    """The jobs to do, and the results of those that need not or could not be begun."""

    def __init__(
        self,
        todo: Sequence[Job],
        known: Sequence[Result],
        how: How,
        folders: Sequence[Path],
        asked: Interrupts,
        signed_in: SignedIn,
    ) -> None:
        self.todo = todo
        self.known = known
        self.asked = asked
        self._how = how
        self._folders = folders
        self._signed_in = signed_in
        self._began = time.monotonic()
        self._stopping = False

    @property
    def interrupted(self) -> bool:
        """Whether somebody has asked for an end: then no job begins any more."""
        return self.asked.count > 0

    def run(self, todo: Sequence[Job]) -> list[Result]:
        """Run these jobs, and show how they go on; their results, in this order. After Ctrl-C none begins any more."""
        if self.interrupted:
            return [not_begun(job, "not run", f"Not begun: {_CTRL_C}.") for job in todo]
        how = self._how
        results = []
        with _carrier(how, self._signed_in) as carry:
            batch = Batch(todo, how.jobs, stop_after=how.stop_after, limit=how.time_limit * 60, carry=carry)
            with shown_progress(batch) as show:
                for event in batch.run():
                    with suppress(OSError):  # of a log on a full disk, or that nobody reads any more: records have it
                        show(event)
                    results += [event] if isinstance(event, Result) else []
                    self._heed(batch)
        order = {job.name: number for number, job in enumerate(todo)}
        return sorted(results, key=lambda result: order[result.name])

    def ended(self, results: Sequence[Result]) -> bool:
        """Say what became of all, and how to go on. Gives back whether nobody has to look at any."""
        all_results = [*self.known, *results]
        seconds = time.monotonic() - self._began
        with suppress(OSError):  # as above; the exit code and the summary have it
            show_recap(all_results, seconds)
            for line in how_to_go_on(all_results, self._folders):
                say(line)
        if self._how.summary:
            try:
                write_summary(self._how.summary, all_results, seconds)
            except SummaryNotWritten as error:
                complain(str(error))
                return False
        return all(result.ok for result in all_results)

    def _heed(self, batch: Batch) -> None:
        if self.interrupted and not self._stopping:
            self._stopping = True
            batch.stop(_CTRL_C)
            say(f"Stopping: nothing more begins. {_waited_for(batch)} Ctrl-C again kills what still runs.")
        if self.asked.count > 1:
            batch.kill("It was killed (Ctrl-C, twice)")


def _carrier(how: How, signed_in: SignedIn) -> AbstractContextManager[Carry]:
    """What runs each job: this machine, or a cluster, whose workers sign in by themselves."""
    return on_cluster(how.dask) if how.dask else nullcontext(partial(carry_out, lend=signed_in.lend))


def _waited_for(batch: Batch) -> str:
    names = [running.job.name for running in batch.running_now()]
    return f"Waiting for {', '.join(names)} to come to a safe point." if names else "Nothing runs."


@contextmanager
def chosen(which: Which, how: How, action: str | None) -> Iterator[Work]:
    """The work, found and signed in to. From then on Ctrl-C raises nothing: all that is left comes to be *not run*.

    Raises ConnectError if an account cannot be signed in to, unless such are skipped, and whatever `found` raises.
    """
    todo, known = found(which, how, action)
    with counted_interrupts() as asked:
        if how.resume:
            todo, done = done_since(todo, which, how.records, action)
            known += done
        elif todo:
            mark_begin(which, how.records, action)
        if not todo:
            say("Nothing to do.")
        in_sandbox = [job.parameters for job in todo if job.parameters.sandbox]
        if in_sandbox and not served_url():
            complain(ENDS_WITH_THIS)
        if todo and not how.dask:
            with suppress(NotForked):  # said when the first notebook is run
                warm.start(_apis(todo))  # it loads while the sandbox does, and while accounts are signed in to
        with sandbox_for_all(in_sandbox):
            signed_in = sign_in(todo, asked)
            refused = _refused(todo, signed_in.refused, skip=which.skip_invalid)
            in_reach = [job for job in todo if job.parameters.client not in signed_in.refused]
            yield Work(in_reach, [*known, *refused], how, which.folders, asked, signed_in)


def _apis(todo: Sequence[Job]) -> set[str]:
    """The services of AWS's that their runbooks call."""
    services = [service_of(job.parameters) for job in todo]
    return {api for each in services for api in (*each.apis, *PolicyChecks(each).apis)}


def _refused(todo: Sequence[Job], why: Mapping[str, str], *, skip: bool) -> list[Result]:
    """A failure for each job whose account cannot be signed in to."""
    if why and not skip:
        said = "\n".join(f"  - {client}: {each}" for client, each in why.items())
        raise ConnectError(
            f"{counted(len(why), 'account')} cannot be signed in to, so nothing was started.\n{said}\n{_WITHOUT_THEM}"
        )
    return [not_begun(job, "failed", why[job.parameters.client]) for job in todo if job.parameters.client in why]
