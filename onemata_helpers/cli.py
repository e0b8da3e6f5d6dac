"""The `onemata` command: arguments in, exit code out. The work is done elsewhere.

A command imports what it needs by itself: for `--help`, nobody waits for boto3, pydantic or rich.
"""

from __future__ import annotations

import io
import json
import signal
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from .batch.options import Approval, How, Overriding, Planning, Which
from .choices import ServiceName
from .command_group import CommandGroup
from .option_groups import taking
from .places import is_elsewhere
from .status import Form
from .text import counted, one_line

if TYPE_CHECKING:
    from .errors import OnemataError


app = typer.Typer(
    cls=CommandGroup,
    context_settings={"max_content_width": 120},
    help="Onemata runbooks: let a client's AWS services read the data that Onemata delivers in S3. "
    "For a new client: new, check, prepare, plan, apply, verify.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_EXAMPLE = Path("parameters/example")


def _folder(place: Path) -> Path:
    """A folder here. What looks like a bucket would be made as one, and nobody would find the records there."""
    if is_elsewhere(str(place)):
        raise typer.BadParameter(
            "must be a folder here: records go to a bucket from plan, apply, verify, remove and run"
        )
    return place


Folders = Annotated[list[Path], typer.Argument(help="Clients' folders, like parameters/example", metavar="CLIENT_DIR")]


def _version(wanted: bool) -> None:
    from importlib.metadata import version

    if wanted:
        typer.echo(version("onemata-runbooks"))
        raise typer.Exit


@app.callback()
def _any_command(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    from .role_sessions import stay_in_memory

    stay_in_memory()
    # Not every terminal, and no pipe on Windows, has all the characters that a name may have.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


@app.command()
def check(folders: Folders) -> None:
    """List every problem in the clients' folders, without AWS. Exit code 0: none; 2: some."""
    from .clients import from_folders
    from .errors import ParameterError
    from .terminal import say

    found, problems = from_folders(folders)
    for folder, services in found.items():
        where = "; sandbox only" if any(each.sandbox for each in services.values()) else ""
        say(f"{one_line(str(folder))}: OK ({', '.join(services)}{where})")
    if problems:
        _fail(ParameterError(problems))


@app.command()
def new(
    client: Annotated[str, typer.Argument(help="The client's short name; its folder is named so", metavar="CLIENT")],
    services: Annotated[
        list[ServiceName] | None,
        typer.Option("--service", metavar="NAME", help="Only these services; may be repeated"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Ask nothing, and set these; SERVICE.KEY where several have it"
        ),
    ] = None,
    parent: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where clients' folders are")] = Path(
        "parameters"
    ),
) -> None:
    """Make a new client's folder, by asking, or from options without asking."""
    from .errors import ParameterError
    from .new_client.new import new as make_new
    from .terminal import complain, say, somebody_is_there

    if settings is None and not somebody_is_there():
        raise typer.BadParameter("nobody is there to be asked: name the values, --set region=... and so on")
    try:
        made = make_new(client, services or [], settings, parent)
    except ParameterError as error:
        _fail(error)
    except (EOFError, KeyboardInterrupt):
        complain("\nNothing was made.")
        raise typer.Exit(2) from None
    folder = one_line(str(made))
    say(f"{folder}: {', '.join(sorted(path.name for path in made.iterdir()))}. Every key is explained there.")
    say(f"Next: onemata check {folder}; then, for the client: onemata prepare {folder}")


@app.command()
def prepare(
    folder: Annotated[Path, typer.Argument(help="The client's folder", metavar="CLIENT_DIR")],
    records: Annotated[
        Path, typer.Option(help="Folder for the records; the page goes beside the client's", callback=_folder)
    ] = Path("records"),
) -> None:
    """Write the client's page before the call: what will be done, what it takes, and the policy to grant."""
    from .errors import OnemataError
    from .handout.prepare import prepare, write
    from .parameter_files import from_folder
    from .terminal import complain, say

    try:
        preparation = prepare(from_folder(folder))
        for path in write(preparation, records):
            say(str(path))
    except OnemataError as error:
        _fail(error)
    if len(preparation.policies) > 1:
        many = f"it is in {len(preparation.policies)} parts there, and the client attaches each of them"
        complain(
            f"The policy is longer than AWS takes ({preparation.length} of {preparation.longest} characters): {many}."
        )


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
    """Do what the `action` in the clients' files says, and ask nobody. `apply` there applies plans nobody has seen."""
    from .batch import commands

    _end(lambda: commands.run(which, how, overriding.action))


@app.command("open")
def open_(
    what: Annotated[
        Path, typer.Argument(help="The client's folder, or a record's notebook to read", metavar="CLIENT_DIR")
    ],
    service: Annotated[
        ServiceName | None, typer.Argument(help="The service, with a client's folder", metavar="SERVICE")
    ] = None,
    records: Annotated[Path, typer.Option(help="Folder for the records", callback=_folder)] = Path("records"),
    browser: Annotated[bool, typer.Option(metavar="", help="Show it in the browser")] = True,
    mask: Annotated[
        bool, typer.Option("--mask", metavar="", help="Hide account ids on the screen; the record keeps them")
    ] = False,
) -> None:
    """Open a service's notebook with this client's values, on a call; or an earlier record, to read. Ctrl-C ends it."""
    from .errors import OnemataError, ParameterError, Problem
    from .live import opening

    def ready(address: str) -> None:
        typer.echo(f"{address}\nCtrl-C ends it.")
        if browser:
            opening.open_browser(address)

    try:
        if what.suffix == ".ipynb":
            opening.open_record(what, mask=mask, ready=ready)
        elif what.suffix == ".json" and what.is_file():
            _fail(ParameterError([Problem(str(what), "", "", f"must be its notebook: {what.with_suffix('.ipynb')}")]))
        elif service is None:
            _fail(ParameterError([Problem(str(what), "SERVICE", "", "must be given: redshift, glue or ec2")]))
        else:
            opening.open_client(what, service, records, mask=mask, ready=ready)
    except OnemataError as error:
        _fail(error)


@app.command()
def export(
    record: Annotated[
        str, typer.Argument(help="A record, its .json or .ipynb; also s3://bucket/prefix/...", metavar="RECORD")
    ],
    records_profile: Annotated[str, typer.Option(metavar="NAME", help="AWS profile for that bucket")] = "",
) -> None:
    """Make one HTML page of a record, for the client, and a PDF where a browser is installed."""
    from .errors import OnemataError
    from .handout.export import export, source_of
    from .handout.pdf import print_to_pdf
    from .terminal import complain, say

    try:
        page = export(source_of(record, records_profile))
    except OnemataError as error:
        _fail(error)
    say(str(page))
    pdf, why_not = print_to_pdf(page)
    (say if pdf else complain)(str(pdf or why_not))


@app.command()
def status(
    records: Annotated[
        str, typer.Argument(help="Where the records are: a folder, or s3://bucket/prefix", metavar="RECORDS")
    ] = "records",
    form: Annotated[Form, typer.Option("--format", help="json, csv and html are for a file: `> status.html`")] = (
        Form.TABLE
    ),
    records_profile: Annotated[str, typer.Option(metavar="NAME", help="AWS profile for that bucket")] = "",
) -> None:
    """Show what the records say of each client: outcome, last verification, drift, and whose turn it is."""
    from .archive import Folder
    from .bucket import Bucket
    from .errors import OnemataError
    from .status.forms import show_status

    try:
        archive = Bucket(records, records_profile) if is_elsewhere(records) else Folder(Path(records))
        show_status(archive, form, lambda content: typer.echo(content, nl=False))
    except OnemataError as error:
        _fail(error)


@app.command()
def permissions(
    services: Annotated[
        list[str] | None, typer.Argument(help="Only these services; athena is part of glue", metavar="SERVICE")
    ] = None,
    client: Annotated[Path, typer.Option(help="The client's folder", metavar="CLIENT_DIR")] = Path(
        "parameters/example"
    ),
) -> None:
    """Print the policy that whoever runs these needs in the client's account, ready to paste."""
    from .errors import ParameterError, Problem
    from .parameter_files import from_folder
    from .permissions import policy
    from .policies import pretty

    named = {each.value: each.value for each in ServiceName} | {"athena": "glue"}
    _refuse_unknown(services, named)
    wanted = {named[each] for each in services or named}
    if client == _EXAMPLE:
        typer.echo("This is the example client's policy. For another client: --client CLIENT_DIR.", err=True)
    try:
        in_use = from_folder(client)
    except ParameterError as error:
        _fail(error)
    needed = [each for name, each in in_use.items() if name in wanted]
    if not needed:
        given, must = ", ".join(services or ()), f"must be one that this client uses: {', '.join(in_use)}"
        _fail(ParameterError([Problem(str(client), "SERVICE", given, must)]))
    typer.echo(pretty(policy(needed)))


@app.command()
def sandbox(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Clients' folders; none: the example's", metavar="CLIENT_DIR")
    ] = None,
    latency: Annotated[
        float,
        typer.Option(min=0, max=60, metavar="SECONDS", help="Let each call take so much longer, as on the way to AWS"),
    ] = 0,
) -> None:
    """Run the sandbox, an embedded AWS with these clients' accounts, until Ctrl-C, and print its address."""
    from .errors import ParameterError
    from .permissions import unscoped
    from .sandbox import EXAMPLE, start
    from .sandbox_address import SANDBOX_URL
    from .sandbox_in_use import worlds_of
    from .terminal import complain

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
            complain(f"Not in it, and run in AWS, since they say sandbox: false: {names}.")
        accounts = counted(len({each.account for each in worlds}), "client's account", "clients' accounts")
        how = "Paste the line above where you run commands and notebooks. Ctrl-C ends it."
        complain(f"The sandbox has {accounts}. {how}")
        while True:
            time.sleep(0.2)  # a signal that comes just before a sleep is heard after it


@app.command()
def checklist(
    services: Annotated[list[str] | None, typer.Argument(help="Only these services", metavar="SERVICE")] = None,
) -> None:
    """Print what nobody has confirmed of AWS yet, as a checklist for whoever has a real account."""
    from .checklist import as_markdown, services_of

    _refuse_unknown(services, services_of())
    typer.echo(as_markdown(services or ()))


@app.command()
def schema() -> None:
    """Print the JSON schema of the records."""
    from .record import Record

    typer.echo(json.dumps(Record.model_json_schema(), indent=2))


def _refuse_unknown(services: list[str] | None, known: Collection[str]) -> None:
    if unknown := [each for each in services or () if each not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: there is only {', '.join(known)}")


def _end(work: Callable[[], bool]) -> NoReturn:
    """Exit code 0: all went well; 1: some failed or are blocked; 2: nothing was started."""
    from .errors import OnemataError
    from .terminal import complain

    try:
        well = work()
    except OnemataError as error:
        _fail(error)
    except KeyboardInterrupt:
        complain("Interrupted. Nothing more is started.")
        raise typer.Exit(2) from None
    raise typer.Exit(0 if well else 1)


def _fail(error: OnemataError) -> NoReturn:
    from .terminal import complain

    complain(str(error))
    raise typer.Exit(2)
