"""What a command loads, and what it does not: nobody waits for boto3 to read a list of commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onemata_helpers.cli import app

from .conftest import EXAMPLE

ONEMATA = str(Path(sys.executable).parent / "onemata")

_LOADED = """
import json, sys
from onemata_helpers.cli import app
try:
    app()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
_HEAVY = {"boto3", "botocore", "jinja2", "markdown_it", "moto", "nbclient", "papermill", "requests", "rich", "yaml"}


def loaded(*arguments: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    done = subprocess.run([sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("chekc",), (), ("--show-completion",)])
def test_what_says_something_about_the_command_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments)
    assert not modules & _HEAVY
    assert not modules & {"onemata_helpers.runbook", "onemata_helpers.parameters", "onemata_helpers.redaction"}


def test_check_loads_no_session_no_template_and_no_notebook() -> None:
    modules = loaded("check", str(EXAMPLE))
    assert not modules & (_HEAVY - {"botocore", "rich", "yaml"})
    assert "botocore.session" not in modules


def test_the_version_is_that_of_the_package() -> None:
    done = subprocess.run([ONEMATA, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{version('onemata-runbooks')}\n"


def test_a_wrong_command_is_corrected_in_plain_text() -> None:
    done = subprocess.run([ONEMATA, "chekc"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Error: No such command 'chekc'. Did you mean 'check'?" in done.stderr


def test_the_shell_completes_commands_and_options() -> None:
    def completed(line: str) -> list[str]:
        asked = {"_ONEMATA_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
        done = subprocess.run([ONEMATA], capture_output=True, text=True, check=True, env=os.environ | asked)
        return done.stdout.split()

    assert completed("onemata ver") == ["verify"]
    assert "--auto-approve" in completed("onemata apply --a")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("plan", "x", "--service", "athena"),
            "'athena' is not one of 'redshift', 'glue', 'ec2'. What Athena needs is",
        ),
        (("new", "x", "--service", "athena"), "What Athena needs is part of glue."),
        (("open", "x", "s3"), "Invalid value for 'SERVICE': 's3' is not one of 'redshift', 'glue', 'ec2'."),
        (("run", "x", "--action", "foo"), "Invalid value for '--action': 'foo' is not one of 'plan', 'apply'"),
        (("permissions", "s3"), "s3: there is only redshift, glue, ec2, athena"),
        (("checklist", "s3"), "s3: there is only iam, s3-and-kms, redshift,"),
    ],
)
def test_what_is_not_there_to_be_chosen_is_said_in_plain_words(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Value error" not in done.stderr


def test_athenas_permissions_and_its_checklist_are_found_by_its_name() -> None:
    def printed(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0
        return done.stdout

    assert printed("permissions", "athena") == printed("permissions", "glue") != printed("permissions")
    assert "athena:" in printed("permissions", "athena")
    assert "## Athena" in printed("checklist", "athena")


def test_no_policy_is_printed_for_a_service_that_the_client_does_not_use(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "acme"))
    (folder / "glue.yaml").unlink()
    done = CliRunner().invoke(app, ["permissions", "athena", "--client", str(folder)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "SERVICE = athena: must be one that this client uses: redshift, ec2" in " ".join(done.stderr.split())


def test_who_opens_a_record_by_its_json_is_told_its_notebook(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    done = CliRunner().invoke(app, ["open", str(tmp_path / "a.json")])
    assert done.exit_code == 2
    assert "must be its notebook: " in done.stderr
    assert "a.ipynb" in done.stderr
