"""From folders and options to the jobs: all folders are checked, and what is wrong with any of them is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..clients import from_folders
from ..errors import ParameterError, Problem
from ..sandbox_in_use import served_url
from .elsewhere import fetch, refuse_unreachable
from .jobs import Job, Result, jobs_of, refuse_unwritable
from .options import How, Which
from .selection import fitting, in_state
from .summary import refuse_no_place

_SHOWN = 5


def found(which: Which, how: How, action: str | None) -> tuple[list[Job], list[Result]]:
    """The chosen jobs, and a failure for each folder that is left out because something is wrong with it.

    `action` goes before the one in the files. Raises ParameterError with every problem of every folder, unless bad
    ones are skipped; and of every option. Raises RecordNotWritten if a record could not be written, and ConnectError
    if the sandbox that they need is not where ONEMATA_SANDBOX_URL says. Raises SummaryNotWritten if that could not be.
    """
    clients, problems = from_folders(which.folders)
    if problems and not which.skip_invalid:
        raise ParameterError(problems)
    bad = {folder: mine for folder in which.folders if (mine := _of(folder, problems))}
    good = {folder: in_use for folder, in_use in clients.items() if folder not in bad}
    todo = jobs_of(good, how.records, which.service or [], action)
    todo = fitting(todo, which.match or [], which.tag or [])
    if how.upload_to:
        refuse_unreachable(how.upload_to, how.records_profile)  # before anything runs
        todo = [replace(job, upload_to=how.upload_to, upload_as=how.records_profile) for job in todo]
        if which.only or how.resume:
            fetch(todo)
    todo = in_state(todo, which.only)
    if any(job.parameters.sandbox for job in todo):
        served_url()
    if not which.list_only:
        refuse_unwritable(todo)
        if how.summary:
            refuse_no_place(how.summary)
    return todo, [_failure(folder, mine) for folder, mine in bad.items()]


def _of(folder: Path, problems: Sequence[Problem]) -> list[Problem]:
    """The problems of a folder, or of a file in it."""
    return [each for each in problems if folder in (Path(each.file), *Path(each.file).parents)]


def _failure(folder: Path, problems: list[Problem]) -> Result:
    each_once = ParameterError(problems).problems
    said = "; ".join(map(str, each_once[:_SHOWN])) + (
        f"; and {len(each_once) - _SHOWN} more" if each_once[_SHOWN:] else ""
    )
    return Result(folder.name, "", "failed", f"{said}. Who acts: the engineer corrects the parameters named here.")
