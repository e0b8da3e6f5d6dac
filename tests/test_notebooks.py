"""The notebooks are prose with thin calls, and run with plain papermill as they stand."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from papermill.cli import papermill as papermill_command
from papermill.engines import papermill_engines

from onemata_helpers.parameters import SCHEMAS
from onemata_helpers.record import Record
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.warm.engine import ForkedEngine
from onemata_helpers.warm.process import warm

from .conftest import EXAMPLE, ROOT, SERVICES

PAPERMILL = str(Path(sys.executable).parent / "papermill")


def read(path: Path) -> Any:
    return nbformat.reads(path.read_text(), as_version=4)  # type: ignore[no-untyped-call]


def notebook(service: str) -> Any:
    return read(ROOT / "notebooks" / f"{service}.ipynb")


def parameters_cell(service: str) -> str:
    (cell,) = [c for c in notebook(service).cells if "parameters" in c.metadata.get("tags", [])]
    return str(cell.source)


@pytest.mark.parametrize("service", SERVICES)
def test_the_parameters_are_literals_for_every_key(service: str) -> None:
    assigned = {}
    for statement in ast.parse(parameters_cell(service)).body:
        assert isinstance(statement, ast.Assign)
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        assigned[target.id] = ast.literal_eval(statement.value)
    assert assigned.keys() == SCHEMAS[service].model_fields.keys()
    assert assigned["action"] == "plan"
    assert assigned["sandbox"] is True


@pytest.mark.parametrize("service", SERVICES)
def test_cells_are_thin_and_each_follows_a_line_of_prose(service: str) -> None:
    cells = notebook(service).cells
    for before, cell in pairwise(cells):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown"
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= 5
            allowed = (ast.Expr, ast.Assign, ast.ImportFrom)
            assert all(isinstance(statement, allowed) for statement in ast.parse(cell.source).body)


def test_the_three_have_the_same_sequence_of_cells() -> None:
    def calls(service: str) -> list[str]:
        code = [cell.source for cell in notebook(service).cells if cell.cell_type == "code"]
        return [source.replace(f'"{service}"', "SERVICE") for source in code[1:]]

    ec2 = [call for call in calls("ec2") if not call.startswith("runbook.judge(")]
    assert calls("redshift") == calls("glue") == ec2


def given(service: str, folder: Path, *arguments: str) -> list[str]:
    """Papermill's arguments for the example's files."""
    files = [x for name in ("client", service) for x in ("-f", str(EXAMPLE / f"{name}.yaml"))]
    notebooks = [str(ROOT / "notebooks" / f"{service}.ipynb"), str(folder / "out.ipynb")]
    return [*notebooks, *files, "-p", "record", str(folder / "record.json"), *arguments]


def left(folder: Path) -> tuple[Any, Record | None]:
    """The executed notebook and the record."""
    record = folder / "record.json"
    found = Record.model_validate_json(record.read_text()) if record.exists() else None
    return read(folder / "out.ipynb"), found


def papermill(service: str, folder: Path, *arguments: str) -> tuple[int, Any, Record | None]:
    """Plain papermill over the example's files; its exit code, the executed notebook and the record."""
    done = subprocess.run([PAPERMILL, *given(service, folder, *arguments)], capture_output=True, check=False)
    return done.returncode, *left(folder)


class _Forked(ForkedEngine):
    """The notebook in a process that is forked for it: tests/warm says that it is the same as in a fresh kernel."""

    @classmethod
    def execute_notebook(cls, *given: Any, **how: Any) -> Any:
        with warm.fork() as process:
            return super().execute_notebook(*given, **how | {"process": process})


def typed(*arguments: str) -> int:
    """Papermill's command in this process, which spares its start; its exit code."""
    environment = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # which papermill would set for all that comes after
    return CliRunner(env=environment).invoke(papermill_command, [*arguments, "--no-progress-bar"]).exit_code


def forked(*arguments: str) -> int:
    """The same without the start of a kernel."""
    papermill_engines.register("forked", _Forked)
    return typed(*arguments, "--engine", "forked")


def papermill_typed(service: str, folder: Path, *arguments: str) -> tuple[int, Any, Record | None]:
    return typed(*given(service, folder, *arguments)), *left(folder)


def papermill_forked(service: str, folder: Path, *arguments: str) -> tuple[int, Any, Record | None]:
    return forked(*given(service, folder, *arguments)), *left(folder)


OUTCOMES = {"plan": "planned", "apply": "verified", "verify": "verified", "remove": "removed"}


@pytest.mark.parametrize(("service", "actions"), [("redshift", tuple(OUTCOMES)), ("ec2", ("apply", "remove"))])
def test_actions_with_papermill(aws: Sandbox, tmp_path: Path, service: str, actions: tuple[str, ...]) -> None:
    """`apply` in a kernel as everybody has it. Glue is below; all three have the same cells.

    Papermill as a process is below, where a plan is blocked, and in test_readme.
    """
    for action in actions:
        (folder := tmp_path / action).mkdir()
        execute = papermill_typed if action == "apply" else papermill_forked
        code, _, record = execute(service, folder, "-p", "action", action)
        assert code == 0
        assert record is not None
        assert record.outcome == OUTCOMES[action]


def test_papermill_writes_no_record_over(aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "record.json").write_text("the client's own")
    monkeypatch.chdir(tmp_path)
    code = forked(str(ROOT / "notebooks/glue.ipynb"), str(tmp_path / "out.ipynb"), "-p", "record", "record.json")
    assert code != 0
    assert "there is a file already, and no record is written over" in text_of(read(tmp_path / "out.ipynb"))
    assert (tmp_path / "record.json").read_text() == "the client's own"


def test_it_starts_a_sandbox_when_none_runs(tmp_path: Path) -> None:
    code, _, record = papermill_typed("glue", tmp_path, "-p", "action", "apply")
    assert code == 0
    assert record is not None
    assert record.outcome == "verified"


def text_of(executed: Any) -> str:
    return json.dumps([cell.get("outputs", []) for cell in executed.cells])


def test_papermills_unknown_key_is_refused_without_a_traceback(aws: Sandbox, tmp_path: Path) -> None:
    code, executed, record = papermill_forked("redshift", tmp_path, "-p", "cluster_identifer", "x")
    assert code != 0
    assert record is None
    assert "did you mean cluster_identifiers?" in text_of(executed)
    assert "Traceback" not in text_of(executed)
    assert "site-packages" not in text_of(executed)


def test_papermills_number_for_an_account_is_refused(aws: Sandbox, tmp_path: Path) -> None:
    code, executed, _ = papermill_forked("redshift", tmp_path, "-p", "account_id", "012345670123")
    assert code != 0
    assert "must be quoted" in text_of(executed)


def test_a_blocked_plan_makes_papermill_fail_and_says_so_without_a_traceback(aws: Sandbox, tmp_path: Path) -> None:
    code, executed, record = papermill("redshift", tmp_path, "-y", "cluster_identifiers: [nowhere]")
    assert code != 0
    assert record is not None
    assert record.outcome == "blocked"
    assert "Traceback" not in text_of(executed)
    assert "There is no provisioned cluster nowhere" in text_of(executed)


@pytest.mark.parametrize("service", SERVICES)
def test_the_saved_notebook_says_sandbox_in_large_letters(service: str) -> None:
    outputs = text_of(notebook(service))
    assert "SANDBOX RECORD: NO REAL AWS ACCOUNT WAS READ OR CHANGED" in outputs
    assert outputs.index("font-size: 200%") < outputs.rindex("SANDBOX RECORD")  # smaller than the outcome
