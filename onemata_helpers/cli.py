"""The `onemata` command: arguments in, exit code out. The work is done elsewhere."""

from __future__ import annotations

import io
import json
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import batch
from .clients import from_folders
from .errors import OnemataError, ParameterError
from .parameter_files import from_folder
from .parameters import Action, ServiceName
from .policies import pretty
from .sandbox_in_use import ENDS_WITH_THIS, served_url
from .text import counted, one_line, visible

app = typer.Typer(
    help="Onemata runbooks: let a client's AWS services read the data that Onemata delivers in S3.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_EXAMPLE = Path("parameters/example")
out, err = Console(highlight=False), Console(highlight=False, stderr=True)
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
        out.print(shown(f"{one_line(str(folder))}: OK ({', '.join(services)}{where})"), soft_wrap=True)
    if problems:
        _fail(ParameterError(problems))


@app.command()
def run(
    folders: Folders,
    action: Annotated[Action | None, typer.Option(help="Overrides the action in the files")] = None,
    service: Annotated[list[ServiceName] | None, typer.Option(help="Only this service; may be repeated")] = None,
    records: Annotated[Path, typer.Option(help="Folder for the records")] = Path("records"),
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Number of clients at the same time")] = 2,
) -> None:
    """Run the runbooks of these clients. Exit code 0: none failed; 1: some failed or are blocked; 2: bad input."""
    try:
        todo = batch.jobs(folders, records, service or [], action)
        own_sandbox = any(job.parameters.sandbox for job in todo) and not served_url()
    except OnemataError as error:
        _fail(error)
    if own_sandbox:
        err.print(shown(ENDS_WITH_THIS), soft_wrap=True)
    table = Table("Client", "Service", "Action", "Outcome", "Seconds")
    failed = False
    with out.status(counted(len(todo), "runbook")) as status:
        for result in batch.run(todo, jobs, lambda job: status.update(shown(f"running {job.name}"))):
            p = result.job.parameters
            out.print(Text.assemble((result.job.name, "bold"), ": ", shown(result.why)), soft_wrap=True)
            out.print(shown(f"  {result.record.with_suffix('.ipynb').as_posix()}"), soft_wrap=True)
            table.add_row(p.client, p.service, p.action, _coloured(result.outcome), f"{result.seconds:.1f}")
            failed = failed or not result.ok
    out.print(table)
    raise typer.Exit(1 if failed else 0)


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
def sandbox(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Clients' folders; none: the example's", metavar="CLIENT_DIR...")
    ] = None,
    latency: Annotated[float, typer.Option(min=0, max=60, help="Seconds that each call takes to come in")] = 0,
) -> None:
    """Run the sandbox, an embedded AWS with these clients' accounts, until Ctrl-C, and print its address."""
    from .permissions import unscoped
    from .sandbox import EXAMPLE, start
    from .sandbox_address import SANDBOX_URL
    from .sandbox_in_use import worlds_of

    try:
        worlds, left_out = worlds_of(folders) if folders else ([EXAMPLE], [])
    except ParameterError as error:
        _fail(error)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # also where a shell made them ignored
    with suppress(KeyboardInterrupt), start(worlds, operator_policy=unscoped(), latency=latency) as served:
        typer.echo(f"export {SANDBOX_URL}={served.url}")
        if left_out:
            names = one_line(", ".join(map(str, left_out)))
            err.print(shown(f"Not in it, and run in AWS, since they say sandbox: false: {names}."), soft_wrap=True)
        accounts = counted(len({each.account for each in worlds}), "client's account", "clients' accounts")
        how = "Paste the line above where you run commands and notebooks. Ctrl-C ends it."
        err.print(f"The sandbox has {accounts}. {how}", soft_wrap=True)
        while True:
            time.sleep(0.2)  # a signal that comes just before a sleep is heard after it


@app.command()
def checklist(
    services: Annotated[list[str] | None, typer.Argument(help="Only these services", metavar="SERVICE...")] = None,
) -> None:
    """Print what nobody has confirmed of AWS yet, as a checklist for whoever has a real account."""
    from .checklist import as_markdown, services_of

    known = services_of()
    if unknown := [each for each in services or () if each not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: there is only {', '.join(known)}")
    typer.echo(as_markdown(services or ()))


@app.command()
def schema() -> None:
    """Print the JSON schema of the records."""
    from .record import Record

    typer.echo(json.dumps(Record.model_json_schema(), indent=2))


def shown(text: str) -> Text:
    """Any text as the terminal may show it: nothing in it moves a cursor, or is rich's markup or an emoji's name."""
    return Text(visible(text))


def _coloured(outcome: str) -> str:
    colour = {"failed": "red", "blocked": "red", "waiting": "yellow"}.get(outcome, "green")
    return f"[{colour}]{outcome}[/{colour}]"


def _fail(error: OnemataError) -> NoReturn:
    err.print(shown(str(error)), soft_wrap=True)
    raise typer.Exit(2)
