"""Clients for a benchmark: a folder of each, with an account, a cluster and roles of its own, in one sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from onemata_helpers.sandbox_address import SANDBOX_URL

from ..conftest import EXAMPLE
from ..processes import running

ONEMATA = Path(sys.executable).parent / "onemata"
SERVICES = ("redshift", "glue")

# What would be proven there takes the services' own time, and is no part of a notebook's cost.
_OWN = {
    "client": {"denied_prefix": "", "denied_bucket": ""},
    "redshift": {"prove": "none", "policy_checks": "none"},
    "glue": {"prove": "none", "policy_checks": "none", "athena_principals": []},
}


def make_clients(folder: Path, kind: str, number: int, services: tuple[str, ...] = SERVICES) -> list[Path]:
    """Folders of `number` clients whose names begin with `kind`, a letter; each kind has accounts of its own."""
    return [_client(folder, kind, each, services) for each in range(number)]


def _client(folder: Path, kind: str, number: int, services: tuple[str, ...]) -> Path:
    name = f"{kind}-{number:04}"
    target = folder / name
    target.mkdir()
    for file in ("client", *services):
        values = yaml.safe_load((EXAMPLE / f"{file}.yaml").read_text()) | _OWN[file]
        if file == "client":
            values |= {"client": name, "account_id": f"{ord(kind):04}{number:08}"}
        lines = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
        (target / f"{file}.yaml").write_text("\n".join(lines))
    return target


@contextmanager
def served(folders: list[Path], latency: float = 0) -> Iterator[dict[str, str]]:
    """A sandbox with these clients, in a process of its own; yields the environment in which it is used."""
    command = [str(ONEMATA), "sandbox", "--latency", str(latency), *map(str, folders)]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        name, _, url = process.stdout.readline().removeprefix("export ").strip().partition("=")
        assert name == SANDBOX_URL
        yield {name: url}
