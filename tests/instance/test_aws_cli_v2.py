"""EC2's proofs once more, with AWS CLI v2 on the instance. Most instances have it; our own environment has v1.

It is the one that Debian's package `awscli` installs. Where it is not, these tests are skipped. tests/forked_cli says
that it is the same in a fork as when it starts.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from onemata_helpers import sandbox
from onemata_helpers.permissions import unscoped
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from tests.forked_cli.program import forked_cli_v2
from tests.instance.test_on_instance import *  # noqa: F403
from tests.test_instance import test_it_ends_verified_with_the_output_of_the_two_commands  # noqa: F401

RULES = json.dumps(
    {
        "version": "1.0",
        "parameters": {"Bucket": {"type": "String", "required": False, "documentation": ""}},
        "rules": [
            {
                "conditions": [{"fn": "isSet", "argv": [{"ref": "Bucket"}]}],
                "endpoint": {"url": "ENDPOINT/{Bucket}", "properties": {}, "headers": {}},
                "type": "endpoint",
            },
            {
                "conditions": [],
                "endpoint": {"url": "ENDPOINT", "properties": {}, "headers": {}},
                "type": "endpoint",
            },
        ],
    }
)
PROGRAM = f"""#!/bin/sh
# Before 2.13 it does not know AWS_ENDPOINT_URL, and would ask the real AWS: the same, as its rules of endpoints.
export AWS_DATA_PATH="$TMPDIR/endpoints"
for service in sts/2011-06-15 s3/2006-03-01; do
  mkdir -p "$AWS_DATA_PATH/$service"
  printf '%s' '{RULES}' | sed "s|ENDPOINT|$AWS_ENDPOINT_URL|g" > "$AWS_DATA_PATH/$service/endpoint-rule-set-1.json"
done
# The sandbox is asked by http, the real AWS by https only: that ends here, at a proxy that is not there.
export HTTPS_PROXY=http://127.0.0.1:9
exec CLI "$@"
"""


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """In place of the fixture of all tests: a sandbox whose instance has AWS CLI v2."""
    if not (cli := forked_cli_v2()):
        pytest.skip("There is no AWS CLI v2 of Debian's: EC2's proofs ran with v1 only.")
    program = tmp_path / "aws"
    program.write_text(PROGRAM.replace("exec CLI", f"exec {cli}"))
    program.chmod(0o755)
    with sandbox.start(operator_policy=unscoped(), cli=program) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        yield box


def test_the_instance_has_version_2(aws: Sandbox) -> None:
    assert aws.instance.machine.run("aws --version", timeout=20).stdout.startswith("aws-cli/2.")
