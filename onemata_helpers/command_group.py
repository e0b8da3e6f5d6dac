"""The group of all commands: how one of them is run, and what is said where it cannot be."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

# So many new objects before Python looks for garbage. In a command most are no garbage: what is imported, and parsed.
# Looked for after 700 each time, it took a fifth of a command's time.
_GARBAGE = 50_000

_ATHENA = "What Athena needs is part of glue."


class CommandGroup(TyperGroup):
    """The overview of the commands, and what is said of wrong arguments, without rich, which takes long to load."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"rich_markup_mode": None})

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the command and exit. What cannot be printed, on a full disk say, is told in a sentence: exit code 1."""
        try:
            return super().main(*args, **settings)
        except OSError as error:
            if error.filename is not None:  # of another file than what is printed
                raise
            typer.echo(f"What was to be written cannot be: {error.strerror}.", err=True)
            sys.exit(1)
        finally:
            _forget_what_cannot_be_printed()

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what is wrong with its arguments is said in plain words."""
        gc.set_threshold(_GARBAGE)
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # pydantic's, which typer leaves there
            if error.message.startswith("'athena' is not one of"):
                error.message += f" {_ATHENA}"
            raise


def _forget_what_cannot_be_printed() -> None:
    """Python would try once more as it ends, complain, and exit with a code of its own.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
