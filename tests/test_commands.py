"""What a command loads, and what it does not: nobody waits for boto3 to read a list of commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

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
