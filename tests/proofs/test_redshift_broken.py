"""Redshift's proof, with one thing broken at a time: the verdict, and who acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.redshift.models import redshift_backends

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..account import off_cluster, retrust
from .common import (
    LIST,
    PROBE,
    READ,
    UNSEEN,
    Broken,
    check,
    denials,
    encrypted,
    nothing,
    onemata,
    opened,
    without_bucket_policy,
)
from .redshift import IN_EITHER, READING, ROLE, ROLE_ARN, USERS, prove, prove_later


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


def without_s3_policy(box: Sandbox) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    box.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=arn)


def paused(box: Sandbox) -> None:
    redshift_backends[sandbox.CLIENT_ACCOUNT][sandbox.REGION].clusters[sandbox.CLUSTER].status = "paused"


BROKEN = IN_EITHER | {
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
        lambda box: box.revoke_assumerole(sandbox.CLUSTER), UNSEEN, "does not have ASSUMEROLE",
        f"GRANT ASSUMEROLE ON '{ROLE_ARN}' TO \"IAM:{world.OPERATOR}\" FOR COPY;",
    ),
    "role without its S3 policy": Broken(
        without_s3_policy, "failed", "Access Denied,Status 403", "do not allow s3:ListBucket and s3:GetObject"
    ),
    "cluster paused": Broken(
        paused, UNSEEN, "paused", "the engineer corrects what AWS's message names, or asks the client"
    ),
    "no such database user": Broken(
        nothing, UNSEEN, "password authentication failed", "Who acts: the engineer corrects database",
        {"database_user": "nobody"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    assert prove(prove="none").error is None
    broken.damage(aws)
    done = prove("verify", **broken.changes)
    assert done.record.outcome in ("failed", "applied")
    found = check(done, READING)
    assert found.result == broken.result
    assert broken.said in found.evidence
    assert broken.who in found.evidence
    assert "proven" not in denials(done)


def test_a_key_of_onematas_that_is_open_to_the_role_is_no_obstacle(aws: Sandbox) -> None:
    arn = encrypted(aws, f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root")
    assert check(prove_later(), READING).result == "failed"
    assert prove(kms_key_arn=arn).record.outcome == "verified"


def test_policies_with_conditions_are_simulated_as_s3_would_ask(aws: Sandbox) -> None:
    arn = encrypted(aws, f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root")
    without_bucket_policy(aws)
    found = check(prove_later(s3_access="scoped", kms_key_arn=arn), READING)
    assert found.result == "failed"
    assert "though its own policies allow it" in found.evidence


def test_which_side_refuses_is_not_claimed_where_it_cannot_be_seen(aws: Sandbox) -> None:
    without_bucket_policy(aws)
    aws.fail("SimulatePrincipalPolicy", "AccessDenied")
    found = check(prove_later(), READING)
    assert found.result == "failed"
    assert "Which side does cannot be seen" in found.evidence
    assert "the client's admin checks" in found.evidence
    assert "Onemata looks at its bucket policy" in found.evidence


def test_what_is_no_csv_of_one_column_proves_access(aws: Sandbox) -> None:
    done = prove(probe_object=f"{sandbox.PREFIX}2021-02-10/part-0000.csv")
    assert check(done, READING).result == "proven"
    assert "stl_load_errors" in check(done, READING).evidence


@pytest.mark.parametrize("there", [True, False])
def test_what_must_be_refused_and_is_not_fails(aws: Sandbox, there: bool) -> None:
    opened(aws, LIST, READ)
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
    assert denials(unnamed) == [UNSEEN] * 2
    said = check(unnamed, f"cluster {sandbox.CLUSTER} is refused another bucket").evidence
    assert said.startswith("Onemata names another bucket in denied_bucket, or the client goes without")
    assert prove(denied_prefix="", denied_bucket="", negative_checks=False).record.outcome == "verified"


def test_a_bucket_in_another_region_is_read_with_its_region(aws: Sandbox) -> None:
    s3 = aws.client("s3", account=sandbox.ONEMATA_ACCOUNT, region="eu-west-1")
    s3.create_bucket(Bucket="onemata-europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="onemata-europe", Key=PROBE, Body=b"onemata\n")
    policy = json.dumps(documents.bucket_policy()).replace(sandbox.BUCKET, "onemata-europe")
    s3.put_bucket_policy(Bucket="onemata-europe", Policy=policy)
    assert check(prove_later(bucket="onemata-europe"), READING).result == "failed"
    there = prove(bucket="onemata-europe", bucket_region="eu-west-1", denied_bucket="")
    assert check(there, READING).result == "proven"
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
    assert "Not authorized to get credentials of role" in check(done, READING).evidence


def test_without_a_change_nothing_is_waited_for(aws: Sandbox) -> None:
    prove()
    without_bucket_policy(aws)
    told: list[str] = []
    done = prove("verify", wait=Wait(tell=told.append, sleep=lambda _: None))
    assert check(done, READING).result == "failed"
    assert not any("just made" in each for each in told)
