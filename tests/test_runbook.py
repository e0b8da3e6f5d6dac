"""Plan, apply, verify and remove, each through HTTP to the sandbox, and nothing of the client's is harmed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from onemata_helpers import Runbook, policies, sandbox
from onemata_helpers.errors import PlanBlocked, PlanChanged, RunFailed
from onemata_helpers.location import Location
from onemata_helpers.resources.delivery import Delivery
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from .account import (
    LAMBDA,
    detach,
    empty_profile,
    in_place,
    make_foreign_role,
    off_cluster,
    off_instance,
    other_inline,
    retrust,
    role_of,
    untag,
)
from .conftest import ROLES, SERVICES, between_tries_no_time_passes, run, values

PLACE = Location(sandbox.BUCKET, sandbox.PREFIX)
EC2_DELIVERY = Delivery("ec2", PLACE, sandbox.ONEMATA_ROLE_ARN)
ON_EC2_ROLE = f"inline policy {EC2_DELIVERY.policy_name('assume-role')} on role onemata-ec2"
ON_CLUSTER = f"role onemata-redshift on cluster {sandbox.CLUSTER}"

WRITES = {
    "redshift": ["CreateRole", "AttachRolePolicy", "ModifyClusterIamRoles"],
    "glue": ["CreateRole", "AttachRolePolicy", "AttachRolePolicy"],
    "ec2": [
        "CreateRole",
        "PutRolePolicy",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
        "AssociateIamInstanceProfile",
    ],
}


@pytest.mark.parametrize("service", SERVICES)
def test_plan_changes_nothing(aws: Sandbox, service: str) -> None:
    result = run(service, "plan")
    assert result.record.outcome == "planned"
    assert result.writes == []
    with pytest.raises(aws.client("iam").exceptions.NoSuchEntityException):
        role_of(aws, ROLES[service])


@pytest.mark.parametrize("service", SERVICES)
def test_apply_does_the_plan_and_a_second_apply_does_nothing(aws: Sandbox, service: str) -> None:
    first = run(service)
    in_place(first)
    assert first.writes == WRITES[service]
    assert first.record.plan is not None
    planned = [str(call).split(":")[1].replace("_", "") for c in first.record.plan.changes for call in c.calls]
    assert planned == [write.lower() for write in first.writes]

    second = run(service)
    in_place(second)
    assert second.writes == []
    assert second.kinds == {}
    assert re.search(r": \d+ unchanged\n", second.shown["plan"])


@pytest.mark.parametrize("service", SERVICES)
def test_remove_takes_away_all_that_apply_made(aws: Sandbox, service: str) -> None:
    before = run(service, "plan").record.plan_digest
    run(service)
    removed = run(service, "remove")
    assert removed.record.outcome == "removed"
    assert len(removed.record.changes_done) > 0
    assert run(service, "plan").record.plan_digest == before
    assert run(service, "remove").writes == []


@pytest.mark.parametrize(
    ("service", "damage", "resource", "kind", "write"),
    [
        ("glue", detach, "policy AWSGlueServiceRole on role AWSGlueServiceRoleOnemata", "attach", "AttachRolePolicy"),
        ("redshift", retrust("onemata-redshift"), "role onemata-redshift", "update", "UpdateAssumeRolePolicy"),
        ("redshift", off_cluster, ON_CLUSTER, "attach", "ModifyClusterIamRoles"),
        ("redshift", untag, "role onemata-redshift", "add", "TagRole"),
        ("ec2", retrust("onemata-ec2"), "role onemata-ec2", "update", "UpdateAssumeRolePolicy"),
        ("ec2", empty_profile, "instance profile onemata-ec2", "add", "AddRoleToInstanceProfile"),
        (
            "ec2",
            other_inline,
            ON_EC2_ROLE,
            "update",
            "PutRolePolicy",
        ),
        (
            "ec2",
            off_instance,
            f"instance profile of {sandbox.INSTANCE_ID}",
            "attach",
            "AssociateIamInstanceProfile",
        ),
    ],
)
def test_what_was_damaged_is_planned_and_mended_and_only_that(
    aws: Sandbox, service: str, damage: Callable[[Sandbox], None], resource: str, kind: str, write: str
) -> None:
    tags = {"team": "data"}
    run(service, tags=tags)
    damage(aws)
    failed = run(service, "verify", tags=tags)
    assert failed.record.outcome == "failed"
    assert isinstance(failed.error, RunFailed)
    assert [check.name for check in failed.record.checks if check.result == "failed"] == [resource]

    assert run(service, "plan", tags=tags).kinds == {resource: kind}
    mended = run(service, tags=tags)
    in_place(mended)
    assert mended.writes == [write]


def test_a_policy_change_shows_only_the_statement_that_differs(aws: Sandbox) -> None:
    run("redshift")
    retrust("onemata-redshift")(aws)
    plan = run("redshift", "plan").record.plan
    assert plan is not None
    (field,) = plan.changes[0].fields
    assert field.before == LAMBDA["Statement"]
    assert field.after == policies.service_trust("redshift", "aws")["Statement"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_foreign_role_blocks_the_plan_and_is_not_touched(aws: Sandbox, service: str) -> None:
    make_foreign_role(aws, ROLES[service])
    before = role_of(aws, ROLES[service])
    for action in ("plan", "apply", "remove"):
        result = run(service, action)
        if action != "remove":
            assert result.record.outcome == "blocked"
            assert "adopt_existing" in str(result.error)
        assert result.writes == []
    assert role_of(aws, ROLES[service]) == before


def test_apply_of_a_blocked_plan_raises_before_any_write(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    result = run("redshift")
    assert isinstance(result.error, PlanBlocked)
    assert "nothing was done" in str(result.error).lower()


def test_adopting_adds_what_is_missing_and_removes_nothing(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    adopted = run("redshift", adopt_existing=True, tags={"team": "data"})
    in_place(adopted)
    role = role_of(aws, "onemata-redshift")
    assert policies.difference(LAMBDA, role["AssumeRolePolicyDocument"])[0] == []
    assert role.get("Tags", []) == []  # tags are for what is made
    attached = aws.client("iam").list_attached_role_policies(RoleName="onemata-redshift")["AttachedPolicies"]
    assert {each["PolicyName"] for each in attached} == {"ReadOnlyAccess", "AmazonS3ReadOnlyAccess"}
    assert run("redshift", adopt_existing=True, tags={"team": "data"}).writes == []

    assert run("redshift", "remove", adopt_existing=True).writes == []
    assert role_of(aws, "onemata-redshift")["Arn"] == role["Arn"]


def test_a_role_at_another_path_cannot_be_mended(aws: Sandbox) -> None:
    run("glue")
    blocked = run("glue", role_path="/service-role/")
    assert isinstance(blocked.error, PlanBlocked)
    assert "path" in str(blocked.error)


def test_names_path_tags_and_boundary_are_as_asked(aws: Sandbox) -> None:
    iam = aws.client("iam")
    document = json.dumps(policies.document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    asked = {"permissions_boundary_arn": boundary, "role_path": "/data/", "tags": {"team": "data"}}
    in_place(run("ec2", **asked))
    role = role_of(aws, "onemata-ec2")
    assert role["Arn"] == f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/data/onemata-ec2"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    delivery = EC2_DELIVERY.registration.on([sandbox.INSTANCE_ID]).tag
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"team": "data", "onemata:runbook": "ec2"} | delivery

    iam.delete_role_permissions_boundary(RoleName="onemata-ec2")
    assert run("ec2", **asked).writes == ["PutRolePermissionsBoundary"]


def test_the_clients_policies_on_our_role_stay_and_stop_its_removal(aws: Sandbox) -> None:
    run("redshift")
    theirs = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    aws.client("iam").attach_role_policy(RoleName="onemata-redshift", PolicyArn=theirs)
    assert run("redshift").writes == []
    blocked = run("redshift", "remove")
    assert isinstance(blocked.error, PlanBlocked)
    assert "ReadOnlyAccess" in str(blocked.error)
    assert blocked.writes == []


@pytest.mark.parametrize(
    ("service", "forth", "back"),
    [
        ("redshift", ["PutRolePolicy", "DetachRolePolicy"], ["AttachRolePolicy", "DeleteRolePolicy"]),
        ("glue", ["PutRolePolicy", "DetachRolePolicy"], ["AttachRolePolicy", "DeleteRolePolicy"]),
        ("ec2", ["PutRolePolicy"], ["DeleteRolePolicy"]),
    ],
)
def test_s3_access_can_be_narrowed_and_widened_again(
    aws: Sandbox, service: str, forth: list[str], back: list[str]
) -> None:
    run(service)
    scoped = run(service, s3_access="scoped")
    in_place(scoped)
    assert scoped.writes == forth
    assert "`managed` would mean" in scoped.shown["plan"]
    names = aws.client("iam").list_role_policies(RoleName=ROLES[service])["PolicyNames"]
    (name,) = (each for each in names if each.startswith("onemata-s3-read-"))
    document = aws.client("iam").get_role_policy(RoleName=ROLES[service], PolicyName=name)
    assert f"arn:aws:s3:::{sandbox.BUCKET}/example-client/*" in json.dumps(document["PolicyDocument"])
    assert run(service, s3_access="managed").writes == back


def test_only_the_approved_plan_is_applied(aws: Sandbox) -> None:
    approved = run("redshift", "plan").record.plan_digest
    make_foreign_role(aws, "elsewhere")
    in_place(run("redshift", approved_plan=approved))

    run("redshift", "remove")
    make_foreign_role(aws, "onemata-redshift", policies.service_trust("redshift", "aws"))
    refused = run("redshift", approved_plan=approved, adopt_existing=True)
    assert isinstance(refused.error, PlanChanged)
    assert approved in str(refused.error)
    assert refused.record.outcome == "blocked"
    assert refused.writes == []


def test_a_failure_midway_is_on_record_and_the_next_run_finishes(aws: Sandbox) -> None:
    redshift = aws.client("redshift")
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role"
    for number in range(49):
        make_foreign_role(aws, f"filler-{number}", policies.service_trust("redshift", "aws"))
    redshift.modify_cluster_iam_roles(
        ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[f"{arn}/filler-{number}" for number in range(49)]
    )
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)
    failed = run("redshift")
    assert failed.record.outcome == "failed"
    assert [done.status for done in failed.record.changes_done] == ["done", "done", "failed"]
    assert "quota" in failed.record.reason.lower()
    assert failed.record.finished is not None

    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, RemoveIamRoles=[f"{arn}/filler-0"])
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)
    finished = run("redshift")
    in_place(finished)
    assert finished.writes == ["ModifyClusterIamRoles"]


@pytest.mark.parametrize("times", [1, 10])
def test_throttling_is_ridden_out_and_counted(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """With a thousand accounts, botocore's usual four retries were too few."""
    between_tries_no_time_passes(monkeypatch)
    aws.throttle("CreateRole", times)
    aws.throttle("GetRole", times)
    result = run("glue")
    in_place(result)
    (created,) = [call for call in result.record.calls if call.operation == "CreateRole"]
    assert created.attempts == times + 1


@pytest.mark.parametrize("service", SERVICES)
def test_new_roles_and_profiles_are_waited_for(aws: Sandbox, service: str) -> None:
    aws.propagation_seconds = 600
    said: list[str] = []

    def sleep(_: float) -> None:
        aws.propagation_seconds = 0 if "does not yet see the new" in said[-1] else aws.propagation_seconds

    in_place(run(service, wait=Wait(tell=said.append, sleep=sleep, seconds=60)))
    if service != "glue":  # nothing in its runbook uses the new role
        assert any("does not yet see the new" in each for each in said)


def test_what_does_not_become_usable_in_time_is_no_success(aws: Sandbox) -> None:
    aws.propagation_seconds = 60
    failed = run("redshift", wait=Wait(tell=lambda _: None, seconds=1))
    assert failed.record.outcome == "failed"
    assert failed.record.changes_done[-1].status == "failed"
    aws.propagation_seconds = 0
    assert run("redshift").writes == ["ModifyClusterIamRoles"]


def test_without_a_verification_nothing_is_called_verified_or_removed(aws: Sandbox) -> None:
    for action in ("verify", "remove"):
        book = Runbook("glue", values("glue", action=action))
        book.connect()
        book.plan()
        with pytest.raises(RunFailed, match="Nothing was verified"):
            book.finish()


def test_a_tag_that_differs_only_in_case_is_the_clients(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    aws.client("iam").tag_role(RoleName="onemata-redshift", Tags=[{"Key": "Team", "Value": "billing"}])
    assert "TagRole" not in run("redshift", adopt_existing=True, tags={"team": "data"}).writes


def test_nobody_is_asked_to_approve_a_plan_without_changes(aws: Sandbox) -> None:
    before = run("glue", "plan").shown["finish"]
    assert "to approve the plan" in before
    assert run("glue").error is None
    after = run("glue", "plan").shown["finish"]
    assert "nobody's: there is nothing to do." in after
    assert "approve" not in after
