"""What all tests share: a clean environment, a fresh sandbox, and a run of a runbook from end to end."""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from tenacity import Retrying

from onemata_helpers import Runbook, sandbox
from onemata_helpers.batch import elsewhere
from onemata_helpers.errors import OnemataError
from onemata_helpers.permissions import unscoped
from onemata_helpers.record import Record
from onemata_helpers.sandbox.iam.needs_s3 import find_bucket
from onemata_helpers.sandbox.policies import document
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.wait import Wait

from .botocore_once import work_out_once
from .forked_cli.program import forked_cli

# How long one example takes depends on the machine.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "parameters" / "example"
SERVICES = ("redshift", "glue", "ec2")
ROLES = {"redshift": "onemata-redshift", "glue": "AWSGlueServiceRoleOnemata", "ec2": "onemata-ec2"}
STEPS = ("connect", "plan", "apply", "verify", "hand_over", "finish")


KEPT = ("PATH", "PYTEST_", "COV_", "COVERAGE_", "CI")
"""What the tests, and the kernels and commands that they start, see of the developer's environment."""


def _start_from_a_clean_environment() -> None:
    """No profile, proxy, language, time zone, umask, signal or Jupyter configuration of the developer's has a say."""
    os.umask(0o022)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # handed down by who runs the tests in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    records = os.environ.get("ONEMATA_RECORDS", "")
    for name in [name for name in os.environ if not name.startswith(KEPT)]:
        del os.environ[name]
    tempfile.tempdir = None  # looked up anew, without TMPDIR
    if not worker:
        records = tempfile.mkdtemp(prefix="onemata-test-records-")
        atexit.register(shutil.rmtree, records, ignore_errors=True)
    home = tempfile.mkdtemp(prefix="onemata-test-home-")
    os.environ |= {
        "HOME": home,
        "PYTHONPATH": str(ROOT),
        "AWS_EC2_METADATA_DISABLED": "true",
        # One worker's runs must not wait for another's: the lock of a client and service lies beside the records.
        "ONEMATA_RECORDS": str(Path(records, worker or "alone")),
    }
    atexit.register(shutil.rmtree, home, ignore_errors=True)


_start_from_a_clean_environment()
_RECORDS = os.environ["ONEMATA_RECORDS"]
# The same examples each time, and no failure for a slow machine.
settings.register_profile("onemata", derandomize=True, deadline=None, database=None)
settings.load_profile("onemata")


work_out_once()


def pytest_collection_finish() -> None:
    """What is loaded by now stays. A collection of garbage would go through all of it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 5)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A fresh sandbox that runbooks, kernels and commands of this test use, with records of its own.

    An approval that was used in one account must not be used up in the next. Where a test keeps its records is its own.
    """
    if os.environ["ONEMATA_RECORDS"] == _RECORDS:
        monkeypatch.setenv("ONEMATA_RECORDS", str(tmp_path_factory.mktemp("records")))
    with sandbox.start(operator_policy=unscoped(), cli=forked_cli()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        yield box


def between_tries_no_time_passes(patch: pytest.MonkeyPatch) -> None:
    """botocore neither pauses between its tries nor slows down after AWS said that there were too many calls."""
    patch.setattr("time.sleep", lambda _: None)
    patch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)


def values(service: str, **changes: Any) -> dict[str, Any]:
    """The example's parameters of a service, with changes."""
    shared = {
        "client": "example",
        "account_id": sandbox.CLIENT_ACCOUNT,
        "region": sandbox.REGION,
        "onemata_account_id": sandbox.ONEMATA_ACCOUNT,
        "onemata_role_arn": sandbox.ONEMATA_ROLE_ARN,
        "onemata_external_id": sandbox.EXTERNAL_ID,
        "bucket": sandbox.BUCKET,
        "prefix": sandbox.PREFIX,
        "policy_checks": "none",
        "preflight": False,
        "sandbox": True,
    }
    own: dict[str, dict[str, Any]] = {
        "redshift": {"cluster_identifiers": [sandbox.CLUSTER], "prove": "none"},
        "glue": {"prove": "none"},
        "ec2": {"instance_ids": [sandbox.INSTANCE_ID], "configure": "skip"},
    }
    return shared | own[service] | changes


class Unhurried(Wait):
    """A wait whose time is that of its pauses alone: how often it looks does not depend on how long a look takes."""

    def _retrying(self, *given: Any, **how: Any) -> Retrying:
        retrying = super()._retrying(*given, **how)
        limit: float = retrying.stop.max_delay  # type: ignore[union-attr]
        return retrying.copy(stop=lambda attempt: attempt.idle_for >= limit)


QUIET = Unhurried(tell=lambda _: None, sleep=lambda seconds: time.sleep(seconds / 100), seconds=60)
"""A wait for what does not come looks eleven times, in less than a second."""


@dataclass
class Run:
    """A finished run: its record, what it showed, and the error that ended it, if one did."""

    record: Record
    shown: dict[str, str]
    error: OnemataError | None

    @property
    def writes(self) -> list[str]:
        return [call.operation for call in self.record.calls if call.access == "write"]

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of change by resource, without what is in order."""
        assert self.record.plan is not None
        return {c.resource: c.kind for c in self.record.plan.changes if c.kind != "nothing"}


def run(service: str, action: str = "apply", wait: Wait | None = None, **changes: Any) -> Run:
    """Run a runbook from end to end, as its notebook does, and read back the record that it left."""
    runbook = Runbook(service, values(service, action=action, **changes), wait or QUIET)
    shown: dict[str, str] = {}
    error = None
    try:
        for step in STEPS:
            shown[step] = str(getattr(runbook, step)())
    except OnemataError as failure:
        error = failure
    return Run(Record.model_validate_json(runbook.recorder.path.read_text()), shown, error)


@pytest.fixture
def our_records(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place for records in a bucket with Object Lock, for somebody who has the rights that README names."""
    elsewhere._bucket.cache_clear()
    s3 = aws.client("s3", sandbox.ONEMATA_ACCOUNT)
    s3.create_bucket(Bucket="our-records", ObjectLockEnabledForBucket=True)
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 7}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": retention}
    s3.put_object_lock_configuration(Bucket="our-records", ObjectLockConfiguration=lock)
    iam = aws.client("iam", sandbox.ONEMATA_ACCOUNT)
    iam.create_user(UserName="engineer")
    rights = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "s3:ListBucket"]}
    policy = json.dumps(document(rights | {"Resource": ["arn:aws:s3:::our-records", "arn:aws:s3:::our-records/*"]}))
    iam.put_user_policy(UserName="engineer", PolicyName="records", PolicyDocument=policy)
    key = iam.create_access_key(UserName="engineer")["AccessKey"]
    for name, value in {
        "AWS_ENDPOINT_URL_S3": aws.endpoint, "AWS_DEFAULT_REGION": sandbox.REGION,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return "s3://our-records/night"


def let_lock_run_out(name: str, seconds: int = 180) -> None:
    """As if S3 had taken the lock of this client and service so much earlier; it lasts for two minutes."""
    put_earlier(f"{name}/lock", seconds=seconds)


def put_earlier(name: str, **time: float) -> None:
    """As if S3 had taken this object so much earlier."""
    found = find_bucket("our-records")
    assert found is not None
    found.keys[f"night/{name}"].last_modified -= timedelta(**time)
