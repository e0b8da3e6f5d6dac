"""A new client, from its name to its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..choices import ServiceName
from .folder import beginning, make, place, set_values
from .questions import ask_all, asked_services, at_the_terminal


def new(client: str, services: Sequence[ServiceName], settings: Sequence[str] | None, parent: Path) -> Path:
    """Make the client's folder in `parent`, from settings (`KEY=VALUE`); None: by asking at the terminal.

    With no services told it is asked for them; with settings they are all three. Raises ParameterError, and EOFError at
    Ctrl-D; then nothing was made.
    """
    place(client, parent)
    if settings is None:
        values = beginning(client, services or asked_services(at_the_terminal))
        ask_all(values, at_the_terminal)
    else:
        values = beginning(client, services or list(ServiceName))
        set_values(values, settings)
    return make(values, parent)
