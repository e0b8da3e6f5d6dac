"""Glue's proof, with one thing broken at a time: the verdict, and who acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..account import GLUE_SERVICE_POLICY, retrust
from .common import (
    PROBE,
    READ,
    UNSEEN,
    Broken,
    bucket_policy_for_another_than,
    check,
    denials,
    emptied,
    encrypted,
    nothing,
    onemata,
    without_bucket_policy,
    without_probe,
)
from .glue import CRAWL, CRAWLER, READS, ROLE, SEES, nothing_is_left, prove


def operator_without(*actions: str, **only_on: str) -> Callable[[Sandbox], None]:
    """The operator may do all but these actions, or these only on some resources."""

    def damage(box: Sandbox) -> None:
        refused = {"Effect": "Deny", "Action": list(actions), **(only_on or {"Resource": "*"})}
        policy = documents.document({"Effect": "Allow", "Action": "*", "Resource": "*"}, refused)
        box.let_operator(policy)

    return damage


def passing_only_by_the_prefix(box: Sandbox) -> None:
    """As AWSGlueConsoleFullAccess has it. The role is named otherwise."""
    operator_without("iam:PassRole", NotResource=f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/AWSGlueServiceRole*")(box)


def listing_alone(box: Sandbox) -> None:
    """Onemata's bucket policy lets the role list, and not read."""
    policy = documents.bucket_policy()
    policy["Statement"] = [each for each in policy["Statement"] if each["Action"] != READ]
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=json.dumps(policy))


def no_table(box: Sandbox) -> None:
    """The probe object is nothing that Glue's classifiers know."""
    onemata(box, "s3").put_object(Bucket=sandbox.BUCKET, Key=PROBE, Body=b"\xff\xfe\x00")


def without_policy(name: str) -> Callable[[Sandbox], None]:
    def damage(box: Sandbox) -> None:
        box.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=name)

    return damage


def asking_for_the_bucket(box: Sandbox) -> None:
    box.let_crawlers_ask_for_buckets()


@dataclass(frozen=True)
class BrokenForGlue(Broken):
    """`crawler` says whether a crawler that does not run shows it, too."""

    crawler: bool = True


BROKEN: dict[str, BrokenForGlue] = {
    "operator without PassRole": BrokenForGlue(
        operator_without("iam:PassRole"), UNSEEN, "is not authorized to perform: iam:PassRole",
        "Who acts: the client's admin removes the explicit deny for the operator",
    ),
    "operator passes by the prefix, and the role lacks it": BrokenForGlue(
        passing_only_by_the_prefix, UNSEEN, "is not authorized to perform: iam:PassRole",
        "Who acts: the client's admin", changes={"role_name": "glue-onemata", "pass_role_to": [
            world.CLUSTER_ROLE_ARN]},
    ),
    "operator may not make crawlers": BrokenForGlue(
        operator_without("glue:CreateCrawler"), UNSEEN, "is not authorized to perform: glue:CreateCrawler",
        "Who acts: the client's admin",
    ),
    "trust lacks Glue": BrokenForGlue(
        retrust(ROLE), "failed", "Please verify role's TrustPolicy", "its trust policy lets in glue.amazonaws.com"
    ),
    "no bucket policy": BrokenForGlue(
        without_bucket_policy, "failed", "Status Code: 403; Error Code: AccessDenied",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "no bucket policy, scoped": BrokenForGlue(
        without_bucket_policy, UNSEEN, "Status Code: 403; Error Code: AccessDenied",
        "Who acts: Onemata checks that its bucket policy lets", changes={"s3_access": "scoped"},
    ),
    "bucket policy for another role": BrokenForGlue(
        bucket_policy_for_another_than(f"role/{ROLE}"), "failed", "Status Code: 403; Error Code: AccessDenied",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "Glue asks for the whole bucket": BrokenForGlue(
        asking_for_the_bucket, "failed", "Error Code: 403 Forbidden", "Who acts: Onemata looks at its bucket policy"
    ),
    "Glue asks for the whole bucket, scoped": BrokenForGlue(
        asking_for_the_bucket, UNSEEN, "Error Code: 403 Forbidden", "so it is not provable this way",
        changes={"s3_access": "scoped"},
    ),
    "no such bucket": BrokenForGlue(
        nothing, "failed", "S3 bucket onemata-nowhere does not exist.", "Who acts: the engineer corrects bucket",
        changes={"bucket": "onemata-nowhere"},
    ),
    "role without its S3 policy": BrokenForGlue(
        without_policy("arn:aws:iam::aws:policy/AmazonS3FullAccess"), "failed", "retrieving file at s3://",
        "do not allow s3:GetObject", crawler=False,
    ),
    "role without Glue's own policy": BrokenForGlue(
        without_policy(GLUE_SERVICE_POLICY), UNSEEN, "is not authorized to perform: glue:GetDatabase",
        "Who acts: the engineer reads the crawler's log", crawler=False,
    ),
    "denied object in a crawl that says SUCCEEDED": BrokenForGlue(
        listing_alone, "failed", "Tables created did not infer schemas from this file",
        "Who acts: Onemata looks at its bucket policy", crawler=False,
    ),
    "KMS key closed to the role": BrokenForGlue(
        encrypted, "failed", "retrieving file at s3://", "names it for kms_key_arn", crawler=False
    ),
    "prefix empty": BrokenForGlue(
        emptied, UNSEEN, "SUCCEEDED", "Who acts: Onemata puts the probe object there", crawler=False
    ),
    "probe object missing": BrokenForGlue(
        without_probe, UNSEEN, "SUCCEEDED", "Who acts: Onemata puts the probe object there", crawler=False
    ),
    "an object that Glue does not know": BrokenForGlue(
        no_table, UNSEEN, "no columns", "Who acts: the engineer reads the crawler's log", crawler=False
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    assert prove(**(broken.changes | {"prove": "none"})).error is None
    broken.damage(aws)
    for mode in ("crawl", "crawler") if broken.crawler else ("crawl",):
        done = prove("verify", **broken.changes, prove=mode)
        found = check(done, READS if mode == "crawl" else SEES)
        assert done.record.outcome in ("failed", "applied")
        assert found.result == broken.result
        assert broken.said in found.evidence
        assert broken.who in found.evidence
        assert "proven" not in denials(done)
    nothing_is_left(aws)


def test_scoped_access_is_enough(aws: Sandbox) -> None:
    assert prove(s3_access="scoped").record.outcome == "verified"


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_what_was_just_made_is_given_time(aws: Sandbox, changes: dict[str, Any]) -> None:
    prove(prove="none")
    retrust(ROLE)(aws)
    aws.propagation_seconds = 600
    told: list[str] = []

    def sleep(_: float) -> None:
        if "just made" in told[-1]:
            aws.propagation_seconds = 0

    done = prove(wait=Wait(tell=told.append, sleep=sleep, seconds=60), **changes)
    assert check(done, READS if changes is CRAWL else SEES).result == "proven"
    assert "Waiting: Glue cannot use what was just made yet." in told
    nothing_is_left(aws)


def test_without_a_change_nothing_is_waited_for(aws: Sandbox) -> None:
    prove(prove="none")
    without_bucket_policy(aws)
    told: list[str] = []
    assert check(prove("verify", Wait(tell=told.append, sleep=lambda _: None)), READS).result == "failed"
    assert not any("just made" in each for each in told)


def test_a_long_crawl_gives_a_sign_of_life(aws: Sandbox) -> None:
    told: list[str] = []
    prove(wait=Wait(tell=told.append, sleep=lambda _: None, seconds=60))
    assert told.count("Waiting: Glue crawls, which takes it one to three minutes.") >= 2


def test_a_log_that_cannot_be_read_is_said(aws: Sandbox) -> None:
    prove(prove="none")
    listing_alone(aws)
    aws.fail("FilterLogEvents", "AccessDeniedException")
    found = check(prove("verify"), READS)
    assert found.result == UNSEEN
    assert "Its log in /aws-glue/crawlers" in found.evidence
    assert "the client's admin allows it for the operator" in found.evidence
