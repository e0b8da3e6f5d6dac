"""The record of a run: what was planned, done and seen, as JSON. It is written, never read back as state."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .apply import Done
from .calls import ApiCall
from .checks import Check
from .files import replace_file
from .hand_over import HandOver
from .parameters import ServiceParameters
from .plan import Plan
from .redaction import without_secrets

Outcome = Literal["planned", "applied", "verified", "waiting", "blocked", "failed", "removed"]

SANDBOX_NOTICE = "SANDBOX RECORD: NO REAL AWS ACCOUNT WAS READ OR CHANGED"


class Record(BaseModel):
    """One run of one runbook. `outcome` and `finished` are null as long as the run has not come to its end."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    notice: str = Field(description="For a sandbox run, says in large letters that it was one")
    sandbox: bool
    client: str
    account_id: str
    region: str
    service: str
    action: str
    outcome: Outcome | None = None
    reason: str = Field("", description="Why the outcome is what it is; of a failure, who acts")
    started: str = Field(description="UTC")
    finished: str | None = Field(None, description="UTC; null: the run was cut off")
    operator_arn: str = Field("", description="Who ran it, as STS says; empty until known")
    parameters: dict[str, Any]
    plan: Plan | None = None
    plan_digest: str = ""
    changes_done: list[Done] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    hand_over: HandOver | None = None
    calls: list[ApiCall] = Field(default_factory=list, description="Every AWS call, in order")
    versions: dict[str, str]


class Recorder:
    """Keeps a Record and its file in step: after each `keep` the file holds all that is known so far."""

    def __init__(self, parameters: ServiceParameters, path: Path) -> None:
        self.path = path
        self.secrets: list[str] = []
        self.record = Record(
            notice=SANDBOX_NOTICE if parameters.sandbox else "",
            sandbox=parameters.sandbox,
            client=parameters.client,
            account_id=parameters.account_id,
            region=parameters.region,
            service=parameters.service,
            action=parameters.action,
            started=_now(),
            parameters=parameters.model_dump(mode="json", exclude={"record"}),
            versions=_versions(),
        )

    def keep(self, **values: Any) -> None:
        """Set fields of the record, and write it."""
        for name, value in values.items():
            setattr(self.record, name, value)
        self._write()

    def add_call(self, call: ApiCall) -> None:
        """Add an AWS call. The file follows with the next write, or at once when it changed something."""
        self.record.calls.append(call)
        if call.access == "write":
            self._write()

    def add_change(self, done: Done) -> None:
        """Add a change that was carried out or begun."""
        self.record.changes_done.append(done)
        self._write()

    def finish(self, outcome: Outcome, reason: str) -> None:
        """The end of the run."""
        self.keep(outcome=outcome, reason=reason, finished=_now())

    def _write(self) -> None:
        text = without_secrets(self.record.model_dump_json(indent=2), self.secrets)
        replace_file(self.path, text + "\n")


def record_path(parameters: ServiceParameters, root: Path) -> Path:
    """A free place for a record: `<root>/<client>/<service>/<UTC time>.json`."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%f")[:-3] + "Z"
    return root / parameters.client / parameters.service / f"{stamp}.json"


def default_root() -> Path:
    """The folder that ONEMATA_RECORDS names, else `records/` beside `notebooks/` or in the working folder."""
    if os.environ.get("ONEMATA_RECORDS"):
        return Path(os.environ["ONEMATA_RECORDS"])
    here = Path.cwd()
    return (here.parent if here.name == "notebooks" else here) / "records"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _versions() -> dict[str, str]:
    return {
        "onemata-runbooks": version("onemata-runbooks"),
        "python": platform.python_version(),
        "boto3": version("boto3"),
        "botocore": version("botocore"),
    }
