"""EC2's proofs once more, with AWS CLI v2 on the instance. Most instances have it; our own environment has v1.

It is the one that Debian's package `awscli` installs. Where it is not, these tests are skipped.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from onemata_helpers import sandbox
from onemata_helpers.permissions import unscoped
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_in_use import SANDBOX_URL
from tests.instance.test_denied_on_instance import *  # noqa: F403
from tests.instance.test_on_instance import *  # noqa: F403
from tests.test_instance import *  # noqa: F403

CLI = Path("/usr/bin/aws")


def version() -> str:
    return subprocess.run([CLI, "--version"], capture_output=True, text=True, check=True).stdout if CLI.exists() else ""


if not version().startswith("aws-cli/2."):
    pytest.skip(f"{CLI} is not AWS CLI v2: EC2's proofs ran with v1 only.", allow_module_level=True)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """In place of the fixture of all tests: a sandbox whose instance has AWS CLI v2."""
    with sandbox.start(operator_policy=unscoped(), cli=CLI) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        yield box


def test_the_instance_has_version_2(aws: Sandbox) -> None:
    assert aws.instance.machine.run("aws --version", timeout=20).stdout.startswith("aws-cli/2.")
