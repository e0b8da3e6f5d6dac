"""A workgroup proven by the Data API: what it costs is agreed to, and it is broken one at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onemata_helpers import permissions, sandbox
from onemata_helpers.checks import Check
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.state import state
from onemata_helpers.wait import Wait

from ..account import replace_roles, second_workgroup
from ..conftest import Run, run, values
from ..test_workgroups import THEIRS, WORKGROUP
from .common import (
    LONG,
    UNSEEN,
    Broken,
    asked,
    check,
    denials,
)
from .redshift import GONE, IN_EITHER, PROVE, ROLE, ROLE_ARN, secret, sent, trust_onematas_role
from .redshift import READING as CLUSTER_READING

NAME = sandbox.SERVERLESS_WORKGROUP
READING = f"workgroup {NAME} reads Onemata's data"
ACCOUNT = sandbox.CLIENT_ACCOUNT
USERS = f"arn:aws:redshift:{sandbox.REGION}:{ACCOUNT}:dbuser:serverless-{ACCOUNT}-{sandbox.SERVERLESS_WORKGROUP_ID}"
AGREED: dict[str, Any] = PROVE | WORKGROUP | {"confirm_proof_costs": True}


def prove(action: str = "apply", wait: Wait = LONG, **changes: Any) -> Run:
    return run("redshift", action, wait, **(AGREED | changes))


def reading(done: Run) -> Check:
    return check(done, READING)


def test_all_is_proven_and_the_plan_shows_what_is_sent_and_what_it_costs(aws: Sandbox) -> None:
    seen: list[dict[str, Any]] = []
    aws.before("BatchExecuteStatement", lambda call: seen.append(asked(call)))
    done = prove()
    assert done.record.outcome == "verified"
    assert denials(done) == ["proven", "proven"]
    assert done.record.plan is not None
    proofs = done.record.plan.proofs
    assert seen == [call.arguments for proof in proofs for call in proof.calls]
    assert {each["WorkgroupName"] for each in seen} == {NAME}
    assert {each["Database"] for each in seen} == {"dev"}
    assert all("at least for a minute" in proof.cost for proof in proofs)
    assert "at least for a minute" in done.shown["plan"]
    assert prove().writes == []


def test_without_a_yes_to_the_costs_nothing_is_sent_and_the_client_is_told_how(aws: Sandbox) -> None:
    done = prove(confirm_proof_costs=False)
    assert done.record.outcome == "applied"
    assert sent(done) == []
    assert done.record.plan is not None
    assert done.record.plan.proofs == ()
    assert f"workgroup {NAME} is not asked for proof" in done.shown["plan"]
    found = reading(done)
    assert found.result == UNSEEN
    assert "confirm_proof_costs: true" in found.evidence
    assert "NOLOAD;" in found.evidence
    assert prove("plan").record.plan_digest != prove("plan", confirm_proof_costs=False).record.plan_digest


def test_clusters_are_proven_all_the_same(aws: Sandbox) -> None:
    done = prove(confirm_proof_costs=False, cluster_identifiers=[sandbox.CLUSTER])
    assert check(done, CLUSTER_READING).result == "proven"
    assert reading(done).result == UNSEEN
    assert done.record.plan is not None
    assert len(done.record.plan.proofs) == 3


def test_each_cluster_and_workgroup_is_proven_on_its_own(aws: Sandbox) -> None:
    """One of them cannot be proven, which takes nothing from the others."""
    state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].namespaces[sandbox.NAMESPACE].database = "sales"
    aws.revoke_assumerole("second")
    names: dict[str, Any] = {"cluster_identifiers": [sandbox.CLUSTER], "workgroup_names": [NAME, second_workgroup(aws)]}
    done = prove(**names)
    assert done.record.outcome == "applied"
    assert [check(done, CLUSTER_READING).result, reading(done).result] == ["proven", "proven"]
    assert check(done, "workgroup second reads Onemata's data").result == UNSEEN
    assert prove(**(names | {"workgroup_names": [NAME]})).record.outcome == "verified"


# --- broken one at a time ---------------------------------------------------------------------------------------------


def only_on_another(box: Sandbox) -> None:
    second_workgroup(box)
    replace_roles(box, [ROLE_ARN], name="second-data")
    replace_roles(box, [THEIRS], THEIRS)


def trusting(*services: str, **condition: Any) -> Any:
    def damage(box: Sandbox) -> None:
        (statement,) = documents.service_trust(*services)["Statement"]
        asking = {"Condition": {"StringEquals": condition}} if condition else {}
        text = json.dumps(documents.document(statement | asking))
        box.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=text)

    return damage


def being_modified(box: Sandbox) -> None:
    state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].workgroups[NAME].status = "MODIFYING"


NO_CREDENTIALS = "Not authorized to get credentials of role"
BOTH = ("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")
BROKEN = IN_EITHER | {
    "attached to another workgroup only": Broken(
        only_on_another, "failed", NO_CREDENTIALS, f"is attached to workgroup {NAME}"
    ),
    "without the second principal": Broken(
        trusting("redshift.amazonaws.com"), "failed", NO_CREDENTIALS, "redshift-serverless.amazonaws.com, too"
    ),
    "with the second principal alone": Broken(
        trusting("redshift-serverless.amazonaws.com"), "failed", NO_CREDENTIALS, "Who acts: the client's admin checks"
    ),
    "trust asks for another database user": Broken(
        trusting(*BOTH, **{"sts:ExternalId": f"{USERS}/somebody"}), "failed", f"User {USERS}/IAM:", "client's admin"
    ),
    "ASSUMEROLE revoked": Broken(
        lambda box: box.revoke_assumerole(NAME), UNSEEN, "does not have ASSUMEROLE",
        f"GRANT ASSUMEROLE ON '{ROLE_ARN}' TO \"IAM:{world.OPERATOR}\" FOR COPY;",
    ),
    "workgroup not available": Broken(
        being_modified, UNSEEN, "MODIFYING", "the engineer corrects what AWS's message names"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    assert prove(prove="none").error is None
    broken.damage(aws)
    done = prove("verify", **broken.changes)
    assert done.record.outcome in ("failed", "applied")
    found = reading(done)
    assert found.result == broken.result
    assert broken.said in found.evidence
    assert broken.who in found.evidence
    assert "proven" not in denials(done)


def test_what_was_just_made_is_given_time(aws: Sandbox) -> None:
    prove(prove="none")
    trusting("redshift.amazonaws.com")(aws)
    aws.propagation_seconds = 600
    told: list[str] = []

    def sleep(_: float) -> None:
        aws.propagation_seconds = 0 if "just made" in told[-1] else aws.propagation_seconds

    done = prove(wait=Wait(tell=told.append, sleep=sleep, seconds=60))
    assert done.record.outcome == "verified"
    assert f"Waiting: workgroup {NAME} cannot use what was just made yet." in told


def test_what_never_propagates_does_not_end_verified(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemata_helpers.services.redshift_proof._SETTLING_SECONDS", 0.1)
    prove(prove="none")
    trusting("redshift.amazonaws.com")(aws)
    aws.propagation_seconds = 600
    done = prove()
    assert done.record.outcome == "failed"
    assert NO_CREDENTIALS in reading(done).evidence


def test_what_is_no_csv_of_one_column_proves_access(aws: Sandbox) -> None:
    done = prove(probe_object=f"{sandbox.PREFIX}2021-02-10/part-0000.csv")
    assert reading(done).result == "proven"
    assert "sys_load_error_detail" in reading(done).evidence


# --- who asks, and how ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_secret", [False, True])
def test_it_runs_with_the_printed_policy_and_no_more(aws: Sandbox, by_secret: bool) -> None:
    changes: dict[str, Any] = secret(aws) if by_secret else {}
    policy = permissions.policy([from_notebook("redshift", values("redshift", **(AGREED | changes)))])
    aws.let_operator(policy)
    state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].namespaces[sandbox.NAMESPACE].admin = "awsuser"
    assert prove(**changes).record.outcome == "verified"
    others: dict[str, Any] = {"database_secret_arn": ""} if by_secret else {"database_secret_arn": GONE}
    refused = reading(prove("verify", **(changes | others)))
    assert refused.result == UNSEEN
    action = "redshift-serverless:GetCredentials" if by_secret else "secretsmanager:GetSecretValue"
    assert f"is not authorized to perform: {action}" in refused.evidence


def test_database_user_is_for_clusters_only(aws: Sandbox) -> None:
    logins: list[Any] = []
    aws.before("BatchExecuteStatement", lambda call: logins.append((call.get("WorkgroupName"), call.get("DbUser"))))
    done = prove(cluster_identifiers=[sandbox.CLUSTER], database_user="awsuser", negative_checks=False)
    assert done.record.outcome == "verified"
    assert logins == [(None, "awsuser"), (NAME, None)]


def test_where_a_batch_is_refused_a_session_proves_it(aws: Sandbox) -> None:
    policy = permissions.policy([from_notebook("redshift", values("redshift", **AGREED))])
    aws.let_operator(policy)
    aws.refuse_copy_in_transactions()
    done = prove()
    assert done.record.outcome == "verified"
    assert sent(done).count("ExecuteStatement") == 6


# --- role chains ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
def test_a_chain_reads_with_either_trust_that_the_hand_over_gives(aws: Sandbox, number: int) -> None:
    asked_for = prove("plan", role_chain=True).record.hand_over
    assert asked_for is not None
    trust_onematas_role(aws, asked_for.for_onemata[number].text)
    assert prove(role_chain=True).record.outcome == "verified"


def test_the_hand_over_names_the_external_id_as_aws_documents_it(aws: Sandbox) -> None:
    known = prove("plan", role_chain=True, cluster_identifiers=[sandbox.CLUSTER]).record.hand_over
    assert known is not None
    wanted = json.loads(known.for_onemata[1].text)["Condition"]["StringLike"]["sts:ExternalId"]
    clusters = f"arn:aws:redshift:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:dbuser:{sandbox.CLUSTER}"
    assert wanted == [f"{users}/{user}" for users in (clusters, USERS) for user in ("IAM:*", "IAMR:*")]
    assert "a workgroup's as AWS documents it" in known.for_onemata[1].title
    assert known.for_client[0].title == "COPY statement for the cluster and the workgroup"


def test_a_chain_whose_trust_asks_for_another_external_id_fails(aws: Sandbox) -> None:
    trusted = {"AWS": f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"}
    condition = {"StringEquals": {"sts:ExternalId": sandbox.EXTERNAL_ID}}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole", "Condition": condition}
    trust_onematas_role(aws, json.dumps(statement))
    prove(prove="none", role_chain=True)
    found = reading(prove("verify", role_chain=True))
    assert found.result == "failed"
    assert "Onemata checks that its role trusts" in found.evidence
    assert f"{USERS}/IAM:{world.OPERATOR}" in found.evidence
