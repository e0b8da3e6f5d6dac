"""How a cell ends whose error is on the screen already."""

from __future__ import annotations

from ..errors import OnemataError


class Stopped(OnemataError):
    """The step failed, and its place in the notebook shows why; no cell after it is run."""

    def _render_traceback_(self) -> list[str]:
        return []
