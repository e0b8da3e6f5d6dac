"""The `onemata` command: arguments in, exit code out. The work is done elsewhere."""

from __future__ import annotations

import io
import json
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .batch.options import Approval, How, Overriding, Planning, Which
from .clients import from_folders
from .errors import OnemataError, ParameterError
from .option_groups import taking
from .parameter_files import from_folder
from .parameters import ServiceName
from .policies import pretty
from .status import Form
from .terminal import complain, say
from .text import one_line

app = typer.Typer(
    help="Onemata runbooks: let a client's AWS services read the data that Onemata delivers in S3.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_EXAMPLE = Path("parameters/example")
Folders = Annotated[
    list[Path], typer.Argument(help="Clients' folders, like parameters/example", metavar="CLIENT_DIR...")
]


@app.callback()
def _in_any_encoding() -> None:
    # Not every terminal, and no pipe on Windows, has all the characters that a name may have.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


@app.command()
def check(folders: Folders) -> None:
    """List every problem in the clients' folders, without AWS. Exit code 0: none; 2: some."""
    found, problems = from_folders(folders)
    for folder, services in found.items():
        where = "; sandbox only" if any(each.sandbox for each in services.values()) else ""
        say(f"{one_line(str(folder))}: OK ({', '.join(services)}{where})")
    if problems:
        _fail(ParameterError(problems))


@app.command()
@taking(Which, How, Planning)
def plan(which: Which, how: How, planning: Planning) -> None:
    """Show what would be done in these clients' accounts, and change nothing."""
    from .batch import commands

    _end(lambda: commands.plan(which, how, planning))


@app.command()
@taking(Which, How, Approval)
def apply(which: Which, how: How, approval: Approval) -> None:
    """Show the plans, have them approved, and apply exactly these; then verify."""
    from .batch import commands

    _end(lambda: commands.change(which, how, "apply", approval))


@app.command()
@taking(Which, How)
def verify(which: Which, how: How) -> None:
    """Read everything again, and say what is proven."""
    from .batch import commands

    _end(lambda: commands.run(which, how, "verify"))


@app.command()
@taking(Which, How, Approval)
def remove(which: Which, how: How, approval: Approval) -> None:
    """Show what would be deleted, have it approved, and delete exactly that."""
    from .batch import commands

    _end(lambda: commands.change(which, how, "remove", approval))


@app.command()
@taking(Which, How, Overriding)
def run(which: Which, how: How, overriding: Overriding) -> None:
    """Run the runbooks with the action in their files, unattended: `apply` applies the plan of the same run."""
    from .batch import commands

    _end(lambda: commands.run(which, how, overriding.action))


@app.command()
def status(
    records: Annotated[
        str, typer.Argument(help="Where the records are: a folder, or s3://bucket/prefix", metavar="[RECORDS]")
    ] = "records",
    form: Annotated[Form, typer.Option("--format", help="json, csv and html are for a file: `> status.html`")] = (
        Form.TABLE
    ),
    records_profile: Annotated[str, typer.Option(metavar="NAME", help="AWS profile for that bucket")] = "",
) -> None:
    """Show what the records say of each client: outcome, last verification, drift, and whose turn it is."""
    from .archive import Folder
    from .bucket import Bucket
    from .status.forms import show_status

    try:
        archive = Bucket(records, records_profile) if records.startswith("s3:") else Folder(Path(records))
        show_status(archive, form, lambda content: typer.echo(content, nl=False))
    except OnemataError as error:
        _fail(error)


@app.command()
def permissions(
    services: Annotated[
        list[ServiceName] | None, typer.Argument(help="Only these services", metavar="SERVICE...")
    ] = None,
    client: Annotated[Path, typer.Option(help="The client's folder", metavar="CLIENT_DIR")] = Path(
        "parameters/example"
    ),
) -> None:
    """Print the policy that the operator needs in the client's account, ready to paste."""
    from .permissions import policy

    if client == _EXAMPLE:
        typer.echo("This is the example client's policy. For another client: --client CLIENT_DIR.", err=True)
    try:
        in_use = from_folder(client)
    except ParameterError as error:
        _fail(error)
    typer.echo(pretty(policy(each for name, each in in_use.items() if not services or name in services)))


@app.command()
def sandbox() -> None:
    """Run the sandbox, an embedded AWS, until Ctrl-C, and print its address."""
    from .permissions import unscoped
    from .sandbox import start
    from .sandbox_address import SANDBOX_URL

    with start(operator_policy=unscoped()) as served:
        typer.echo(f"export {SANDBOX_URL}={served.url}")
        typer.echo("Notebooks, runs and papermill started with this variable use it. Ctrl-C ends it.", err=True)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()


@app.command()
def schema() -> None:
    """Print the JSON schema of the records."""
    from .record import Record

    typer.echo(json.dumps(Record.model_json_schema(), indent=2))


def _end(work: Callable[[], bool]) -> NoReturn:
    """Exit code 0: all went well; 1: some failed or are blocked; 2: nothing was started."""
    try:
        well = work()
    except OnemataError as error:
        _fail(error)
    except KeyboardInterrupt:
        complain("Interrupted before anything was started.")
        raise typer.Exit(2) from None
    raise typer.Exit(0 if well else 1)


def _fail(error: OnemataError) -> NoReturn:
    complain(str(error))
    raise typer.Exit(2)
