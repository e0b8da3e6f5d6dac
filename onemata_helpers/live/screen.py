"""What the notebook shows under each of its cells, and what is kept of it in the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from ..display import View
from ..parameters import ServiceParameters
from .frontend import Place, Shown
from .kept_notebook import KeptNotebook

_PLACES = ("status", "parameters", "connect", "plan", "apply", "verify", "judge", "hand_over", "finish")


class Controls(Protocol):
    """Something with buttons, and the sentence that stands in its place where there are none."""

    widget: Any
    instead: str


class Screen:
    """The places of a session's notebook, by the step that they belong to; `status` is the first of all."""

    def __init__(self) -> None:
        self._places = {name: Place() for name in _PLACES}
        self._controls = Place()
        self._kept: KeptNotebook | None = None

    def belongs_to(self, parameters: ServiceParameters, record: Path) -> None:
        """From now on all that is shown belongs to this record."""
        self._kept = KeptNotebook(parameters, record)
        for place in self._places.values():
            place.record = record.name

    def open(self, name: str, view: Shown) -> None:
        """Show it under the cell that runs now."""
        self._places[name].open(view)

    def put(self, view: Shown, *names: str) -> None:
        """Show it in these places, as far as their cells were run."""
        for name in names:
            self._places[name].put(view)

    def put_in_view(self, view: Shown, name: str) -> None:
        """Show it in this place, for whoever looks at another part of the notebook."""
        self._places[name].put(view, in_view=True)

    def place(self, name: str) -> Place:
        """The place of a step."""
        return self._places[name]

    def has(self, name: str) -> bool:
        """Whether the cell of a step was run."""
        return self._places[name].is_open

    def open_controls(self, controls: Controls) -> None:
        """Show something with buttons under the cell that runs now."""
        self._controls.open_controls(controls.widget, controls.instead)

    def put_controls(self, controls: Controls) -> None:
        """Show something with buttons in the place of what was there."""
        self._controls.put_controls(controls.widget, controls.instead)

    def end_controls(self, view: View) -> None:
        """Show text where buttons were."""
        self._controls.put(view)

    def keep(self) -> None:
        """Bring the notebook record up to date, where nobody else writes it."""
        if self._kept:
            self._kept.write(self._places)
