"""What is declared is what is locked, and what is installed is all that is needed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from .conftest import EXAMPLE, ROOT, SERVICES

LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [Requirement(each) for each in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]


def test_the_lock_has_every_declared_dependency_at_a_fitting_version() -> None:
    for requirement in declared():
        assert Version(LOCKED[requirement.name.lower()]) in requirement.specifier, requirement


def test_every_locked_version_has_hashes_and_no_address_is_in_the_lock() -> None:
    entries = re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK
    assert "--index-url" not in LOCK


def test_the_tools_that_the_notebooks_live_in_are_declared() -> None:
    names = {requirement.name for requirement in declared()}
    assert {"jupyterlab", "papermill", "boto3", "ipywidgets", "nbval", "moto"} <= names


def test_conda_users_get_the_same_lock() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [each["pip"] for each in content["dependencies"] if isinstance(each, dict)]
    assert pip == ["--require-hashes", "-r requirements.lock"]


@pytest.mark.parametrize("module", ["onemata_helpers", "onemata_helpers.cli"])
def test_importing_loads_neither_papermill_nor_widgets_nor_moto(module: str) -> None:
    script = f"import sys, {module}; print([m for m in sys.modules if m in ('papermill','ipywidgets','moto')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_wheel_holds_notebooks_templates_and_the_checklist(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"onemata_helpers/notebooks/{service}.ipynb" for service in SERVICES} <= set(names)
    assert {f"onemata_helpers/templates/{path.name}" for path in (ROOT / "onemata_helpers/templates").iterdir()} <= set(
        names
    )
    assert {f"onemata_helpers/handout/{path.name}" for path in (ROOT / "onemata_helpers/handout").iterdir()} <= {
        *names,
        "onemata_helpers/handout/__pycache__",
    }
    assert {f"onemata_helpers/example/{path.name}" for path in EXAMPLE.glob("*.yaml")} <= set(names)
    assert "onemata_helpers/unconfirmed.yaml" in names
    (entry,) = [name for name in names if name.endswith("entry_points.txt")]
    assert "onemata = onemata_helpers.cli:app" in zipfile.ZipFile(wheel).read(entry).decode()
