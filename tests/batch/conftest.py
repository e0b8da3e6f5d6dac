"""Batches whose notebooks' steps run in this process: a kernel for each would cost seconds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from onemata_helpers import Runbook, execute
from onemata_helpers.batch.options import Approval, How, Planning, Which
from onemata_helpers.errors import OnemataError
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.record import Record

from ..conftest import EXAMPLE, QUIET, STEPS

__all__ = ["Approval", "How", "Planning", "Which"]


def client(folder: Path, name: str, *services: str, **changes: str) -> Path:
    """A folder for a client of this name in the sandbox's one account, who has a Glue role of its own."""
    target = Path(shutil.copytree(EXAMPLE, folder / name))
    own = {"client": name, "policy_checks": "none", "prove": "none", "configure": "skip"}
    roles = {"redshift": f"onemata-{name}", "glue": f"AWSGlueServiceRole-{name}", "ec2": f"onemata-ec2-{name}"}
    account = changes.get("account_id", "012345670123").strip('"')
    for path in target.glob("*.yaml"):
        if path.stem not in ("client", *(services or ("glue",))):
            path.unlink()
            continue
        text = path.read_text().replace("::012345670123:", f"::{account}:")
        for key, value in (own | {"role_name": roles.get(path.stem, "")} | changes).items():
            text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
        path.write_text(text)
    return target


def records(folder: Path) -> dict[str, list[Record]]:
    """The records below a folder, by client and service, the oldest first."""
    found: dict[str, list[Record]] = {}
    for path in sorted(folder.rglob("*.json")):
        record = Record.model_validate_json(path.read_text())
        found.setdefault(f"{record.client}/{record.service}", []).append(record)
    return found


def in_this_process(
    parameters: ServiceParameters, record: Path, on_process: Callable[[Callable[[], None]], None], *_: object
) -> str:
    """What a notebook does, in place of `execute`."""
    values = parameters.model_dump(mode="json") | {"record": str(record)}
    runbook = Runbook(parameters.service, values, QUIET)
    try:
        for step in STEPS:
            str(getattr(runbook, step)())
    except OnemataError as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.fixture
def kernels() -> None:
    """Asked for by tests whose notebooks run as they do for everybody."""


@pytest.fixture(autouse=True)
def _no_kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    if "kernels" not in request.fixturenames:
        monkeypatch.setattr(execute, "execute", in_this_process)
