"""Glue's proof that another client's prefix and another bucket are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox.server import Sandbox

from .common import LIST, READ, UNSEEN, check, denials, onemata, opened, without_probe
from .glue import CRAWL, CRAWLER, PREFIX, nothing_is_left, prove, sent

OTHERS_PROBE = f"{sandbox.OTHER_PREFIX}{sandbox.PROBE_KEY}"
BUCKET = "Glue is refused another bucket"


def test_another_clients_prefix_that_is_open_fails_by_a_crawl(aws: Sandbox) -> None:
    opened(aws, LIST, READ)
    done = prove()
    assert done.record.outcome == "failed"
    assert check(done, PREFIX).result == "failed"
    assert "Who acts: Onemata takes what is not this client's out" in check(done, PREFIX).evidence
    nothing_is_left(aws)


def test_another_clients_prefix_that_can_only_be_listed_is_refused_by_a_crawl(aws: Sandbox) -> None:
    opened(aws, LIST)
    found = check(prove(), PREFIX)
    assert found.result == "proven"
    assert "Tables created did not infer schemas from this file" in found.evidence


def test_a_prefix_where_nothing_was_refused_or_read_proves_nothing(aws: Sandbox) -> None:
    opened(aws, LIST, READ)
    onemata(aws, "s3").delete_object(Bucket=sandbox.BUCKET, Key=OTHERS_PROBE)
    found = check(prove(), PREFIX)
    assert found.result == UNSEEN
    assert "Who acts: Onemata" in found.evidence


def test_a_crawler_over_a_prefix_is_no_access(aws: Sandbox) -> None:
    opened(aws, LIST)
    done = prove(**CRAWLER)
    assert check(done, PREFIX).result == UNSEEN
    assert "prove: crawl" in check(done, PREFIX).evidence
    nothing_is_left(aws)


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_to_see_another_bucket_is_too_much(aws: Sandbox, changes: dict[str, Any]) -> None:
    policy = json.dumps(documents.bucket_policy()).replace(sandbox.BUCKET, sandbox.OTHER_BUCKET)
    onemata(aws, "s3").put_bucket_policy(
        Bucket=sandbox.OTHER_BUCKET, Policy=policy.replace(sandbox.PREFIX, "_onemata/")
    )
    done = prove(**changes)
    assert done.record.outcome == "failed"
    assert check(done, BUCKET).result == "failed"
    assert sent(done).count("StartCrawler") == (1 if changes is CRAWL else 0)
    nothing_is_left(aws)


def test_refusals_that_cannot_be_tried_are_not_passed_over(aws: Sandbox) -> None:
    unnamed = prove(denied_prefix="", denied_bucket="")
    assert unnamed.record.outcome == "applied"
    assert denials(unnamed) == [UNSEEN] * 2
    assert prove(denied_prefix="", denied_bucket="", negative_checks=False).record.outcome == "verified"


def test_money_is_not_spent_on_a_refusal_that_could_say_nothing(aws: Sandbox) -> None:
    prove(prove="none")
    opened(aws, LIST, READ)
    without_probe(aws)
    done = prove("verify")
    assert sent(done).count("StartCrawler") == 1
    assert check(done, PREFIX).result == UNSEEN
