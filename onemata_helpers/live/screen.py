"""What the notebook shows under each of its cells, and what is kept of it in the record."""

from __future__ import annotations

from pathlib import Path

from ..parameters import ServiceParameters
from .frontend import Place, Shown
from .kept_notebook import KeptNotebook

_PLACES = ("status", "parameters", "connect", "plan", "apply", "verify", "judge", "hand_over", "finish")


class Screen:
    """The places of a session's notebook, by the step that they belong to; `status` is the first of all."""

    def __init__(self) -> None:
        self._places = {name: Place() for name in _PLACES}
        self._kept: KeptNotebook | None = None

    def belongs_to(self, parameters: ServiceParameters, record: Path) -> None:
        """From now on all that is shown belongs to this record."""
        self._kept = KeptNotebook(parameters, record)
        for place in self._places.values():
            place.record = record.name

    def put(self, view: Shown, *names: str) -> None:
        """Show it in these places, as far as their cells were run."""
        for name in names:
            self._places[name].put(view)

    def place(self, name: str) -> Place:
        """The place of a step."""
        return self._places[name]

    def keep(self) -> None:
        """Bring the notebook record up to date, where nobody else writes it."""
        if self._kept:
            self._kept.write(self._places)
