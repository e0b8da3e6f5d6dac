"""What the commands that run runbooks are told, each option declared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..at_once import CLIENTS
from ..choices import Action, ServiceName
from ..places import is_elsewhere

_WHICH = "Which runbooks"
_APPROVAL = "Approval"


@dataclass(frozen=True)
class Which:
    """Which clients' runbooks."""

    folders: Annotated[
        list[Path], typer.Argument(help="Clients' folders, like parameters/example", metavar="CLIENT_DIR")
    ]
    service: Annotated[
        list[ServiceName] | None,
        typer.Option(
            metavar="NAME", help="Only this service: redshift, glue or ec2; may be repeated", rich_help_panel=_WHICH
        ),
    ] = None
    match: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Only clients with such a name, like 'acme-*'; may be repeated", rich_help_panel=_WHICH
        ),
    ] = None
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Only clients with this tag in client.yaml; may be repeated",
            rich_help_panel=_WHICH,
        ),
    ] = None
    only: Annotated[
        str,
        typer.Option(
            metavar="STATE,...",
            help="Only where the newest record says failed, blocked, waiting, not-verified or drifted; never: none yet",
            rich_help_panel=_WHICH,
        ),
    ] = ""
    skip_invalid: Annotated[
        bool,
        typer.Option(
            "--skip-invalid",
            metavar="",
            help="Leave out folders with problems, and accounts that cannot be signed in to; they count as failed",
            rich_help_panel=_WHICH,
        ),
    ] = False
    list_only: Annotated[
        bool, typer.Option("--list", metavar="", help="Show what would run, and stop", rich_help_panel=_WHICH)
    ] = False


@dataclass(frozen=True)
class How:
    """How they are run."""

    where: Annotated[
        str,
        typer.Option("--records", metavar="PLACE", help="Where the records are kept: a folder, or s3://bucket/prefix"),
    ] = "records"
    records_profile: Annotated[
        str, typer.Option(metavar="NAME", help="AWS profile for that bucket; the usual credentials if not told")
    ] = ""
    jobs: Annotated[int, typer.Option(min=1, max=CLIENTS, metavar="N", help="Run so many clients at the same time")] = 2
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what became of each to this file, as JSON")
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", metavar="", help="Leave out what has ended as asked since this command last began without this"
        ),
    ] = False
    time_limit: Annotated[float, typer.Option(min=0.01, metavar="MINUTES", help="Stop a runbook that takes longer")] = (
        60
    )
    dask: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Run them on the Dask cluster that has this scheduler")
    ] = ""
    stop_after: Annotated[
        int, typer.Option(min=0, metavar="N", help="Begin no more after so many failures in a row; 0: always go on")
    ] = 0

    @property
    def records(self) -> Path:
        """The folder that records are written in, also those that are uploaded at their end."""
        return Path("records") if self.upload_to else Path(self.where)

    @property
    def upload_to(self) -> str:
        """The bucket and prefix that they are uploaded to; empty if they are not."""
        return self.where if is_elsewhere(self.where) else ""


@dataclass(frozen=True)
class Approval:
    """What approves the plans that are applied."""

    approve: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIGEST", help="Apply the plan with this digest; may be repeated", rich_help_panel=_APPROVAL
        ),
    ] = None
    approved: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Apply what is approved in this file, which `onemata plan --write-approvals` has written",
            rich_help_panel=_APPROVAL,
        ),
    ] = None
    auto_approve: Annotated[
        bool,
        typer.Option("--auto-approve", metavar="", help="Apply plans that nobody has seen", rich_help_panel=_APPROVAL),
    ] = False


@dataclass(frozen=True)
class Planning:
    """What `onemata plan` makes of the plans."""

    write_approvals: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plans to a new file, to be approved there")
    ] = None
    remove: Annotated[bool, typer.Option("--remove", metavar="", help="Plan what `onemata remove` would delete")] = (
        False
    )


@dataclass(frozen=True)
class Overriding:
    """What `onemata run` is told beside."""

    action: Annotated[Action | None, typer.Option(help="Do this, whatever action the files name")] = None
