"""Redshift proven by its Data API, through the whole runbook: what is shown, sent, and proven."""

from __future__ import annotations

from typing import Any

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox

from .common import PROBE, UNSEEN, asked, check, denials
from .redshift import READING, ROLE_ARN, prove, sent


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
    assert check(done, READING).result == UNSEEN
    assert "CREATE TEMP TABLE" in check(done, READING).evidence
    assert "NOLOAD;" in check(done, READING).evidence


def test_each_of_several_clusters_is_proven_on_its_own(aws: Sandbox) -> None:
    aws.client("redshift").create_cluster(
        ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
        ManageMasterPassword=True, DBName="sales",
    )  # fmt: skip
    aws.client("redshift").describe_clusters(ClusterIdentifier="second")
    aws.revoke_assumerole("second")
    done = prove(cluster_identifiers=[sandbox.CLUSTER, "second"])
    assert done.record.outcome == "applied"
    assert check(done, READING).result == "proven"
    assert check(done, "cluster second reads Onemata's data").result == UNSEEN


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
