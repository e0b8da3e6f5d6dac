"""Put values into shell texts so that they can only ever be values."""

import shlex
from pathlib import Path

from onemata_helpers.text import is_plain

_TEXTS = Path(__file__).parent / "shell"


def text_of(name: str) -> str:
    """Read one of the texts in ``shell/``."""
    return (_TEXTS / name).read_text(encoding="utf-8")


def checked(value: str) -> str:
    """Return the value; ValueError if a person would not see each of its characters, as with a line break."""
    if not is_plain(value):
        raise ValueError(f"{value!r} has a character that cannot be seen, and cannot be put into a command.")
    return value


def command_line(*words: str) -> str:
    """Join the words so that a POSIX shell takes each as it is. Raises ValueError as :func:`checked` does."""
    return shlex.join(map(checked, words))


def sh_values(**values: str) -> str:
    """Write one assignment a line for a POSIX shell. Raises ValueError as :func:`checked` does."""
    return "".join(f"{name}={command_line(value)}\n" for name, value in values.items())


def sh_function(name: str, *commands: str) -> str:
    """Write a function of these commands, one a line; it may have none."""
    return "".join(line + "\n" for line in (f"{name}() {{", "  :", *(f"  {command}" for command in commands), "}"))
