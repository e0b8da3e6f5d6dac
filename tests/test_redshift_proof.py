"""Redshift proven by its Data API: broken one at a time, through the whole runbook."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.redshift.models import redshift_backends

from onemata_helpers import permissions, sandbox
from onemata_helpers.checks import Check
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.aws import own_services, redshift_data
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.wait import Wait

from .account import off_cluster, retrust
from .conftest import Run, between_tries_no_time_passes, run, values

ROLE = "onemata-redshift"
ROLE_ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLE}"
USERS = f"arn:aws:redshift:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:dbuser:{sandbox.CLUSTER}"
PROBE = f"{sandbox.PREFIX}{sandbox.PROBE_KEY}"
READING = f"cluster {sandbox.CLUSTER} reads Onemata's data"
PROVE: dict[str, Any] = {
    "prove": "copy",
    "denied_prefix": sandbox.OTHER_PREFIX,
    "denied_bucket": sandbox.OTHER_BUCKET,
}
LONG = Wait(tell=lambda _: None, sleep=lambda _: None, seconds=60)


def prove(action: str = "apply", wait: Wait = LONG, **changes: Any) -> Run:
    return run("redshift", action, wait, **(PROVE | changes))


def prove_later(**changes: Any) -> Run:
    """Prove it in a run that changes nothing, so that nothing is waited for that may still come."""
    run("redshift", **(PROVE | changes | {"prove": "none"}))
    return prove("verify", **changes)


def check(done: Run, name: str = READING) -> Check:
    (found,) = [each for each in done.record.checks if each.name == name]
    return found


def denials(done: Run) -> list[str]:
    return [each.result for each in done.record.checks if " is refused " in each.name]


def sent(done: Run) -> list[str]:
    return [each.operation for each in done.record.calls if each.service == "redshift-data"]


def asked(call: IncomingCall) -> dict[str, Any]:
    """What a call asks, without what nobody can know before: its random token, and the session that AWS named."""
    return {key: value for key, value in call.params.items() if key not in ("ClientToken", "SessionId")}


def onemata(box: Sandbox, service: str) -> Any:
    return box.client(service, account=sandbox.ONEMATA_ACCOUNT)


def test_all_is_proven_and_the_plan_shows_what_is_sent(aws: Sandbox) -> None:
    done = prove()
    assert done.error is None
    assert done.record.outcome == "verified"
    assert denials(done) == ["proven", "proven"]
    assert "Status 403" in check(done, f"cluster {sandbox.CLUSTER} is refused another bucket").evidence
    assert done.record.plan is not None
    calls = [call for proof in done.record.plan.proofs for call in proof.calls]
    assert [str(call) for call in calls] == ["redshift-data:batch_execute_statement"] * 3
    create, copy = calls[0].arguments["Sqls"]
    assert create == "CREATE TEMP TABLE onemata_probe (line VARCHAR(65535));"
    assert copy == (
        f"COPY onemata_probe FROM 's3://{sandbox.BUCKET}/{PROBE}' IAM_ROLE '{ROLE_ARN}' FORMAT AS CSV NOLOAD;"
    )
    assert sent(done).count("BatchExecuteStatement") == 3
    assert set(sent(done)) == {"BatchExecuteStatement", "DescribeStatement"}


def test_what_is_sent_is_what_the_plan_showed(aws: Sandbox) -> None:
    seen: list[dict[str, Any]] = []
    aws.before("BatchExecuteStatement", lambda call: seen.append(asked(call)))
    plan = prove().record.plan
    assert plan is not None
    assert seen == [call.arguments for proof in plan.proofs for call in proof.calls]


def test_the_proof_counts_as_reading_and_is_under_the_digest(aws: Sandbox) -> None:
    prove()
    again = prove()
    assert again.writes == []
    assert again.record.outcome == "verified"
    others: list[dict[str, Any]] = [{}, {"prove": "none"}, {"database": "other"}]
    digests = {prove("plan", **each).record.plan_digest for each in others}
    assert len(digests) == 3


def test_with_none_nothing_is_sent_and_the_client_is_told_how(aws: Sandbox) -> None:
    done = prove(prove="none")
    assert done.record.outcome == "applied"
    assert sent(done) == []
    assert done.record.plan is not None
    assert done.record.plan.proofs == ()
    assert check(done).result == "not provable from here"
    assert "CREATE TEMP TABLE" in check(done).evidence
    assert "NOLOAD;" in check(done).evidence


def test_each_of_several_clusters_is_proven_on_its_own(aws: Sandbox) -> None:
    aws.client("redshift").create_cluster(
        ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
        ManageMasterPassword=True, DBName="sales",
    )  # fmt: skip
    aws.client("redshift").describe_clusters(ClusterIdentifier="second")
    aws.revoke_assumerole("second")
    done = prove(cluster_identifiers=[sandbox.CLUSTER, "second"])
    assert done.record.outcome == "applied"
    assert check(done).result == "proven"
    assert check(done, "cluster second reads Onemata's data").result == "not provable from here"


def test_a_cluster_that_the_plan_launches_is_proven_too(aws: Sandbox) -> None:
    launch: dict[str, Any] = {
        "cluster_identifiers": ["fresh"],
        "launch": True,
        "confirm_launch_costs": True,
        "launch_database": "first",
    }
    done = prove(**launch)
    assert done.record.outcome == "verified"
    assert done.record.plan is not None
    assert {proof.calls[0].arguments["Database"] for proof in done.record.plan.proofs} == {"first"}
    assert prove("plan", **launch).record.plan_digest


# --- broken one at a time ---------------------------------------------------------------------------------------------


def attached_elsewhere(box: Sandbox) -> None:
    off_cluster(box)
    box.client("redshift").create_cluster(
        ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
        ManageMasterPassword=True, IamRoles=[ROLE_ARN],
    )  # fmt: skip


def trust_of(**condition: Any) -> Callable[[Sandbox], None]:
    def damage(box: Sandbox) -> None:
        (statement,) = documents.service_trust("redshift.amazonaws.com")["Statement"]
        text = json.dumps(documents.document(statement | {"Condition": condition}))
        box.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=text)

    return damage


def without_bucket_policy(box: Sandbox) -> None:
    onemata(box, "s3").delete_bucket_policy(Bucket=sandbox.BUCKET)


def bucket_policy_for_another(box: Sandbox) -> None:
    text = json.dumps(documents.bucket_policy()).replace(f"role/{ROLE}", "role/other")
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=text)


def without_s3_policy(box: Sandbox) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    box.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=arn)


def encrypted(box: Sandbox, *readers: str) -> str:
    """The probe object is encrypted with a key of Onemata's that these roles may use. The key's ARN."""
    principals = {"AWS": [f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root", *readers]}
    policy = documents.document({"Effect": "Allow", "Principal": principals, "Action": "kms:*", "Resource": "*"})
    arn: str = onemata(box, "kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    onemata(box, "s3").put_object(
        Bucket=sandbox.BUCKET, Key=PROBE, Body=b"onemata\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )
    return arn


def emptied(box: Sandbox) -> None:
    s3 = onemata(box, "s3")
    for each in s3.list_objects_v2(Bucket=sandbox.BUCKET, Prefix=sandbox.PREFIX)["Contents"]:
        s3.delete_object(Bucket=sandbox.BUCKET, Key=each["Key"])


def without_probe(box: Sandbox) -> None:
    onemata(box, "s3").delete_object(Bucket=sandbox.BUCKET, Key=PROBE)


def paused(box: Sandbox) -> None:
    redshift_backends[sandbox.CLIENT_ACCOUNT][sandbox.REGION].clusters[sandbox.CLUSTER].status = "paused"


def opened_to_all_prefixes(box: Sandbox) -> None:
    """Onemata's bucket policy forgets the prefix."""
    policy = documents.bucket_policy()
    for statement in policy["Statement"]:
        statement["Condition"].pop("StringLike", None)
        statement["Resource"] = statement["Resource"].replace(f"/{sandbox.PREFIX}*", "/*")
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=json.dumps(policy))


def nothing(box: Sandbox) -> None:
    """What is wrong is in the parameters."""


@dataclass(frozen=True)
class Broken:
    """What is broken, what comes of the check that it reads, and what of AWS's words and of who acts must be there."""

    damage: Callable[[Sandbox], object]
    result: str
    said: str
    who: str
    changes: dict[str, Any] = field(default_factory=dict)


BROKEN: dict[str, Broken] = {
    "attached to another cluster only": Broken(
        attached_elsewhere, "failed", "is not authorized to assume IAM Role", "Who acts: the client's admin checks"
    ),
    "trust lacks the service": Broken(
        retrust(ROLE), "failed", "Not authorized to get credentials of role", "Who acts: the client's admin checks"
    ),
    "trust asks for another database user": Broken(
        trust_of(StringEquals={"sts:ExternalId": f"{USERS}/somebody"}), "failed", f"User {USERS}/IAM:", "client's admin"
    ),
    "ASSUMEROLE revoked": Broken(
        lambda box: box.revoke_assumerole(sandbox.CLUSTER), "not provable from here", "does not have ASSUMEROLE",
        f"GRANT ASSUMEROLE ON '{ROLE_ARN}' TO \"IAM:{world.OPERATOR}\" FOR COPY;",
    ),
    "no bucket policy": Broken(
        without_bucket_policy, "failed", "Access Denied,Status 403", "Who acts: Onemata looks at its bucket policy"
    ),
    "bucket policy for another role": Broken(
        bucket_policy_for_another, "failed", "Access Denied,Status 403", "Who acts: Onemata looks at its bucket policy"
    ),
    "role without its S3 policy": Broken(
        without_s3_policy, "failed", "Access Denied,Status 403", "do not allow s3:ListBucket and s3:GetObject"
    ),
    "KMS key closed to the role": Broken(
        encrypted, "failed", "Status 403", "names it for kms_key_arn"
    ),
    "prefix empty": Broken(
        emptied, "not provable from here", "does not exist", "Who acts: Onemata puts the probe object there"
    ),
    "probe object missing": Broken(
        without_probe, "not provable from here", "does not exist", "Who acts: Onemata puts the probe object there"
    ),
    "wrong region": Broken(
        nothing, "failed", "must be addressed using the specified endpoint", "the engineer sets bucket_region",
        {"bucket_region": "eu-west-1"},
    ),
    "cluster paused": Broken(
        paused, "not provable from here", "paused", "the engineer corrects what AWS's message names, or asks the client"
    ),
    "no such database": Broken(
        nothing, "not provable from here", 'database "nowhere" does not exist', "the engineer corrects database",
        {"database": "nowhere"},
    ),
    "no such database user": Broken(
        nothing, "not provable from here", "password authentication failed", "Who acts: the engineer corrects database",
        {"database_user": "nobody"},
    ),
    "no such secret": Broken(
        nothing, "not provable from here", "can't find the specified secret", "Who acts: the engineer corrects",
        {"database_secret_arn": f"arn:aws:secretsmanager:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:secret:gone-Ab1Cd2"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    assert prove(prove="none").error is None
    broken.damage(aws)
    done = prove("verify", **broken.changes)
    assert done.record.outcome in ("failed", "applied")
    found = check(done)
    assert found.result == broken.result
    assert broken.said in found.evidence
    assert broken.who in found.evidence
    assert "proven" not in denials(done)


def test_a_key_of_onematas_that_is_open_to_the_role_is_no_obstacle(aws: Sandbox) -> None:
    arn = encrypted(aws, f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root")
    assert check(prove_later()).result == "failed"
    assert prove(kms_key_arn=arn).record.outcome == "verified"


def test_policies_with_conditions_are_simulated_as_s3_would_ask(aws: Sandbox) -> None:
    arn = encrypted(aws, f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root")
    without_bucket_policy(aws)
    found = check(prove_later(s3_access="scoped", kms_key_arn=arn))
    assert found.result == "failed"
    assert "though its own policies allow it" in found.evidence


def test_which_side_refuses_is_not_claimed_where_it_cannot_be_seen(aws: Sandbox) -> None:
    without_bucket_policy(aws)
    aws.fail("SimulatePrincipalPolicy", "AccessDenied")
    found = check(prove_later())
    assert found.result == "failed"
    assert "Which side does cannot be seen" in found.evidence
    assert "the client's admin checks" in found.evidence
    assert "Onemata looks at its bucket policy" in found.evidence


def test_what_is_no_csv_of_one_column_proves_access(aws: Sandbox) -> None:
    done = prove(probe_object=f"{sandbox.PREFIX}2021-02-10/part-0000.csv")
    assert check(done).result == "proven"
    assert "stl_load_errors" in check(done).evidence


@pytest.mark.parametrize("there", [True, False])
def test_what_must_be_refused_and_is_not_fails(aws: Sandbox, there: bool) -> None:
    opened_to_all_prefixes(aws)
    if not there:
        onemata(aws, "s3").delete_object(Bucket=sandbox.BUCKET, Key=f"{sandbox.OTHER_PREFIX}{sandbox.PROBE_KEY}")
    done = prove()
    assert done.record.outcome == "failed"
    found = check(done, f"cluster {sandbox.CLUSTER} is refused another client's prefix")
    assert found.result == "failed"
    assert "Who acts: Onemata" in found.evidence


def test_refusals_that_cannot_be_tried_are_not_passed_over(aws: Sandbox) -> None:
    unnamed = prove(denied_prefix="", denied_bucket="")
    assert unnamed.record.outcome == "applied"
    assert denials(unnamed) == ["not provable from here"] * 2
    assert prove(denied_prefix="", denied_bucket="", negative_checks=False).record.outcome == "verified"


def test_a_bucket_in_another_region_is_read_with_its_region(aws: Sandbox) -> None:
    s3 = aws.client("s3", account=sandbox.ONEMATA_ACCOUNT, region="eu-west-1")
    s3.create_bucket(Bucket="onemata-europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="onemata-europe", Key=PROBE, Body=b"onemata\n")
    policy = json.dumps(documents.bucket_policy()).replace(sandbox.BUCKET, "onemata-europe")
    s3.put_bucket_policy(Bucket="onemata-europe", Policy=policy)
    assert check(prove_later(bucket="onemata-europe")).result == "failed"
    there = prove(bucket="onemata-europe", bucket_region="eu-west-1", denied_bucket="")
    assert check(there).result == "proven"
    assert "COPY reads Parquet only from a bucket in the cluster's own region" in there.shown["plan"]


def test_what_was_just_made_is_given_time(aws: Sandbox) -> None:
    prove(prove="none")
    retrust(ROLE)(aws)
    aws.propagation_seconds = 600
    told: list[str] = []

    def sleep(_: float) -> None:
        if "just made" in told[-1]:
            aws.propagation_seconds = 0

    done = prove(wait=Wait(tell=told.append, sleep=sleep, seconds=60))
    assert done.record.outcome == "verified"
    assert f"Waiting: cluster {sandbox.CLUSTER} cannot use what was just made yet." in told


def test_what_never_propagates_does_not_end_verified(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemata_helpers.services.redshift_proof._SETTLING_SECONDS", 0.1)
    prove(prove="none")
    retrust(ROLE)(aws)
    aws.propagation_seconds = 600
    done = prove()
    assert done.record.outcome == "failed"
    assert "Not authorized to get credentials of role" in check(done).evidence


def test_without_a_change_nothing_is_waited_for(aws: Sandbox) -> None:
    prove()
    without_bucket_policy(aws)
    told: list[str] = []
    done = prove("verify", wait=Wait(tell=told.append, sleep=lambda _: None))
    assert check(done).result == "failed"
    assert not any("just made" in each for each in told)


# --- who asks ---------------------------------------------------------------------------------------------------------


def secret(box: Sandbox) -> dict[str, Any]:
    login = json.dumps({"username": "awsuser", "password": "unused"})
    made = box.client("secretsmanager").create_secret(Name="login", SecretString=login)
    return {"database_secret_arn": made["ARN"]}


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
    assert check(refused).result == "not provable from here"
    assert "is not authorized to perform: redshift:GetClusterCredentials" in check(refused).evidence


def test_a_superuser_is_not_bound_by_a_revoked_assumerole(aws: Sandbox) -> None:
    aws.revoke_assumerole(sandbox.CLUSTER)
    assert prove(database_user="awsuser").record.outcome == "verified"


# --- role chains ------------------------------------------------------------------------------------------------------


def trust_onematas_role(box: Sandbox, statement: str) -> None:
    text = json.dumps(documents.document(json.loads(statement)))
    onemata(box, "iam").update_assume_role_policy(RoleName=world.ONEMATA_ROLE, PolicyDocument=text)


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
    found = check(prove_later(role_chain=True))
    assert found.result == "failed"
    assert "Onemata checks that its role trusts" in found.evidence
    assert f"{USERS}/IAM:{world.OPERATOR}" in found.evidence


def test_in_a_chain_it_is_onematas_side_that_s3_refuses(aws: Sandbox) -> None:
    trust_onematas_role(aws, json.dumps(documents.account_trust(sandbox.CLIENT_ACCOUNT)["Statement"][0]))
    onemata(aws, "iam").delete_role_policy(RoleName=world.ONEMATA_ROLE, PolicyName="read-delivery")
    done = prove_later(role_chain=True)
    assert check(done).result == "failed"
    assert "Who acts: Onemata" in check(done).evidence
    assert "SimulatePrincipalPolicy" not in [each.operation for each in done.record.calls]


# --- what can happen on the way ---------------------------------------------------------------------------------------


def refuse_batches(box: Sandbox) -> None:
    box.fail("BatchExecuteStatement", "BatchExecuteStatementException", 3)


@pytest.mark.parametrize("refuse", [refuse_batches, Sandbox.refuse_copy_in_transactions])
def test_where_a_batch_is_refused_a_session_proves_it(aws: Sandbox, refuse: Callable[[Sandbox], None]) -> None:
    refuse(aws)
    seen: list[dict[str, Any]] = []
    aws.before("ExecuteStatement", lambda call: seen.append(asked(call)))
    done = prove()
    assert done.record.outcome == "verified"
    assert done.record.plan is not None
    shown = [call.arguments for proof in done.record.plan.proofs for call in proof.otherwise]
    assert seen == shown


def test_what_the_operator_may_not_do_is_not_tried_in_another_way(aws: Sandbox) -> None:
    aws.fail("BatchExecuteStatement", "AccessDeniedException", 3)
    done = prove()
    assert done.record.outcome == "applied"
    assert "ExecuteStatement" not in sent(done)
    assert "the client's admin allows it for the operator" in check(done).evidence


def test_a_statement_that_does_not_end_is_cancelled(aws: Sandbox) -> None:
    aws.let_statements_hang()
    run("redshift")
    done = prove("verify", Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1))
    assert done.record.outcome == "applied"
    assert sent(done).count("CancelStatement") == 3
    assert "was cancelled" in check(done).evidence
    assert "Who acts: the client's database administrator" in check(done).evidence


def test_an_interrupted_statement_is_cancelled(aws: Sandbox) -> None:
    aws.let_statements_hang()
    run("redshift")

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    done = prove("verify", wait=Wait(tell=interrupt, sleep=lambda _: None))
    assert done.error is not None
    assert "Interrupted" in str(done.error)
    assert sent(done)[-1] == "CancelStatement"


@pytest.mark.parametrize("how", ["throttled", "lost answer", "no answer"])
@pytest.mark.parametrize("operation", ["BatchExecuteStatement", "DescribeStatement"])
def test_what_passes_by_itself_is_no_obstacle(aws: Sandbox, operation: str, how: Any) -> None:
    prove(prove="none")
    aws.fail(operation, how)
    assert prove().record.outcome == "verified"


@pytest.mark.parametrize(
    "how", ["throttled", "html", "empty", "binary", "bad gateway", "long error", "InternalFailure"]
)
@pytest.mark.parametrize("operation", ["BatchExecuteStatement", "DescribeStatement"])
def test_what_does_not_pass_is_never_taken_for_proof(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    between_tries_no_time_passes(monkeypatch)
    prove(prove="none")
    aws.fail(operation, how, 100)
    done = prove("verify")
    assert done.record.outcome == "applied"
    assert check(done).result == "not provable from here"
    assert "Who acts: " in check(done).evidence


ODD: dict[str, dict[str, Any]] = {
    "of another statement": {"Id": "another", "Status": "FINISHED"},
    "without an id": {"Status": "FINISHED"},
    "without a state": {},
    "an unknown state": {"Status": "SPLENDID"},
    "in order, but a part failed": {"Status": "FINISHED", "SubStatements": [{"Status": "FAILED", "Error": "no"}]},
    "in order, but a part was not run": {"Status": "FINISHED", "SubStatements": [{"Status": "ABORTED"}]},
    "in order, with an error": {"Status": "FINISHED", "Error": "no"},
    "failed, and does not say why": {"Status": "FAILED"},
    "stopped": {"Status": "ABORTED"},
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_end_proves_nothing(aws: Sandbox, name: str) -> None:
    prove(prove="none")
    answer = ODD[name] if name == "without an id" else None

    def describe(call: Any, _: Any) -> dict[str, Any]:
        return answer or {"Id": call.get("Id"), **ODD[name]}

    own_services.serve("redshift-data", {"DescribeStatement": describe})
    try:
        done = prove("verify")
    finally:
        redshift_data.install()
    assert done.record.outcome == "applied"
    assert check(done).result == "not provable from here"
    assert "Who acts: " in check(done).evidence
    assert denials(done) == ["not provable from here"] * 2
