"""Athena proven by queries as those who query, through the whole runbook: what is shown, sent, and proven."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.resources.athena_workgroup import Workgroup
from onemata_helpers.resources.probe_table import ProbeTable
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.services.athena_proof import AthenaProof
from onemata_helpers.session import Identity

from ..conftest import values
from .athena import ANALYST, PROVE, READING, TABLE, USER, let_in, of_athena, prove, sent, tables, workgroup
from .common import UNSEEN, asked, check

ROLES = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role"


def test_all_is_proven_and_nothing_is_left(aws: Sandbox) -> None:
    done = prove("apply")
    assert done.error is None
    assert set(of_athena(done).values()) == {"proven"}
    assert len(of_athena(done)) == 4
    assert "1 row." in check(done, READING).evidence
    refused = check(done, f"Athena for {ANALYST} is refused another bucket").evidence
    assert f"Permission denied on S3 path: s3://{sandbox.OTHER_BUCKET}/_onemata/" in refused
    assert tables(aws) == []
    assert sent(done).count("StartQueryExecution") == 9
    assert sent(done, "sts") == ["GetCallerIdentity", "AssumeRole"]


def test_what_is_sent_is_what_the_plan_showed(aws: Sandbox) -> None:
    seen: list[dict[str, Any]] = []
    for operation in ("StartQueryExecution", "AssumeRole"):
        aws.before(operation, lambda call: seen.append(asked(call)))
    plan = prove().record.plan
    assert plan is not None
    shown = [each for each in plan.proofs if "Athena" in each.proves]
    assert seen == [call.arguments for proof in shown for call in proof.calls]


def test_the_proof_is_under_the_digest_with_its_costs(aws: Sandbox) -> None:
    shown = prove("plan")
    assert "about $5 for each TB" in shown.shown["plan"]
    assert "cuts a query off at 10 MB, about $0.00005." in shown.shown["plan"]
    assert f"Results go to {world.RESULTS}." in shown.shown["plan"]
    assert "StartQueryExecution" not in sent(shown)
    others: list[dict[str, Any]] = [{}, {"prove": "none"}, {"athena_database": "other"}]
    digests = {prove("plan", **each).record.plan_digest for each in others}
    workgroup().configuration["BytesScannedCutoffPerQuery"] = 20_000_000
    assert len(digests | {prove("plan").record.plan_digest}) == 4


def test_with_none_nothing_is_run_and_the_client_is_told_how(aws: Sandbox) -> None:
    done = prove(prove="none")
    assert sent(done) == sent(done, "glue") == []
    assert done.record.plan is not None
    assert done.record.plan.proofs == ()
    assert of_athena(done) == {READING: UNSEEN}
    for beginning in ("CREATE EXTERNAL TABLE", "SELECT count(*)", "DROP TABLE"):
        assert beginning in check(done, READING).evidence


def test_each_of_several_is_asked_on_its_own(aws: Sandbox) -> None:
    other = f"{USER}/somebody"
    done = prove(athena_principals=[ANALYST, other])
    assert of_athena(done)[READING] == "proven"
    found = check(done, f"Athena reads for {other}")
    assert found.result == UNSEEN
    assert "SELECT count(*)" in found.evidence
    assert "Who acts: whoever signs in as it runs this notebook" in found.evidence
    assert f"This session is not {other}" in done.shown["plan"]


def test_the_operator_is_asked_as_itself_with_its_own_permissions(aws: Sandbox) -> None:
    operator = f"{USER}/{world.OPERATOR}"
    reading = f"Athena reads for {operator}"
    may_not = prove(athena_principals=[operator])
    assert check(may_not, reading).result == UNSEEN
    assert "not authorized to perform: athena:StartQueryExecution" in check(may_not, reading).evidence
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    aws.client("iam").attach_user_policy(UserName=world.OPERATOR, PolicyArn=everything)
    let_in(aws, operator)
    done = prove(athena_principals=[operator])
    assert set(of_athena(done).values()) == {"proven"}
    assert "AssumeRole" not in sent(done, "sts")


@pytest.mark.parametrize(
    ("arn", "principal", "entered"),
    [
        ("arn:aws:sts::012345670123:assumed-role/athena-analyst/me", ANALYST, False),
        ("arn:aws:sts::012345670123:assumed-role/Athena-Analyst/me", f"{ROLES}/team/athena-analyst", False),
        ("arn:aws:sts::012345670123:assumed-role/athena/athena-analyst", ANALYST, True),
        ("arn:aws:sts::012345670123:assumed-role/me/me", f"{USER}/me", None),
        ("arn:aws:iam::012345670123:user/athena-analyst", ANALYST, True),
        ("arn:aws:iam::012345670123:user/team/me", f"{USER}/team/me", False),
        ("arn:aws:iam::012345670123:user/me", f"{USER}/team/me", None),
        ("arn:aws:sts::012345670123:federated-user/me", f"{USER}/me", None),
    ],
)
def test_a_role_is_entered_unless_we_are_it_and_a_user_cannot_be(
    arn: str, principal: str, entered: bool | None
) -> None:
    p = from_notebook("glue", values("glue", **PROVE))
    table = ProbeTable(step="", database="default", name=TABLE)
    proof = AthenaProof(principal, table, sandbox.WORKGROUP, p.probe)
    found = proof.proofs(Identity(account=sandbox.CLIENT_ACCOUNT, arn=arn, partition="aws", region="r"), Workgroup())
    operations = [call.operation for each in found for call in each.calls]
    assert ("assume_role" in operations if found else None) is entered


def test_no_row_is_copied_into_the_results(aws: Sandbox) -> None:
    prove()
    s3 = aws.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=world.RESULTS_BUCKET)["Contents"]]
    kept = [s3.get_object(Bucket=world.RESULTS_BUCKET, Key=key)["Body"].read() for key in keys if key.endswith("csv")]
    assert kept == [b'"rows_read"\n"1"\n']


def test_results_that_athena_keeps_itself_need_no_bucket(aws: Sandbox) -> None:
    workgroup().configuration |= {"ResultConfiguration": {}, "ManagedQueryResultsConfiguration": {"Enabled": True}}
    done = prove()
    assert set(of_athena(done).values()) == {"proven"}
    assert "Results go to the place that Athena keeps for the workgroup." in done.shown["plan"]
