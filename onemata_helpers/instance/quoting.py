"""Put values into shell and PowerShell texts so that they can only ever be values."""

import base64
import re
import shlex
from pathlib import Path
from typing import Literal

Platform = Literal["linux", "windows"]
_TEXTS = Path(__file__).parent
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def text_of(name: str) -> str:
    """Read one of the texts in ``shell/`` or ``powershell/``."""
    folder = "powershell" if name.endswith(".ps1") else "shell"
    return (_TEXTS / folder / name).read_text(encoding="utf-8")


def checked(value: str) -> str:
    """Return the value; ValueError if it holds a line break or another control character."""
    if _CONTROL.search(value):
        raise ValueError(f"{value!r} holds a control character and cannot be put into a command.")
    return value


def sh_values(**values: object) -> str:
    """Write one assignment a line for a POSIX shell."""
    return "".join(f"{name}={shlex.quote(checked(str(value)))}\n" for name, value in values.items())


def ps_values(**values: object) -> str:
    """Write one assignment a line for PowerShell."""
    return "".join(f"${name} = {ps_quote(checked(str(value)))}\n" for name, value in values.items())


def ps_quote(value: str) -> str:
    """Quote for PowerShell, where four typographic characters count as single quotes as well.

    Text that is not ASCII goes in as base64: PowerShell 5.1 reads a script in the machine's code
    page. https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    if value.isascii():
        return "'" + value.replace("'", "''") + "'"
    encoded = base64.b64encode(value.encode()).decode()
    return f"[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded}'))"


def windows_arguments(*arguments: str) -> str:
    """Join arguments as Windows programs split them.

    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
    """
    return " ".join(_windows_argument(argument) for argument in arguments)


def _windows_argument(argument: str) -> str:
    if re.fullmatch(r"[\w+=,.@:/-]+", argument):
        return argument
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'
