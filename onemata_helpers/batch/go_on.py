"""The command that goes on where a batch ended, to be copied from its last line."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_FEW = 3


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
