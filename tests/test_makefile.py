"""What `make` does to what is committed: nothing, but where that is what it is for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .conftest import ROOT


def test_what_the_labs_form_saves_changes_no_example(tmp_path: Path) -> None:
    """In the place of `onemata` is a program that saves something in the folder that it is told."""
    shutil.copytree(ROOT / "parameters", tmp_path / "parameters")
    for name in ("Makefile", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("requirements.lock", "pyproject.toml", ".venv/.ready"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    onemata = tmp_path / ".venv/bin/onemata"
    onemata.parent.mkdir()
    onemata.write_text('#!/bin/sh\necho "# saved by $1 $3" >> "$2/$3.yaml"\n')
    onemata.chmod(0o755)
    for _ in range(2):  # each time it is the example again
        done = subprocess.run(["make", "lab"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
        (saved,) = tmp_path.glob(".lab/*/ec2.yaml")
        assert saved.read_text() == (ROOT / "parameters/example/ec2.yaml").read_text() + "# saved by open ec2\n"
    assert (tmp_path / "parameters/example/ec2.yaml").read_bytes() == (
        ROOT / "parameters/example/ec2.yaml"
    ).read_bytes()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "check-ignore", "-q", ".lab/example/ec2.yaml"], cwd=tmp_path, check=True)
