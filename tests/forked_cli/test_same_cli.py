"""The forked AWS CLI is the real one: what comes out, who runs it, where, and how it ends."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers.sandbox.instance.machine import AWS_CLI

from ..processes import LONG, running
from .program import V2, forked_cli, forked_cli_v2

CONFIG = "[profile ours]\nregion = eu-west-1\ncli_history = disabled\n[profile é]\nregion = x\n"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"}
CALLS: dict[str, list[str]] = {
    "a setting": ["configure", "get", "region", "--profile", "ours"],
    "not ASCII": ["configure", "get", "region", "--profile", "é"],
    "a profile that is not there": ["configure", "get", "region", "--profile", "no\udcff"],
    "no such command": ["sts", "nonsense"],
    "no credentials": ["sts", "get-caller-identity"],
    "its version": ["--version"],
    "nothing listens there": ["s3", "ls", "s3://ours/", "--endpoint-url", "http://127.0.0.1:9", "--no-sign-request"],
    "a folder of its own": ["s3", "cp", "config", "nowhere"],
}


def run(cli: Path, words: list[str], home: Path, **settings: Any) -> subprocess.CompletedProcess[bytes]:
    env = ENVIRONMENT | {"HOME": str(home), "AWS_MAX_ATTEMPTS": "1"} | settings.pop("env", {})
    return subprocess.run([cli, *words], env=env, cwd=home / ".aws", capture_output=True, check=False, **settings)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize("name", CALLS)
def test_it_says_and_answers_the_same(home: Path, name: str) -> None:
    real, forked = (run(cli, CALLS[name], home) for cli in (AWS_CLI, forked_cli()))
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)


RULES = """{"version": "1.0", "parameters": {}, "rules": [{"conditions": [], "type": "endpoint",
  "endpoint": {"url": "http://127.0.0.1:9/ours", "properties": {}, "headers": {}}}]}"""


@pytest.mark.parametrize("name", ["a setting", "no credentials", "nothing listens there", "other rules of endpoints"])
def test_so_does_version_2(home: Path, name: str) -> None:
    if not (cli := forked_cli_v2()):
        pytest.skip("There is no AWS CLI v2 of Debian's.")
    (rules := home / "data/sts/2011-06-15").mkdir(parents=True)
    (rules / "endpoint-rule-set-1.json").write_text(RULES)
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIAXXXXXXXXXXXXXXXX",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    where = {"env": keys | {"AWS_DATA_PATH": str(home / "data")}} if name not in CALLS else {}
    words = CALLS.get(name, ["sts", "get-caller-identity"])
    real, forked = (run(each, words, home, **where) for each in (V2, cli))
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)
    assert (b"http://127.0.0.1:9/ours" in forked.stderr) == (name not in ("a setting", "no credentials"))


def test_it_reads_what_is_given_to_it_and_writes_with_the_callers_umask(home: Path) -> None:
    modes = []
    for cli, folder in ((AWS_CLI, "real"), (forked_cli(), "forked")):
        config = home / folder / "config"
        where = {"AWS_CONFIG_FILE": str(config)}
        result = run(cli, ["configure", "--profile", "new"], home, input=b"\n\nr\n\n", umask=0o027, env=where)
        assert result.returncode == 0
        assert "region = r" in config.read_text()
        modes.append((config.parent.stat().st_mode, config.stat().st_mode))
    assert modes[0] == modes[1]


def test_it_dies_with_its_caller(home: Path) -> None:
    env = ENVIRONMENT | {"HOME": str(home)}
    with running([forked_cli(), "configure"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as caller:
        assert caller.stdout
        assert caller.stdout.read(3) == b"AWS"  # it asks
        caller.kill()
        caller.communicate(timeout=LONG)  # which ends only when no process has its output any more
    assert caller.returncode == -signal.SIGKILL


@pytest.mark.parametrize("setting", [{}, {"LANG": "C"}])
def test_what_matters_to_the_start_of_python_gets_a_process_of_its_own(home: Path, setting: dict[str, str]) -> None:
    assert (
        b"awscli.clidriver"
        in run(forked_cli(), ["--version"], home, env={"PYTHONPROFILEIMPORTTIME": "1"} | setting).stderr
    )
