"""Which of the jobs are run: by the client's name, by tag, and by what the newest records say."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..errors import ParameterError, Problem
from .history import State, states
from .jobs import Job

_COMMAND_LINE = "the command line"


def fitting(todo: Sequence[Job], match: Sequence[str], tags: Sequence[str]) -> list[Job]:
    """The jobs of clients whose name fits one of these globs, and which have all of these tags, `key=value`.

    Raises ParameterError for a tag that has no `=`, and for what fits none of the clients: it may be mistyped.
    """
    wanted = [tuple(each.partition("=")) for each in tags]
    problems = [
        _problem("--tag", tag, "must be key=value") for tag, (_, sign, _) in zip(tags, wanted, strict=True) if not sign
    ]
    names = {job.parameters.client for job in todo}
    problems += [
        _problem("--match", glob, "must fit the name of a client among these folders")
        for glob in match
        if todo and not any(fnmatchcase(name, glob) for name in names)
    ]
    problems += [
        _problem("--tag", f"{key}={value}", "must be a tag of a client among these folders")
        for key, sign, value in wanted
        if todo and sign and not any(_has(job, key, value) for job in todo)
    ]
    if problems:
        raise ParameterError(problems)
    return [
        job
        for job in todo
        if (not match or any(fnmatchcase(job.parameters.client, glob) for glob in match))
        and all(_has(job, key, value) for key, _, value in wanted)
    ]


def in_state(todo: Sequence[Job], only: str) -> list[Job]:
    """The jobs that are in one of these states, separated by commas; all when empty.

    Raises ParameterError for a word that is no state.
    """
    if not only:
        return list(todo)
    words = [word.strip() for word in only.split(",")]
    known = ", ".join(State)
    problems = [_problem("--only", word, f"must be one of {known}") for word in words if word not in list(State)]
    if problems:
        raise ParameterError(problems)
    wanted = {State(word) for word in words}
    return [job for job in todo if states(job) & wanted]


def _has(job: Job, key: str, value: str) -> bool:
    return job.parameters.tags.get(key) == value


def _problem(option: str, given: str, must: str) -> Problem:
    return Problem(_COMMAND_LINE, option, given, must)
