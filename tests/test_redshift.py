"""Redshift: the cluster keeps what it has, and a launch needs its own yes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.display import plan_for_terminal
from onemata_helpers.errors import PlanBlocked
from onemata_helpers.sandbox.server import Sandbox

from .account import (
    in_place,
)
from .conftest import run


def test_a_role_that_another_cluster_uses_is_not_removed(aws: Sandbox) -> None:
    run("redshift")
    aws.client("redshift").create_cluster(
        ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
        ManageMasterPassword=True, IamRoles=[f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"],
    )  # fmt: skip
    removed = run("redshift", "remove")
    assert removed.record.outcome == "removed"
    assert "role onemata-redshift" in removed.record.reason
    assert "also on second" in removed.shown["plan"]
    assert removed.writes == ["ModifyClusterIamRoles", "UntagRole"]

    assert run("redshift", "remove", cluster_identifiers=["second"]).writes[-1] == "DeleteRole"


@pytest.mark.parametrize("access", ["managed", "scoped"])
def test_a_kms_key_is_opened_with_either_kind_of_access(aws: Sandbox, access: str) -> None:
    key = "arn:aws:kms:eu-west-1:987654321098:key/0a1b"
    done = run("redshift", kms_key_arn=key, s3_access=access)
    in_place(done)
    text = json.dumps([c.model_dump(mode="json") for c in done.record.changes_done])
    assert "kms:Decrypt" in text
    assert "s3.eu-west-1.amazonaws.com" in text
    assert done.record.hand_over is not None
    assert "Key policy" in done.record.hand_over.for_onemata[1].title
    assert run("redshift", "remove", kms_key_arn=key, s3_access=access).record.outcome == "removed"


def test_a_busy_cluster_is_waited_for(aws: Sandbox) -> None:
    aws.busy_cluster(2)
    in_place(run("redshift"))


def test_the_clusters_default_role_and_other_roles_stay(aws: Sandbox) -> None:
    redshift = aws.client("redshift")

    def cluster() -> dict[str, Any]:
        found: dict[str, Any] = redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)["Clusters"][0]
        return found

    before = cluster()
    run("redshift")
    assert cluster()["DefaultIamRoleArn"] == before["DefaultIamRoleArn"]
    assert {each["IamRoleArn"] for each in before["IamRoles"]} < {each["IamRoleArn"] for each in cluster()["IamRoles"]}
    run("redshift", "remove")
    assert cluster()["IamRoles"] == before["IamRoles"]


def test_an_unknown_cluster_blocks(aws: Sandbox) -> None:
    blocked = run("redshift", cluster_identifiers=["nowhere"])
    assert isinstance(blocked.error, PlanBlocked)
    assert "cluster_identifier" in str(blocked.error)


def test_a_launch_needs_its_own_yes(aws: Sandbox) -> None:
    asked: dict[str, Any] = {"cluster_identifiers": ["fresh"], "launch": True}
    blocked = run("redshift", **asked)
    assert isinstance(blocked.error, PlanBlocked)
    assert "confirm_launch_costs" in str(blocked.error)

    launched = run("redshift", **asked, confirm_launch_costs=True, launch_nodes=2)
    in_place(launched)
    cluster = aws.client("redshift").describe_clusters(ClusterIdentifier="fresh")["Clusters"][0]
    assert [each["ApplyStatus"] for each in cluster["IamRoles"]] == ["in-sync"]
    assert cluster["Encrypted"] is True
    assert cluster["PubliclyAccessible"] is False
    assert cluster["MasterPasswordSecretArn"]
    assert "MasterUserPassword" not in json.dumps(launched.record.model_dump(mode="json"))
    assert run("redshift", **asked, confirm_launch_costs=True, launch_nodes=2).writes == []


def test_a_role_chain_reads_as_onematas_role(aws: Sandbox) -> None:
    chained = run("redshift", role_chain=True)
    in_place(chained)
    ours = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
    assert f"IAM_ROLE '{ours},{sandbox.ONEMATA_ROLE_ARN}'" in chained.shown["hand_over"]
    assert "external ID" in chained.shown["plan"]
    assert run("redshift", role_chain=False).writes == ["DeleteRolePolicy"]


def test_a_role_chain_waits_for_onematas_role(aws: Sandbox) -> None:
    assert run("redshift", role_chain=True, onemata_role_arn="").record.outcome == "waiting"


def test_calls_that_come_in_place_of_another_are_one_choice(aws: Sandbox) -> None:
    plan = run("redshift", "plan", prove="copy").record.plan
    assert plan is not None
    shown = plan_for_terminal("example/redshift", plan)
    call = "redshift-data:execute_statement"
    assert f"or, if AWS refuses that, call {call}, then {call}\n" in shown
    assert shown.count("or, if AWS refuses that") == len(plan.proofs)
