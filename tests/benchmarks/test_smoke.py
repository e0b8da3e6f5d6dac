"""The benchmark runs, with as little as there is. No time is asserted: that depends on the machine."""

from __future__ import annotations

from pathlib import Path

from . import parts
from .parts import Sizes

_SMALL = Sizes(clients=1, slow_clients=1, jobs=1, latency=0.002, many=10, slow_notebooks=1, tries=1)


def test_each_way_is_measured_and_compared(tmp_path: Path) -> None:
    rows = "\n".join(parts.cpu(_SMALL, tmp_path))
    for name in ("papermill command", "papermill.execute_notebook", "one plain Python process"):
        assert f"onemata run, of {name}" in rows


def test_the_wall_time_stands_beside_the_calls_that_were_made(tmp_path: Path) -> None:
    rows = "\n".join(parts.wall(_SMALL, tmp_path))
    assert "onemata run, of the ideal" in rows
    assert "ideal: 0 calls" not in rows


def test_the_commands_are_measured(tmp_path: Path) -> None:
    rows = "\n".join(parts.commands(_SMALL, tmp_path))
    for name in ("--help", "--version", "check", "chekc"):
        assert f"onemata {name}" in rows
