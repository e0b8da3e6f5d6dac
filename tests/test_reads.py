"""What is read in each step of a run, and how often: a read that is made twice shows here."""

from __future__ import annotations

import re
import time
from collections import Counter
from threading import Barrier, get_ident
from typing import Any

import pytest

from onemata_helpers import Runbook, runbook, sandbox
from onemata_helpers.calls import ApiCall
from onemata_helpers.errors import AwsRefused, PlanChanged
from onemata_helpers.resources.base import OWNER_TAG, Look
from onemata_helpers.resources.probe_crawler import DESCRIPTION
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.session import Aws, sandbox_session
from onemata_helpers.side_by_side import side_by_side
from onemata_helpers.watcher import Watcher

from .account import GLUE_SERVICE_POLICY, detach, in_place, off_cluster
from .conftest import ROLES, ROOT, SERVICES, Unhurried, run, values

LONG = 60  # seconds, after which a test has failed
STEPS = ("connect", "plan", "apply", "verify")
AT_ONCE = Unhurried(tell=lambda _: None, sleep=lambda _: None, seconds=60)

# In order of their names. With `prove: none` no proof is among them, and with `configure: skip` nothing on an instance.
NEW = {
    "redshift": ["DescribeClusters", "GetRole"],
    "glue": ["GetRole"],
    "ec2": ["DescribeIamInstanceProfileAssociations", "DescribeInstances", "GetInstanceProfile", "GetRole"],
}
IN_PLACE = {
    "redshift": ["DescribeClusters", "GetRole", "ListAttachedRolePolicies", "ListRolePolicies"],
    "glue": ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies"],
    "ec2": [*NEW["ec2"], "GetRolePolicy", "ListRolePolicies"],
}
SETTLING = {
    "redshift": ["DescribeClusters"] * 2,
    "glue": [],
    "ec2": ["DescribeIamInstanceProfileAssociations"] * 2,
}
TO_REMOVE = {
    "redshift": [*IN_PLACE["redshift"], "DescribeClusters", "ListInstanceProfilesForRole"],
    "glue": [*IN_PLACE["glue"], "ListInstanceProfilesForRole"],
    "ec2": [
        *IN_PLACE["ec2"],
        "DescribeIamInstanceProfileAssociations",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
    ],
}
SIGN_IN = ["GetCallerIdentity"]


@pytest.fixture(autouse=True)
def _steps_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is."""
    monkeypatch.setattr(runbook, "FRESH_SECONDS", float("inf"))


class Heard(Watcher):
    """All calls, and the threads in which they are told."""

    def __init__(self) -> None:
        self.calls: list[ApiCall] = []
        self.threads: set[int] = set()

    def call(self, call: ApiCall) -> None:
        self.calls.append(call)
        self.threads.add(get_ident())


def reads(service: str, action: str, **changes: Any) -> dict[str, list[str]]:
    """What is read in each step, in order of names."""
    heard = Heard()
    book = Runbook(service, values(service, action=action, **changes), AT_ONCE, heard)
    found = {}
    for step in STEPS:
        getattr(book, step)()
        found[step] = sorted(each.operation for each in heard.calls if each.access == "read")
        heard.calls.clear()
    assert heard.threads == {get_ident()}
    book.finish()
    times = [each.time for each in book.recorder.record.calls]
    assert times == sorted(times)
    return found


def attach(aws: Sandbox) -> None:
    aws.client("iam").attach_role_policy(RoleName=ROLES["glue"], PolicyArn=GLUE_SERVICE_POLICY)


def of_each(*of_steps: list[str]) -> dict[str, list[str]]:
    return dict(zip(STEPS, map(sorted, of_steps), strict=True))


@pytest.mark.parametrize("service", SERVICES)
def test_each_thing_is_read_once_for_the_plan_once_before_the_writes_and_once_after(aws: Sandbox, service: str) -> None:
    new, there = NEW[service], IN_PLACE[service]
    assert reads(service, "plan") == of_each(SIGN_IN, new, [], [])
    assert reads(service, "apply") == of_each(SIGN_IN, new, [*new, *SETTLING[service]], there)
    gone = TO_REMOVE[service]
    left = [each for each in new if each != "GetRole"]
    assert reads(service, "remove") == of_each(SIGN_IN, gone, [*gone, *SETTLING[service]], [*left, "GetRole"])


@pytest.mark.parametrize("service", SERVICES)
def test_readme_says_what_is_read(service: str) -> None:
    table = re.findall(r"^\| ([A-Z][A-Za-z]+) \| (.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    said = {read: cells.split("|")[SERVICES.index(service)].strip() for read, cells in table}
    assert sorted(read for read, when in said.items() if when.startswith("always")) == NEW[service]
    assert sorted(read for read, when in said.items() if when) == sorted(IN_PLACE[service])
    assert {read for read, when in said.items() if when.endswith("until a write is usable")} == {*SETTLING[service]}


@pytest.mark.parametrize("service", SERVICES)
def test_what_nothing_was_done_to_is_read_once(aws: Sandbox, service: str) -> None:
    run(service)
    for action in ("apply", "verify"):
        assert reads(service, action) == of_each(SIGN_IN, IN_PLACE[service], [], [])


def test_what_should_be_there_is_not_looked_for_in_a_list_first(aws: Sandbox) -> None:
    """Both policies on the role are wanted."""
    run("ec2", s3_access="scoped")
    found = reads("ec2", "verify", s3_access="scoped")
    assert found["plan"] == sorted([*NEW["ec2"], "GetRolePolicy", "GetRolePolicy"])


def test_glue_looks_again_at_what_a_proof_may_have_left_and_at_nothing_else(aws: Sandbox) -> None:
    run("glue", prove="crawler")
    found = reads("glue", "verify", prove="crawler")
    assert found["plan"] == sorted([*IN_PLACE["glue"], "GetCrawler", "GetDatabase"])
    # Before the proof, as it takes away what it made, and for the check that nothing is left.
    assert Counter(found["verify"]) == {"GetCrawler": 3, "GetDatabase": 3, "GetTags": 1}


def test_what_a_proof_leaves_behind_is_seen_though_the_plan_saw_nothing(aws: Sandbox) -> None:
    run("glue", prove="crawler")

    def make_it_again(call: IncomingCall) -> None:
        aws.client("glue").create_crawler(
            Name=call.params["Name"],
            Role=f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLES['glue']}",
            Description=DESCRIPTION,
            Targets={"S3Targets": [{"Path": f"s3://{sandbox.BUCKET}/{sandbox.PREFIX}"}]},
            Tags={OWNER_TAG: "glue"},
        )

    aws.after("DeleteCrawler", make_it_again)
    done = run("glue", "verify", prove="crawler")
    (failed,) = [each.name for each in done.record.checks if each.result == "failed"]
    assert failed.startswith("what proofs left in Glue")


@pytest.mark.parametrize("service", SERVICES)
def test_what_was_seen_longer_ago_is_read_again_to_be_proven(
    aws: Sandbox, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(service)
    monkeypatch.setattr(runbook, "FRESH_SECONDS", -1)
    for_the_proof = ["DescribeClusters"] if service == "redshift" else []  # before it that was longer ago, too
    for action in ("apply", "verify"):
        again = [*for_the_proof, *IN_PLACE[service]]
        assert reads(service, action) == of_each(SIGN_IN, IN_PLACE[service], [], again)


def test_what_happens_between_an_old_plan_and_verify_is_seen(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run("glue")
    monkeypatch.setattr(runbook, "FRESH_SECONDS", -1)
    book = Runbook("glue", values("glue", action="verify"))
    book.connect()
    book.plan()
    detach(aws)
    book.verify()
    failed = [each.name for each in book.recorder.record.checks if each.result == "failed"]
    assert failed == ["policy AWSGlueServiceRole on role AWSGlueServiceRoleOnemata"]


def test_what_was_passing_when_the_plan_was_made_is_looked_at_again(aws: Sandbox) -> None:
    """The client has just put the role on the cluster again."""
    run("redshift")
    off_cluster(aws)
    role = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLES['redshift']}"
    aws.client("redshift").modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[role])
    done = run("redshift", "verify")
    assert done.record.plan is not None
    assert done.record.plan.observed[f"cluster {sandbox.CLUSTER}"]["passing"] == {role: "adding"}
    in_place(done)


def test_verify_run_again_looks_again(aws: Sandbox) -> None:
    """Somebody has put right what it found."""
    run("glue")
    detach(aws)
    book = Runbook("glue", values("glue", action="verify"))
    for step in ("connect", "plan", "verify"):
        getattr(book, step)()
    assert [each.name for each in book.recorder.record.checks if each.result == "failed"]
    attach(aws)
    book.verify()
    assert not [each.name for each in book.recorder.record.checks if each.result == "failed"]


def test_what_changed_between_the_plan_and_apply_is_in_no_later_check(aws: Sandbox) -> None:
    run("glue")
    detach(aws)
    book = Runbook("glue", values("glue", action="apply"))
    book.connect()
    book.plan()
    attach(aws)
    with pytest.raises(PlanChanged):
        book.apply()
    book.verify()
    assert not [each.name for each in book.recorder.record.checks if each.result == "failed"]


def test_reads_that_do_not_depend_on_one_another_go_side_by_side(aws: Sandbox) -> None:
    """The sandbox answers none of the two before both are there."""
    both = Barrier(2)
    for operation in ("GetRole", "DescribeClusters"):
        aws.before(operation, lambda _: both.wait(LONG))
    assert run("redshift", "plan").record.outcome == "planned"


def test_the_failure_that_comes_first_in_the_plan_is_told_whichever_call_fails_first(aws: Sandbox) -> None:
    """Both are under way at the same time, and both fail; the cluster's comes first."""
    both = Barrier(2)
    for operation in ("GetRole", "DescribeClusters"):
        aws.before(operation, lambda _: both.wait(LONG))
        aws.fail(operation, "AccessDenied")
    done = run("redshift", "plan")
    assert isinstance(done.error, AwsRefused)
    assert "redshift:DescribeClusters in the step plan" in done.record.reason


def test_a_client_is_made_once_also_where_many_ask_for_it_at_the_same_time() -> None:
    session = Aws(sandbox_session("nobody", "nothing", None, sandbox.REGION), (), lambda _: None, "http://127.0.0.1:9")
    made = list[int]()
    side_by_side([lambda: made.append(id(session.client("iam")))] * 16)
    assert made == [id(session.client("iam"))] * 16


def test_a_look_reads_once_also_what_many_ask_for_at_the_same_time() -> None:
    look, read = Look(None), list[Aws]()  # type: ignore[arg-type]

    def note(aws: Aws) -> int:
        read.append(aws)
        return len(read)

    def ask(look: Look) -> int:
        return look.once("it", note)

    look.ahead([ask] * 20)
    assert (ask(look), len(read)) == (1, 1)
    assert look.seen == {"it": 1}


def test_a_look_tells_each_who_asks_what_failed_and_does_not_hold() -> None:
    look, tried = Look(None), list[Aws]()  # type: ignore[arg-type]

    def ask(look: Look) -> None:
        def read(aws: Aws) -> None:
            tried.append(aws)
            raise AwsRefused("no")

        look.once("it", read)

    look.ahead([ask] * 3)
    for _ in range(2):
        with pytest.raises(AwsRefused, match="no"):
            ask(look)
    assert len(tried) == 1
    assert not look.holds(float("inf"))
    assert look.seen == {}


def test_a_cluster_and_a_workgroup_share_what_is_read_of_the_role(aws: Sandbox) -> None:
    run("redshift", workgroup_names=[sandbox.SERVERLESS_WORKGROUP])
    found = reads("redshift", "verify", workgroup_names=[sandbox.SERVERLESS_WORKGROUP])
    counts = Counter(found["plan"])
    assert counts == dict.fromkeys([*IN_PLACE["redshift"], "GetNamespace", "GetWorkgroup"], 1)


def test_what_was_seen_before_the_machine_slept_proves_nothing(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lid is closed between plan and verify. On Linux the monotonic clock stands still meanwhile."""
    run("glue")
    monkeypatch.setattr(runbook, "FRESH_SECONDS", 600)
    book = Runbook("glue", values("glue", action="verify"), AT_ONCE)
    book.connect()
    book.plan()
    aws.client("iam").detach_role_policy(RoleName=ROLES["glue"], PolicyArn=GLUE_SERVICE_POLICY)
    now = time.time
    monkeypatch.setattr("time.time", lambda: now() + 3600)
    book.verify()
    assert [check.name for check in book.recorder.record.checks if check.result == "failed"]
