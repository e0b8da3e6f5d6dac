"""The `onemata` command: its exit codes, its table, and that one client's failure is no other's."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import chdir, suppress
from functools import partial
from pathlib import Path
from threading import Event

import psutil
import pytest
from typer.testing import CliRunner

from onemata_helpers import sandbox
from onemata_helpers.cli import app
from onemata_helpers.record import Record
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.text import is_plain

from .account import LAMBDA
from .conftest import EXAMPLE, ROLES, SERVICES
from .forked_cli.program import forked_cli
from .processes import LONG, running

ONEMATA = str(Path(sys.executable).parent / "onemata")


def onemata(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "160"}
    return subprocess.run(
        [ONEMATA, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False, env=environment
    )


def typed(*arguments: str | Path, cwd: Path, charset: str = "utf-8") -> subprocess.CompletedProcess[str]:
    """The same command in this process, which spares its start. Its notebooks are processes of their own as ever.

    What it does not catch, it raises here.
    """
    runner, words = CliRunner(charset=charset, env={"COLUMNS": "160"}), list(map(str, arguments))
    with chdir(cwd), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["onemata", *words])
        done = runner.invoke(app, words, catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_printed_is_told_in_a_sentence(unbuffered: str) -> None:
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [ONEMATA, "check", str(EXAMPLE)]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment, timeout=LONG
        )
    assert (done.returncode, done.stderr) == (1, "What was to be written cannot be: No space left on device.\n")


def client(folder: Path, name: str, **changes: str) -> Path:
    """A folder like the example's for a client of this name, with lines of its files changed."""
    target = Path(shutil.copytree(EXAMPLE, folder / name))
    account = changes.get("account_id", "012345670123").strip('"')
    for path in target.glob("*.yaml"):
        text = path.read_text().replace("::012345670123:", f"::{account}:")
        for key, value in {"client": name, **changes}.items():
            text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
        path.write_text(text)
    return target


def records(folder: Path) -> dict[str, Record]:
    """The records below a folder, by client and service."""
    found = [Record.model_validate_json(path.read_text()) for path in sorted(folder.rglob("*.json"))]
    return {f"{record.client}/{record.service}": record for record in found}


def test_check_says_what_is_good_and_what_is_wrong(tmp_path: Path) -> None:
    good = onemata("check", EXAMPLE, cwd=tmp_path)
    assert good.returncode == 0
    assert ": OK (redshift, glue, ec2; sandbox only)" in good.stdout
    bad = onemata("check", EXAMPLE, client(tmp_path, "acme", account_id="012345670123"), cwd=tmp_path)
    assert bad.returncode == 2
    assert "client.yaml, line 10: account_id = 012345670123: must be quoted" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_check_and_run_find_the_same_folder_and_the_same_client(tmp_path: Path) -> None:
    one = client(tmp_path, "one")
    (tmp_path / "link").symlink_to(one)
    for command in ("check", "run"):
        done = typed(command, one, tmp_path / "link", cwd=tmp_path)
        assert done.returncode == 2
        assert "link: must be given once: it is the same folder as" in done.stderr
        shutil.copytree(one, tmp_path / "two", dirs_exist_ok=True)
        assert "must have one folder only" in typed(command, one, "two", cwd=tmp_path).stderr
    assert not (tmp_path / "records").exists()


def test_check_prints_no_line_that_a_name_forges(tmp_path: Path) -> None:
    folder = client(tmp_path, "one").rename(tmp_path / "\x1b[31mfine: good\n[bold]x")
    good = typed("check", folder, cwd=tmp_path)
    assert good.returncode == 0
    assert "\x1b" not in good.stdout
    assert len(good.stdout.splitlines()) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "http://sandbox:hushhush@example.com:80"])
def test_run_starts_nothing_with_a_wrong_sandbox_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(SANDBOX_URL, url)
    done = typed("run", EXAMPLE, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("ONEMATA_SANDBOX_URL must be http://sandbox:<secret>@127.0.0.1:<port>")
    assert "hushhush" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_onboards_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sandbox that it starts for itself. Below it does so as a process; test_instance has the real AWS CLI."""
    monkeypatch.setattr(sandbox, "start", partial(sandbox.start, cli=forked_cli()))
    done = typed("run", EXAMPLE, "--action", "apply", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = records(tmp_path / "records")
    assert {name: record.outcome for name, record in found.items()} == {
        "example/redshift": "verified",
        "example/glue": "verified",
        "example/ec2": "verified",
    }
    for service in SERVICES:
        (notebook,) = (tmp_path / "records/example" / service).glob("*.ipynb")
        assert notebook.with_suffix(".json").exists()
        text = notebook.read_text()
        assert "VERIFIED" in json.loads(text)["cells"][0]["source"]
        assert "injected-parameters" not in text
        assert str(EXAMPLE.parents[1]) not in text
        assert "AKIA" not in text
        assert service in done.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["records"]


def test_one_clients_failure_stops_no_other(aws: Sandbox, tmp_path: Path) -> None:
    broken = client(tmp_path, "broken", cluster_identifiers="[nowhere]")
    fine = client(tmp_path, "fine")
    done = typed("run", broken, fine, "--service", "redshift", "--action", "apply", cwd=tmp_path)
    assert done.returncode == 1
    found = records(tmp_path / "records")
    assert found["broken/redshift"].outcome == "blocked"
    assert found["fine/redshift"].outcome == "verified"
    assert "There is no provisioned cluster nowhere" in done.stdout


def test_ctrl_c_lets_what_runs_end_and_begins_nothing_more(aws: Sandbox, tmp_path: Path) -> None:
    folders = [str(client(tmp_path, f"client-{number}")) for number in range(4)]
    command = [ONEMATA, "run", *folders, "--service", "glue", "--action", "apply", "--jobs", "1"]

    begun, answered = Event(), Event()

    def interrupt(_: object) -> None:
        """While the first has begun to change something."""
        if not begun.is_set():
            begun.set()
            process.send_signal(signal.SIGINT)
            assert answered.wait(LONG)

    aws.before("CreateRole", interrupt)
    with running(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Stopping: nothing more begins."):
                answered.set()
        assert process.wait(LONG) == 1
    (record,) = records(tmp_path / "records").values()
    assert record.client == "client-0"
    assert record.finished


def test_bad_input_stops_the_run_before_it_starts(aws: Sandbox, tmp_path: Path) -> None:
    bad = client(tmp_path, "bad", bucket="DOC-EXAMPLE-BUCKET")
    for arguments in (
        ("run", bad, client(tmp_path, "good")),
        ("run", EXAMPLE, "--action", "destroy"),
        ("run", EXAMPLE, "--service", "s3"),
        ("run", EXAMPLE, EXAMPLE),
    ):
        done = typed(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    started = onemata("run", bad, cwd=tmp_path)
    assert started.returncode == 2
    assert "Traceback" not in started.stderr
    assert not (tmp_path / "records").exists()


def test_waiting_for_onemata_is_no_failure(aws: Sandbox, tmp_path: Path) -> None:
    early = client(tmp_path, "early", onemata_role_arn='""')
    done = typed("run", early, "--service", "ec2", "--action", "apply", "--records", "kept", cwd=tmp_path)
    assert done.returncode == 0
    assert records(tmp_path / "kept")["early/ec2"].outcome == "waiting"


@pytest.mark.parametrize("place", ["file", "file/deeper", "x" * 300])
def test_records_that_cannot_be_written_stop_the_run_before_it_starts(aws: Sandbox, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file in place of the folder")
    done = typed("run", EXAMPLE, "--action", "apply", "--records", place, cwd=tmp_path)
    assert done.returncode == 2
    assert "Records cannot be written in" in done.stderr
    assert "Nothing was done in AWS. Who acts: the engineer" in done.stderr
    assert done.stderr.count("\n") == 1
    assert aws.client("iam").list_roles(PathPrefix="/")["Roles"] == aws.client("iam").list_roles()["Roles"]
    assert not [each for each in aws.client("iam").list_roles()["Roles"] if each["RoleName"] in ROLES.values()]


def notebooks() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if each.name() == "notebook"]


def test_a_killed_notebook_says_what_was_done_and_its_record_ends(aws: Sandbox, tmp_path: Path) -> None:

    def kill(_: object) -> None:
        for notebook in notebooks():
            notebook.kill()

    aws.after("AttachRolePolicy", kill)
    done = typed("run", EXAMPLE, "--service", "redshift", "--action", "apply", cwd=tmp_path)
    assert done.returncode == 1
    found = records(tmp_path)["example/redshift"]
    assert found.outcome == "failed"
    assert found.finished
    assert found.reason in done.stdout
    assert "it was killed, or ran out of memory" in found.reason
    assert "role onemata-redshift" in found.reason
    assert "iam:CreateRole" in found.reason
    assert "the engineer runs it again, which completes what was begun." in found.reason
    assert len(list(tmp_path.rglob("*.ipynb"))) == 1
    assert "Traceback" not in done.stdout + done.stderr


def test_a_notebook_killed_before_an_answer_is_on_record_does_not_say_that_nothing_was_done(
    aws: Sandbox, tmp_path: Path
) -> None:
    def kill(_: object) -> None:
        for notebook in notebooks():
            notebook.kill()

    aws.after("CreateRole", kill)
    typed("run", EXAMPLE, "--service", "redshift", "--action", "apply", cwd=tmp_path)
    found = records(tmp_path)["example/redshift"]
    assert aws.client("iam").get_role(RoleName=ROLES["redshift"])
    assert "No change is on record. A call that was under way may have gone through, too." in found.reason
    assert "Nothing was changed" not in found.reason


def test_a_long_folder_for_temporary_files_is_no_obstacle_and_the_terminal_stays_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel's sockets do not fit below this folder; and no kernel's log of a good run is shown.

    The process starts a sandbox for itself, and ends with it.
    """
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    folder = client(tmp_path, "acme", prove="none")
    done = onemata("run", folder, "--service", "glue", "--action", "apply", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("The sandbox of this run ends with it")
    assert done.stderr.count("\n") == 1
    assert "KeyboardInterrupt" not in done.stdout
    assert records(tmp_path)["acme/glue"].outcome == "applied"


def test_a_notebook_that_cannot_be_saved_is_said_after_all_was_done(aws: Sandbox, tmp_path: Path) -> None:
    """Something stands in the notebook's place once the run has begun."""

    def in_the_way(_: object) -> None:
        (notebook,) = tmp_path.rglob("*.ipynb")
        while not notebook.is_dir():  # the runner saves meanwhile
            notebook.unlink(missing_ok=True)
            with suppress(FileExistsError):
                notebook.mkdir()

    aws.before("CreateRole", in_the_way)
    done = typed("run", EXAMPLE, "--service", "glue", "--action", "apply", cwd=tmp_path)
    assert done.returncode == 1
    assert "could not be saved: Is a directory." in done.stdout
    assert "The record says: verified: All is in place" in done.stdout
    (record,) = tmp_path.rglob("*Z.json")
    assert Record.model_validate_json(record.read_text()).outcome == "verified"


def test_what_others_wrote_reaches_the_terminal_visibly(aws: Sandbox, tmp_path: Path) -> None:
    """An unforeseen error's text, like any other that is shown."""
    hostile = "\\x1b[2J[bold]"
    aws.client("iam").create_role(
        RoleName="onemata-redshift", AssumeRolePolicyDocument=json.dumps(LAMBDA), Path="/[bold]/"
    )
    done = typed("run", EXAMPLE, "--service", "redshift", "--action", "apply", cwd=tmp_path)
    assert done.returncode == 1
    assert hostile not in done.stdout
    assert "/[bold]/" in done.stdout
    assert all(is_plain(line) for line in done.stdout.split("\n"))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_name_that_the_terminal_has_no_characters_for_is_written_out(encoding: str, tmp_path: Path) -> None:
    checked = typed("check", client(tmp_path, "acme").rename(tmp_path / "東京"), cwd=tmp_path, charset=encoding)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "\\u6771\\u4eac: OK" in checked.stdout


def test_and_so_it_is_where_python_is_told_of_such_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    checked = onemata("check", client(tmp_path, "acme").rename(tmp_path / "東京"), cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "\\u6771\\u4eac: OK" in checked.stdout
