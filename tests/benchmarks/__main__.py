"""`make bench`: what a notebook costs, beside other ways to run it, on the same sandbox in the same minutes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from . import parts
from .parts import Sizes

PARTS = {"cpu": parts.cpu, "wall": parts.wall, "drift": parts.drift, "commands": parts.commands}


def main(
    clients: Annotated[int, typer.Option(min=1, help="Clients, each with Redshift and Glue")] = 30,
    slow_clients: Annotated[int, typer.Option(min=1, help="Of these, how many for papermill's own ways")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Clients at the same time")] = 16,
    latency: Annotated[float, typer.Option(min=0, help="Seconds added to each AWS call, for the wall time")] = 0.1,
    many: Annotated[int, typer.Option(min=20, help="Clients of one long run, for what grows")] = 1000,
    only: Annotated[list[str] | None, typer.Option(help=f"Only {', '.join(PARTS)}; may be repeated")] = None,
) -> None:
    """Measure, and print each number beside its goal."""
    sizes = Sizes(clients, min(slow_clients, clients), jobs, latency, many)
    for name in only or PARTS:
        with tempfile.TemporaryDirectory() as work:
            for row in PARTS[name](sizes, Path(work)):
                print(row)
                sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
