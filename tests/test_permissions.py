"""The printed policy is what the runbooks need: with it they run, and each action of it is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from onemata_helpers import permissions, policies, sandbox
from onemata_helpers.errors import AwsRefused
from onemata_helpers.parameter_files import from_folder, from_notebook
from onemata_helpers.resources.probe_crawler import TABLE_PREFIX
from onemata_helpers.sandbox import gate, world
from onemata_helpers.sandbox.iam import authorizer
from onemata_helpers.sandbox.policies import account_trust, bucket_policy
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.wait import Wait

from .account import give_foreign_profile, make_foreign_role, retrust
from .conftest import EXAMPLE, ROLES, run, values
from .forked_cli.program import forked_cli
from .test_instance import SSM, not_attached
from .test_workgroups import WORKGROUP

BOUNDARY = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:policy/boundary"
ANALYSTS = [f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:{kind}/analyst" for kind in ("user", "group", "role")]
BOTH = [sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID]
LAUNCH: dict[str, Any] = {"cluster_identifiers": ["fresh"], "launch": True, "confirm_launch_costs": True}
SECOND = {"prefix": "example-client/second/"}
ATHENA: dict[str, Any] = {
    "prove": "crawler",
    "athena_principals": [sandbox.ANALYST_ROLE_ARN],
    "athena_workgroup": sandbox.WORKGROUP,
}
CRAWL: dict[str, Any] = {"prove": "crawl", "confirm_proof_costs": True}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "redshift": ("redshift", {}),
    "redshift-bounded": (
        "redshift",
        {"permissions_boundary_arn": BOUNDARY, "s3_access": "scoped", "policy_checks": "all"},
    ),
    "redshift-launch": ("redshift", LAUNCH),
    "redshift-workgroup": ("redshift", WORKGROUP),
    "redshift-workgroup-proved": (
        "redshift",
        WORKGROUP | {"prove": "copy", "confirm_proof_costs": True, "denied_prefix": sandbox.OTHER_PREFIX},
    ),
    "redshift-proved": ("redshift", {"prove": "copy", "denied_prefix": sandbox.OTHER_PREFIX}),
    "redshift-proved-chained": ("redshift", {"prove": "copy", "role_chain": True, "database_user": "awsuser"}),
    "glue": ("glue", {"policy_checks": "free"}),
    "glue-crawler": ("glue", {"prove": "crawler", "denied_prefix": sandbox.OTHER_PREFIX}),
    "glue-crawler-scoped": ("glue", {"prove": "crawler", "s3_access": "scoped"}),
    "glue-crawl": ("glue", {"prove": "crawl", "confirm_proof_costs": True, "denied_prefix": sandbox.OTHER_PREFIX}),
    "glue-passed": ("glue", {"role_name": "glue-onemata", "pass_role_to": ANALYSTS}),
    "glue-athena": ("glue", ATHENA),
    "ec2": ("ec2", {}),
    "ec2-ssm": ("ec2", SSM),
    "ec2-extend": ("ec2", {"on_existing_profile": "extend", "instance_ids": BOTH}),
    "ec2-replace": ("ec2", {"on_existing_profile": "replace", "instance_ids": BOTH}),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The actions that the sandbox weighed for the operator."""
    weighed: set[str] = set()
    authorize = authorizer.authorize

    def noting(signer: Any, call: Any) -> None:
        if signer.caller.arn.endswith(f"user/{world.OPERATOR}"):
            weighed.update(each.request.action for each in authorizer.needs(call))
        authorize(signer, call)

    monkeypatch.setattr(gate, "authorize", noting)
    return weighed


def start(policy: policies.Document, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with sandbox.start(operator_policy=policy, cli=forked_cli()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        yield box


def furnish(box: Sandbox, name: str) -> None:
    """What the client has in this case."""
    iam = box.client("iam")
    everything = json.dumps(policies.document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    iam.create_policy(PolicyName="boundary", PolicyDocument=everything)
    iam.create_user(UserName="analyst")
    iam.create_group(GroupName="analyst")
    make_foreign_role(box, "analyst")
    if name == "redshift-proved-chained":
        trust = json.dumps(account_trust(sandbox.CLIENT_ACCOUNT))
        onemata = box.client("iam", account=sandbox.ONEMATA_ACCOUNT)
        onemata.update_assume_role_policy(RoleName=world.ONEMATA_ROLE, PolicyDocument=trust)
    if name.startswith("ec2"):
        give_foreign_profile(box)
    if name in ("ec2", "ec2-ssm"):
        assert run("ec2", "plan", **CASES[name][1]).record.outcome == "blocked"
        not_attached(box)


def trouble_the_proof(box: Sandbox, **changes: Any) -> None:
    """All that a proof can come upon in Redshift: it is refused as a batch and by S3, and then it does not end."""
    box.client("s3", account=sandbox.ONEMATA_ACCOUNT).delete_bucket_policy(Bucket=sandbox.BUCKET)
    box.fail("BatchExecuteStatement", "ValidationException")
    run("redshift", "verify", **changes)
    box.let_statements_hang()
    run("redshift", "verify", Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1), **changes)


def trouble_athena(box: Sandbox) -> None:
    """All that a proof can come upon in Athena: S3 refuses to read, and the role may not drop its table."""
    box.client("s3", account=sandbox.ONEMATA_ACCOUNT).delete_bucket_policy(Bucket=sandbox.BUCKET)
    denied = json.dumps(policies.document({"Effect": "Deny", "Action": "glue:DeleteTable", "Resource": "*"}))
    box.client("iam").put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="less", PolicyDocument=denied)


def leave_a_proof_behind(box: Sandbox, changes: dict[str, Any]) -> None:
    """All that a crawl makes, as if it had been cut off while it goes on. It goes on until somebody stops it."""
    glue, plan = box.client("glue"), run("glue", "plan", **(changes | CRAWL)).record.plan
    assert plan is not None
    for call in plan.proofs[0].calls:
        if call.operation.startswith(("create", "start")):
            getattr(glue, call.operation)(**call.arguments)
    name = next(call.arguments["Name"] for call in plan.proofs[0].calls if call.operation == "start_crawler")
    glue.create_table(DatabaseName=name, TableInput={"Name": f"{TABLE_PREFIX}x"})
    box.let_crawls_hang()


def trouble_the_crawls(box: Sandbox, **changes: Any) -> None:
    """All that a proof can come upon in Glue: what an earlier one left, and then a refusal by S3."""
    leave_a_proof_behind(box, changes)
    run("glue", "verify", **changes)
    box.let_crawls_hang(False)
    policy = bucket_policy()
    policy["Statement"] = [each for each in policy["Statement"] if each["Action"] != "s3:GetObject"]
    s3 = box.client("s3", account=sandbox.ONEMATA_ACCOUNT)
    s3.put_bucket_policy(Bucket=sandbox.BUCKET, Policy=json.dumps(policy))
    run("glue", "verify", **changes)
    s3.delete_bucket_policy(Bucket=sandbox.BUCKET)
    run("glue", "verify", **changes)


def exercise(box: Sandbox, name: str) -> None:
    """Every action of the runbook, with damage to mend in between."""
    service, changes = CASES[name]
    role = changes.get("role_name", ROLES[service])
    for action in ("plan", "apply"):
        assert run(service, action, **changes).error is None
    retrust(role)(box)
    if changes.get("permissions_boundary_arn"):
        box.client("iam").delete_role_permissions_boundary(RoleName=role)
    assert run(service, **changes).error is None
    second = changes | SECOND
    assert run(service, **second).error is None
    assert run(service, "remove", **second).error is None
    other = {"s3_access": "managed" if changes.get("s3_access") == "scoped" else "scoped"}
    assert run(service, **(changes | other)).error is None
    if changes.get("prove") == "copy":
        trouble_the_proof(box, **(changes | other))
    if changes.get("prove") in ("crawler", "crawl"):
        trouble_the_crawls(box, **changes)
    if changes.get("athena_principals"):
        trouble_athena(box)
        run(service, "verify", **(changes | other))
    assert run(service, "remove", **(changes | other)).error is None


@pytest.mark.parametrize("name", CASES)
def test_with_the_printed_policy_all_runs_and_each_action_of_it_is_used(
    name: str, asked: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, changes = CASES[name]
    deliveries = [values(service, **each) for each in (changes, changes | SECOND)]
    policy = permissions.policy([from_notebook(service, each) for each in deliveries])
    declared = {action for statement in policy["Statement"] for action in statement["Action"]}
    for box in start(policy, monkeypatch):
        furnish(box, name)
        exercise(box, name)
    assert declared - asked == set()
    assert asked - declared == set()


def test_without_one_action_the_run_stops_at_it_and_says_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = permissions.policy([from_notebook("redshift", values("redshift"))])
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != "iam:AttachRolePolicy"]
    for _ in start(policy, monkeypatch):
        stopped = run("redshift")
        assert isinstance(stopped.error, AwsRefused)
        assert "iam:attach_role_policy" in str(stopped.error)
        assert "client's admin" in str(stopped.error)
        assert [done.status for done in stopped.record.changes_done] == ["done", "failed"]


def test_nothing_is_granted_on_everything_that_can_be_narrowed() -> None:
    policy = permissions.policy(from_folder(EXAMPLE).values())
    wide = {a for s in policy["Statement"] if s["Resource"] == ["*"] for a in s["Action"]}
    assert wide == {
        "access-analyzer:ValidatePolicy",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeInstances",
        "glue:CreateClassifier",
        "glue:CreateCrawler",
        "glue:DeleteClassifier",
        "glue:GetClassifier",
        "redshift-data:CancelStatement",
        "redshift-data:DescribeStatement",
        "redshift:DescribeClusters",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
    }
    documents = [r for s in policy["Statement"] for r in s["Resource"] if ":document/" in r]
    assert not any("*" in document for document in documents)
    following = [s for s in policy["Statement"] if "redshift-data:DescribeStatement" in s["Action"]]
    owner = {"redshift-data:statement-owner-iam-userid": ["${aws:userid}"]}
    assert [s["Condition"] for s in following] == [{"StringEquals": owner}]
    passing = [s for s in policy["Statement"] if "iam:PassRole" in s["Action"]]
    assert all("iam:PassedToService" in json.dumps(s["Condition"]) for s in passing)


def test_for_a_workgroup_only_what_has_an_id_in_its_arn_is_wider() -> None:
    chosen = CASES["redshift-workgroup-proved"][1]
    policy = permissions.policy([from_notebook("redshift", values("redshift", **chosen))])
    wide = {a for s in policy["Statement"] if s["Resource"] == ["*"] for a in s["Action"]}
    assert wide == {
        "redshift-data:CancelStatement",
        "redshift-data:DescribeStatement",
        "redshift-serverless:ListNamespaces",
        "redshift-serverless:ListWorkgroups",
        "redshift:DescribeClusters",
    }
    of = {action: s for s in policy["Statement"] for action in s["Action"]}
    here = f"arn:aws:redshift-serverless:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}"
    assert of["redshift-serverless:UpdateNamespace"]["Resource"] == [f"{here}:namespace/*"]
    assert of["redshift-serverless:GetCredentials"]["Resource"] == [f"{here}:workgroup/*"]
    assert of["redshift-data:ExecuteStatement"]["Resource"] == [f"{here}:workgroup/*"]
    (passed,) = of["iam:PassRole"]["Condition"]["StringEqualsIfExists"].values()
    assert {each.split(".")[0] for each in passed} == {"redshift", "redshift-serverless"}


def test_without_a_yes_to_its_costs_the_proof_needs_no_permission() -> None:
    policy = permissions.policy([from_notebook("redshift", values("redshift", **WORKGROUP, prove="copy"))])
    actions = {action for s in policy["Statement"] for action in s["Action"]}
    assert not {each for each in actions if each.startswith("redshift-data:") or "Credentials" in each}
