"""As whom Redshift's proof runs, and how it reads through a chain of roles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onemata_helpers import permissions, sandbox
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox

from ..conftest import values
from .common import UNSEEN, check, onemata
from .redshift import PROVE, READING, USERS, prove, prove_later, secret, trust_onematas_role


@pytest.mark.parametrize("identity", [dict, lambda: {"database_user": "awsuser"}, secret])
def test_it_runs_as_whom_the_parameters_say_with_the_printed_policy_and_no_more(aws: Sandbox, identity: Any) -> None:
    changes = identity(aws) if identity is secret else identity()
    policy = permissions.policy([from_notebook("redshift", values("redshift", **(PROVE | changes)))])
    aws.let_operator(policy)
    asked: list[dict[str, Any]] = []
    aws.before("BatchExecuteStatement", lambda call: asked.append(dict(call.params)))
    assert prove(**changes).record.outcome == "verified"
    assert {each.get("DbUser", "") for each in asked} == {changes.get("database_user", "")}
    assert {each.get("SecretArn", "") for each in asked} == {changes.get("database_secret_arn", "")}
    others = {"database_user": "someone"} if identity is dict else {"database_user": "", "database_secret_arn": ""}
    refused = prove("verify", **(changes | others))
    assert check(refused, READING).result == UNSEEN
    assert "is not authorized to perform: redshift:GetClusterCredentials" in check(refused, READING).evidence


def test_a_superuser_is_not_bound_by_a_revoked_assumerole(aws: Sandbox) -> None:
    aws.revoke_assumerole(sandbox.CLUSTER)
    assert prove(database_user="awsuser").record.outcome == "verified"


@pytest.mark.parametrize("user", ["", "awsuser"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_chain_reads_with_either_trust_that_the_hand_over_gives(aws: Sandbox, number: int, user: str) -> None:
    asked = prove("plan", role_chain=True, database_user=user)
    assert asked.record.hand_over is not None
    trust_onematas_role(aws, asked.record.hand_over.for_onemata[number].text)
    assert prove(role_chain=True, database_user=user).record.outcome == "verified"


def test_the_hand_over_names_the_external_id_that_redshift_sends(aws: Sandbox) -> None:
    known = prove("plan", role_chain=True, database_user="loader").record.hand_over
    assert known is not None
    assert f"{USERS}/loader" in known.for_onemata[1].text
    by_identity = prove("plan", role_chain=True).record.hand_over
    assert by_identity is not None
    asked = json.loads(by_identity.for_onemata[1].text)["Condition"]["StringLike"]["sts:ExternalId"]
    assert asked == [f"{USERS}/IAM:*", f"{USERS}/IAMR:*"]


@pytest.mark.parametrize("external_id", [sandbox.EXTERNAL_ID, f"{USERS}/somebody"])
def test_a_chain_whose_trust_asks_for_another_external_id_fails(aws: Sandbox, external_id: str) -> None:
    trusted = {"AWS": f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"}
    condition = {"StringEquals": {"sts:ExternalId": external_id}}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole", "Condition": condition}
    trust_onematas_role(aws, json.dumps(statement))
    found = check(prove_later(role_chain=True), READING)
    assert found.result == "failed"
    assert "Onemata checks that its role trusts" in found.evidence
    assert f"{USERS}/IAM:{world.OPERATOR}" in found.evidence


def test_in_a_chain_it_is_onematas_side_that_s3_refuses(aws: Sandbox) -> None:
    trust_onematas_role(aws, json.dumps(documents.account_trust(sandbox.CLIENT_ACCOUNT)["Statement"][0]))
    onemata(aws, "iam").delete_role_policy(RoleName=world.ONEMATA_ROLE, PolicyName="read-delivery")
    done = prove_later(role_chain=True)
    assert check(done, READING).result == "failed"
    assert "Who acts: Onemata" in check(done, READING).evidence
    assert "SimulatePrincipalPolicy" not in [each.operation for each in done.record.calls]
