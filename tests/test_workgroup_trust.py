"""Whom our role trusts for workgroups, and who else has it: no run takes away what another one needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onemata_helpers import policies, sandbox
from onemata_helpers.sandbox.server import Sandbox

from .account import in_place, make_foreign_role, namespace, replace_roles, role_of, second_workgroup
from .conftest import run
from .test_workgroups import BOTH, OURS, WORKGROUP, trusted, workgroup

SECOND: dict[str, Any] = {"bucket": sandbox.OTHER_BUCKET, "prefix": ""}


def test_clusters_alone_need_no_second_principal(aws: Sandbox) -> None:
    run("redshift")
    assert trusted(aws) == {"redshift.amazonaws.com"}
    workgroup()
    assert trusted(aws) == BOTH


@pytest.mark.parametrize("same_delivery", [True, False])
@pytest.mark.parametrize("first_to_leave", ["cluster", "workgroup"])
def test_neither_run_takes_away_the_trust_that_the_other_needs(
    aws: Sandbox, first_to_leave: str, same_delivery: bool
) -> None:
    runs: dict[str, dict[str, Any]] = {
        "cluster": {},
        "workgroup": WORKGROUP | ({} if same_delivery else SECOND),
    }
    for changes in runs.values():
        in_place(run("redshift", **changes))
    for changes in (*runs.values(), runs["cluster"]):
        assert run("redshift", **changes).writes == []
    assert trusted(aws) == BOTH

    left = runs.pop(first_to_leave)
    assert run("redshift", "remove", **left).record.outcome == "removed"
    (stays,) = runs.values()
    assert trusted(aws) == ({"redshift.amazonaws.com"} if first_to_leave == "workgroup" else BOTH)
    in_place(run("redshift", "verify", **stays))
    assert run("redshift", **stays).writes == []
    assert run("redshift", "remove", **left).writes == []
    assert run("redshift", "remove", **stays).writes[-1] == "DeleteRole"


def test_whoever_repairs_the_trust_repairs_it_for_all(aws: Sandbox) -> None:
    run("redshift")
    workgroup()
    document = json.dumps(policies.service_trust("lambda", "aws"))
    aws.client("iam").update_assume_role_policy(RoleName="onemata-redshift", PolicyDocument=document)
    assert run("redshift").writes == ["UpdateAssumeRolePolicy"]
    assert trusted(aws) == BOTH


def test_what_another_delivery_lacks_is_not_held_against_this_one(aws: Sandbox) -> None:
    run("redshift")
    workgroup()
    document = json.dumps(policies.service_trust("redshift", "aws"))
    aws.client("iam").update_assume_role_policy(RoleName="onemata-redshift", PolicyDocument=document)
    in_place(run("redshift", "verify"))
    assert workgroup("verify").record.outcome == "failed"
    assert workgroup().writes == ["UpdateAssumeRolePolicy"]


def trust_of(*services: str, **more: Any) -> policies.Document:
    return policies.document(
        {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"} | more
    )


@pytest.mark.parametrize(
    ("trust", "added"),
    [
        (trust_of(*BOTH), []),
        (trust_of("redshift.us-east-1.amazonaws.com", "redshift-serverless.amazonaws.com"), []),
        (trust_of("redshift.amazonaws.com"), ["redshift-serverless.amazonaws.com"]),
        (trust_of("redshift.eu-west-1.amazonaws.com", "redshift-serverless.amazonaws.com"), ["redshift.amazonaws.com"]),
        (trust_of(*BOTH, Condition={"StringEquals": {"sts:ExternalId": "x"}}), sorted(BOTH)),
        (trust_of(*BOTH, "ec2.amazonaws.com", Action=["sts:AssumeRole", "sts:TagSession"]), []),
    ],
)
def test_an_adopted_role_gets_the_services_that_it_does_not_trust_yet(
    aws: Sandbox, trust: policies.Document, added: list[str]
) -> None:
    make_foreign_role(aws, "onemata-redshift", trust)
    done = workgroup(adopt_existing=True)
    in_place(done)
    after = role_of(aws, "onemata-redshift")["AssumeRolePolicyDocument"]
    gone, new = policies.difference(trust, after)
    assert gone == []
    assert sorted(each["Principal"]["Service"] for each in new) == added
    assert workgroup(adopt_existing=True).writes == []


def test_a_role_that_another_workgroup_has_is_not_removed(aws: Sandbox) -> None:
    workgroup()
    second_workgroup(aws)
    replace_roles(aws, [OURS], name="second-data")
    removed = workgroup("remove")
    assert removed.record.outcome == "removed"
    assert "also on workgroup second" in removed.shown["plan"]
    assert trusted(aws) == BOTH
    assert namespace(aws, "second-data") == ([OURS], "")
    assert workgroup("remove", workgroup_names=["second"]).writes[-1] == "DeleteRole"


def test_a_role_that_a_cluster_has_is_not_removed_with_the_workgroup(aws: Sandbox) -> None:
    workgroup()
    redshift = aws.client("redshift")
    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[OURS])
    removed = workgroup("remove")
    assert f"also on {sandbox.CLUSTER}" in removed.shown["plan"]
    assert "DeleteRole" not in removed.writes


def test_a_cluster_and_a_workgroup_of_one_name_are_two(aws: Sandbox) -> None:
    second_workgroup(aws)
    aws.client("redshift").create_cluster(
        ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
        ManageMasterPassword=True,
    )  # fmt: skip
    in_place(run("redshift", cluster_identifiers=["second"]))
    in_place(workgroup(workgroup_names=["second"]))
    assert run("redshift", "remove", cluster_identifiers=["second"]).record.outcome == "removed"
    in_place(workgroup("verify", workgroup_names=["second"]))


def test_many_workgroups_are_not_forgotten_by_a_run_that_names_none(aws: Sandbox) -> None:
    """A registration holds 19 names; then it says `many`, and who does not look for workgroups cannot know better."""
    run("redshift")
    workgroup()
    iam = aws.client("iam")
    (key,) = [tag["Key"] for tag in role_of(aws, "onemata-redshift")["Tags"] if ":redshift:" in tag["Key"]]
    many = [{"Key": key, "Value": "onemata-example-data/example-client @many @wmany"}]
    iam.tag_role(RoleName="onemata-redshift", Tags=many)
    assert run("redshift", "remove").record.outcome == "removed"
    in_place(workgroup("verify"))
    assert trusted(aws) == BOTH
    assert workgroup("remove").writes[-1] == "DeleteRole"
