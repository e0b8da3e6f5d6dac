"""What is printed for people, so that nothing in it acts on the terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from .text import visible

out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def shown(text: str) -> Text:
    """Any text as the terminal may show it: nothing in it moves a cursor, or is rich's markup or an emoji's name."""
    return Text(visible(text))


def say(text: str, style: str = "") -> None:
    """Print a text on standard output; its lines are not broken."""
    line = shown(text)
    if style:
        line.stylize(style)
    out.print(line, soft_wrap=True)


def complain(text: str) -> None:
    """Print a text on standard error; its lines are not broken."""
    _err.print(shown(text), soft_wrap=True)


def somebody_is_there() -> bool:
    """Whether a person can see what is printed, and answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()
