"""What the README shows is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import typer.main

from onemata_helpers.choices import Action
from onemata_helpers.cli import app
from onemata_helpers.parameters import SCHEMAS
from onemata_helpers.record import Outcome
from onemata_helpers.resources.base import OWNER_TAG

from .conftest import ROOT

README = (ROOT / "README.md").read_text()
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line]


def test_every_command_of_onemata_is_in_the_table_and_no_other() -> None:
    table = set(re.findall(r"^\| `onemata (\w+)", README, re.MULTILINE))
    assert table == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_its_lines_can_be_read_in_any_editor() -> None:
    assert [line for line in README.splitlines() if len(line) > 130] == []


def test_the_shown_commands_and_options_exist() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in SHELL:
        words = shlex.split(line, comments=True)
        if words[0] == "onemata":
            options = {option for parameter in commands[words[1]].params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options, line
        elif words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        else:
            assert words[0] in ("source", "jupyter", "papermill"), line


def test_the_options_of_the_commands_are_all_named() -> None:
    onemata = typer.main.get_command(app)
    options = {
        option
        for command in (onemata, *onemata.commands.values())  # type: ignore[attr-defined]
        for parameter in command.params
        for option in parameter.secondary_opts or parameter.opts
        if option.startswith("--")
    }
    of_commands = README[README.index("## Commands") : README.index("## Where things are")]
    assert set(re.findall(r"--[a-z][a-z-]+", of_commands)) == options - {"--help", "--show-completion"}


def test_the_keys_that_it_names_are_keys() -> None:
    keys = {key for schema in SCHEMAS.values() for key in schema.model_fields}
    named = set(re.findall(r"`([a-z]+_[a-z_]+)(?::[^`]*)?`", README))
    assert named - {"onemata_helpers"} <= keys


def test_the_actions_and_outcomes_are_all_there() -> None:
    assert set(re.findall(r"^\| `([a-z][a-z-]*)` \|", README, re.MULTILINE)) == set(get_args(Action))
    codes = dict(re.findall(r"^\| (\w+) \| .* \| ([01-]) \|$", README, re.MULTILINE))
    assert set(codes) == set(get_args(Outcome))
    assert [outcome for outcome, code in codes.items() if code == "-"] == ["declined"]  # by a click, in no command


def test_the_tag_and_the_files_that_it_names_exist() -> None:
    assert f"`{OWNER_TAG}`" in README
    for name in ("parameters/example", "notebooks/redshift.ipynb", "record.schema.json", "environment.yml"):
        assert name in README
        assert (ROOT / name).exists()


def test_the_papermill_line_runs_as_it_stands(tmp_path: Path) -> None:
    (line,) = [line for line in SHELL if "papermill" in line]
    words = [str(tmp_path / "out.ipynb") if word == "out.ipynb" else word for word in shlex.split(line)]
    words[0] = str(Path(sys.executable).parent / "papermill")
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    assert "PLANNED" in (tmp_path / "out.ipynb").read_text()
