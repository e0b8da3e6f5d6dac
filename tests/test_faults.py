"""A fault at each write: an answer that is lost, a kill, Ctrl-C. What it leaves, that run or the next one completes.

`make campaign` runs all of them; `make test` leaves out those that are marked so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from onemata_helpers import sandbox
from onemata_helpers.calls import ApiCall
from onemata_helpers.permissions import unscoped
from onemata_helpers.record import Recorder
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL

from .account import give_foreign_profile
from .conftest import Run, run
from .snapshot import everything
from .test_workgroups import WORKGROUP

ANALYST = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst"
FAULTS = ("lost answer", "broken off", "killed", "interrupted")


class Killed(BaseException):
    """The process ended here."""


@dataclass(frozen=True)
class Scenario:
    """A service, its parameters, whether the instance has another profile before, and a run that is in place beside."""

    service: str
    changes: dict[str, Any] = field(default_factory=dict)
    foreign_profile_on: str = ""
    beside: dict[str, Any] | None = None

    def prepare(self, aws: Sandbox) -> None:
        aws.client("iam").create_user(UserName="analyst")
        if self.foreign_profile_on:
            give_foreign_profile(aws, self.foreign_profile_on)
        if self.beside is not None:
            assert run(self.service, **self.beside).error is None

    def run(self, action: str) -> Run:
        return run(self.service, action, **self.changes)


SCENARIOS = {
    "redshift": Scenario("redshift"),
    "glue": Scenario("glue"),
    "ec2": Scenario("ec2"),
    "redshift-chain": Scenario("redshift", {"role_chain": True, "s3_access": "scoped"}),
    "redshift-launch": Scenario(
        "redshift", {"cluster_identifiers": ["fresh"], "launch": True, "confirm_launch_costs": True}
    ),
    "redshift-workgroup": Scenario("redshift", {"workgroup_names": [sandbox.SERVERLESS_WORKGROUP]}),
    "redshift-workgroup-alone": Scenario("redshift", WORKGROUP | {"s3_access": "scoped"}),
    "redshift-workgroup-beside": Scenario("redshift", WORKGROUP, beside={}),
    "glue-passed": Scenario("glue", {"role_name": "glue-onemata", "pass_role_to": [ANALYST]}),
    "ec2-extend": Scenario("ec2", {"on_existing_profile": "extend"}, sandbox.INSTANCE_ID),
    "ec2-replace": Scenario("ec2", {"on_existing_profile": "replace"}, sandbox.INSTANCE_ID),
    "ec2-replace-stopped": Scenario(
        "ec2",
        {"on_existing_profile": "replace", "instance_ids": [sandbox.STOPPED_INSTANCE_ID]},
        sandbox.STOPPED_INSTANCE_ID,
    ),
}
ALWAYS = ("redshift", "glue", "ec2")


@contextmanager
def account(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, action: str) -> Iterator[Sandbox]:
    """A fresh account as it is before the action."""
    with sandbox.start(operator_policy=unscoped()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        scenario.prepare(box)
        if action == "remove":
            assert scenario.run("apply").error is None
        yield box


def undisturbed(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, action: str) -> tuple[list[str], dict[str, Any]]:
    """The writes of an action that nothing disturbs, and the account after it."""
    with account(scenario, monkeypatch, action) as box:
        done = scenario.run(action)
        assert done.error is None
        return done.writes, everything(box)


@contextmanager
def fault_at(number: int, kind: str, box: Sandbox, writes: list[str]) -> Iterator[None]:
    """The fault happens to the write of this number."""
    if kind == "lost answer":
        with lost_answer(number, box, writes):
            yield
        return
    seen = 0
    heard = Recorder.add_call

    def add_call(recorder: Recorder, call: ApiCall) -> None:
        nonlocal seen
        heard(recorder, call)
        seen += call.access == "write"
        if call.access == "write" and seen == number + 1:
            raise {
                "broken off": ConnectionClosedError(endpoint_url="https://iam.amazonaws.com"),
                "killed": Killed(),
                "interrupted": KeyboardInterrupt(),
            }[kind]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "add_call", add_call)
        yield


@contextmanager
def lost_answer(number: int, box: Sandbox, writes: list[str]) -> Iterator[None]:
    """AWS carries the call out, the answer does not arrive, and botocore tries again."""
    operation = writes[number]
    before = writes[:number].count(operation)
    seen = 0

    def count(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == before + 1:
            box.fail(operation, "lost answer")

    box.before(operation, count)
    yield


CASES = [
    pytest.param(name, action, marks=() if name in ALWAYS else pytest.mark.campaign)
    for name in SCENARIOS
    for action in ("apply", "remove")
]


@pytest.mark.parametrize(("name", "action"), CASES)
def test_a_fault_at_any_write_leaves_nothing_that_the_next_run_does_not_complete(
    name: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = SCENARIOS[name]
    writes, wanted = undisturbed(scenario, monkeypatch, action)
    for number, operation in enumerate(writes):
        for kind in FAULTS if name not in ALWAYS else ("lost answer", "killed"):
            with account(scenario, monkeypatch, action) as box:
                with fault_at(number, kind, box, writes):
                    disturbed = attempt(scenario, action)
                where = f"{name} {action}: {kind} at {operation}"
                judge_disturbed(disturbed, kind, where)
                again = scenario.run(action)
                assert again.error is None, f"{where}: {again.error}"
                assert everything(box) == wanted, where
                assert scenario.run(action).writes == [], where


def attempt(scenario: Scenario, action: str) -> Run | None:
    """The run as it ended; None if it was killed."""
    try:
        return scenario.run(action)
    except Killed:
        return None


def judge_disturbed(disturbed: Run | None, kind: str, where: str) -> None:
    if kind == "killed":
        assert disturbed is None, where
    elif kind == "interrupted":
        assert disturbed is not None
        assert "Interrupted" in str(disturbed.error), where
        assert disturbed.record.outcome == "failed", where
    else:  # an answer that is lost disturbs nothing
        assert disturbed is not None
        assert disturbed.error is None, f"{where}: {disturbed.error}"
        assert any(done.unanswered for done in disturbed.record.changes_done) or kind == "lost answer", where


def test_a_lost_answer_is_on_record(aws: Sandbox) -> None:
    aws.fail("CreateRole", "lost answer")
    done = run("redshift")
    assert done.error is None
    assert done.record.changes_done[0].unanswered == ("iam:create_role",)
    assert "was lost" in done.shown["apply"]


def test_a_refusal_that_nothing_was_done_stays_a_refusal(aws: Sandbox) -> None:
    aws.fail("AttachRolePolicy", "LimitExceeded")
    failed = run("redshift")
    assert failed.record.outcome == "failed"
    assert "LimitExceeded" in failed.record.reason


@pytest.mark.parametrize("how", ["html", "empty", "binary", "long error"])
@pytest.mark.parametrize("operation", ["GetRole", "DescribeClusters", "AttachRolePolicy"])
def test_an_answer_that_is_not_awss_is_a_sentence_and_the_record_is_whole(
    aws: Sandbox, how: str, operation: str
) -> None:
    aws.fail(operation, how, times=20)
    failed = run("redshift")
    assert failed.error is not None
    assert failed.record.outcome == "failed"
    assert "Who acts" in str(failed.error)
    assert len(str(failed.error)) < 2000
    if operation == "AttachRolePolicy":
        assert [done.status for done in failed.record.changes_done] == ["done", "failed"]
