"""Records as runs leave them, made without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers.record import Record

Keep = Callable[..., Path]

OPEN = {"kind": "attach", "resource": "policy X on role r", "step": "1", "why": "It is not attached."}
IN_ORDER = OPEN | {"kind": "nothing"}
CALL = {"service": "iam", "operation": "attach_role_policy", "arguments": {}}
GOOD = {"name": "role r", "result": "proven", "evidence": "The role exists."}
BAD = {"name": "policy X on role r", "result": "failed", "evidence": "It does not exist."}


def planned(*changes: dict[str, Any]) -> dict[str, Any]:
    """A plan with these changes, each of which has a call unless there is nothing to do."""
    with_calls = [each | ({"calls": [CALL]} if each["kind"] == "attach" else {}) for each in changes]
    where = {"account_id": "012345670123", "partition": "aws", "region": "us-east-1"}
    return {"action": "plan", "service": "glue", **where, "changes": with_calls, "observed": {}}


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return keeping(tmp_path)


def keeping(folder: Path) -> Keep:
    """Keeps a record of a client's service, as of a day of January 2026, with its notebook beside it."""

    def keep(client: str, day: int, action: str, outcome: str | None, service: str = "glue", **values: Any) -> Path:
        ended = None if outcome is None else f"2026-01-{day:02d}T12:00:09.000+00:00"
        record = Record(
            notice="",
            sandbox=False,
            client=client,
            account_id="012345670123",
            region="us-east-1",
            service=service,
            action=action,
            started=f"2026-01-{day:02d}T12:00:00.000+00:00",
            finished=ended,
            parameters={"role_name": "r"},
            versions={},
        ).model_dump()
        path = folder / "records" / client / service / f"2026-01-{day:02d}T120000.000Z.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record | {"outcome": outcome} | values))
        path.with_suffix(".ipynb").write_text("{}")
        return path

    return keep
