"""How to go on where a batch ended: who has to act first, and the command, to be copied from the last line."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..files import read_file
from ..text import some
from ..told import Told
from ..waits import Wait, said_in, waits_for
from .jobs import Result

_FEW = 3
_UNTOLD = Wait("engineer", "The engineer corrects what is said there, and runs it again.")


def how_to_go_on(results: Sequence[Result], folders: Sequence[Path]) -> Iterator[str]:
    """The lines that say it: who acts where only that helps; and the command, if it does anything."""
    acts: dict[str, list[str]] = {}
    goes_on = 0
    for result in (each for each in results if not each.ok):
        waits = [] if result.outcome == "not run" else _waits(result)
        if not waits or (result.outcome == "failed" and any(each.by_running_it_again for each in waits)):
            goes_on += 1
            continue
        for wait in waits:
            acts.setdefault(wait.what, []).append(result.name)
    if acts:
        yield "To run it again changes nothing for these before somebody has acted:"
        yield from (f"    {some(names)}: {what}" for what, names in acts.items())
    if goes_on:
        yield f"To go on{' with the others' if acts else ''}: {command_that_goes_on(folders)}"


def _waits(result: Result) -> list[Wait]:
    """Who acts: by the record, if it tells how the job ended; else by what is said of it."""
    told = _told(result.record)
    if told and told.outcome == result.outcome:
        return waits_for(told, None)
    return list(said_in(result.reason)) or [_UNTOLD]


def _told(record: Path | None) -> Told | None:
    try:
        return Told.model_validate_json(read_file(record)) if record else None
    except (OSError, ValueError):  # the result says so already
        return None


def command_that_goes_on(folders: Sequence[Path]) -> str:
    """This command, with `--resume`. Many folders that are all of their parent's become `parent/*`.

    A digest is not given again: either it was not the plan's, or the plan of what is left has another.
    """
    program, *given_arguments = sys.argv
    arguments = list(_without_digests(given_arguments))
    words = [_short(Path(program)), *arguments]
    given = {str(folder) for folder in folders}
    parent = _all_of_one_parent(folders)
    if parent is None:
        said = shlex.join(words)
    else:
        said = f"{shlex.join(word for word in words if word not in given)} {shlex.quote(str(parent))}/*"
    return said if "--resume" in arguments else f"{said} --resume"


def _without_digests(arguments: Sequence[str]) -> Iterator[str]:
    words = iter(arguments)
    for word in words:
        if word == "--approve":
            next(words, None)
        elif not word.startswith("--approve="):
            yield word


def _short(program: Path) -> str:
    """As one would type it in this folder."""
    here = Path.cwd()
    return str(program.relative_to(here)) if program.is_relative_to(here) else program.name


def _all_of_one_parent(folders: Sequence[Path]) -> Path | None:
    parents = {folder.parent for folder in folders}
    if len(folders) <= _FEW or len(parents) > 1:
        return None
    (parent,) = parents
    there = {each for each in parent.iterdir() if not each.name.startswith(".")}
    return parent if there == set(folders) else None
