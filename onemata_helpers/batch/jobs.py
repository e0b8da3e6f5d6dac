"""What a batch works on, and what comes of it. Plain data, so that either may go to another process and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ParameterError, Problem, RecordNotWritten, who_acts
from ..files import try_folder
from ..parameters import ServiceParameters


@dataclass(frozen=True)
class Job:
    """One runbook to run for one client, the folder for the records of all, and where these are uploaded, if at all."""

    parameters: ServiceParameters
    records: Path
    upload_to: str = ""
    upload_as: str = ""

    @property
    def name(self) -> str:
        """Client and service."""
        return f"{self.parameters.client}/{self.parameters.service}"

    @property
    def folder(self) -> Path:
        """The folder for the records of this client and service."""
        return self.records / self.parameters.client / self.parameters.service

    def told(self, **parameters: Any) -> Job:
        """The same job with other values of some parameters, which have their form already."""
        return replace(self, parameters=self.parameters.model_copy(update=parameters))


@dataclass(frozen=True)
class Result:
    """How a job ended. `outcome` is the record's, or `failed` where the notebook did not come to its end.

    `not approved` and `not run` are those that were not begun. Of a folder that could not be read, `service` is empty.
    `preflight` is a word for how it stood before anything was changed, `preflight_about` what that is about.
    """

    client: str
    service: str
    outcome: str
    reason: str
    record: Path | None = None
    seconds: float = 0
    preflight: str = ""
    preflight_about: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Client and service, or the client alone."""
        return f"{self.client}/{self.service}" if self.service else self.client

    @property
    def ok(self) -> bool:
        """Whether no one has to look at it."""
        return self.outcome not in ("failed", "blocked", "not run")


def not_begun(job: Job, outcome: str, reason: str) -> Result:
    """The result of a job that was not begun."""
    return Result(job.parameters.client, job.parameters.service, outcome, reason)


def jobs_of(
    clients: dict[Path, dict[str, ServiceParameters]], records: Path, services: Sequence[str], action: str | None
) -> list[Job]:
    """The jobs of these clients, of these services (all in use when empty).

    `action` goes before the one in the files. Raises ParameterError for a service that none of the clients uses.
    """
    found = [
        Job(parameters, records).told(**({"action": action} if action else {}))
        for in_use in clients.values()
        for name, parameters in in_use.items()
        if not services or name in services
    ]
    unused = [each for each in services if all(job.parameters.service != each for job in found)]
    if clients and unused:
        must = "must be one that a client here uses: there is no file for it in any of these folders"
        raise ParameterError([Problem("the command line", "--service", each, must) for each in unused])
    return found


def refuse_unwritable(todo: Sequence[Job]) -> None:
    """Raise RecordNotWritten if the records of a job could not be written."""
    for job in todo:
        try:
            try_folder(job.folder)
        except OSError as error:
            happened = f"Records cannot be written in {job.folder}: {error.strerror}. Nothing was done in AWS"
            who = "the engineer corrects that, or names another folder with --records"
            raise RecordNotWritten(who_acts(happened, who)) from None
