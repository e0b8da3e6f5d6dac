"""Glue proven by its crawlers, through the whole runbook: what is shown, sent, and proven."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers import permissions, sandbox
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.resources.base import OWNER_TAG
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox_address import SANDBOX_URL

from ..conftest import values
from .common import UNSEEN, check, denials
from .glue import CRAWL, CRAWLER, FOLDER, PREFIX, READS, SEES, nothing_is_left, prove, sent


def test_a_crawl_proves_all_and_nothing_stays(aws: Sandbox) -> None:
    done = prove()
    assert done.error is None
    assert done.record.outcome == "verified"
    assert denials(done) == ["proven", "proven"]
    assert "SUCCEEDED\ntable onemata_proof__onemata: col0" in check(done, READS).evidence
    assert "Status Code: 403" in check(done, PREFIX).evidence
    assert sent(done).count("StartCrawler") == 1
    nothing_is_left(aws)


def test_a_crawler_alone_proves_that_the_role_can_be_used_and_no_more(aws: Sandbox) -> None:
    done = prove(**CRAWLER)
    assert done.record.outcome == "applied"
    assert check(done, SEES).result == "proven"
    assert check(done, READS).result == UNSEEN
    assert denials(done) == ["proven", "proven"]
    assert sent(done) == ["CreateCrawler", "DeleteCrawler", "CreateCrawler", "CreateCrawler"]
    nothing_is_left(aws)


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_what_is_sent_is_what_the_plan_showed(aws: Sandbox, changes: dict[str, Any]) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(call: IncomingCall) -> None:
        named = {key: value for key, value in call.params.items() if call.operation != "DeleteTable" or key != "Name"}
        seen.append((call.operation, named))

    for operation in ("CreateDatabase", "CreateClassifier", "CreateCrawler", "StartCrawler"):
        aws.before(operation, note)
    for operation in ("DeleteCrawler", "DeleteClassifier", "DeleteTable", "DeleteDatabase"):
        aws.before(operation, note)
    plan = prove(**changes, tags={"project": "onemata"}).record.plan
    assert plan is not None
    shown = [
        ("".join(word.title() for word in call.operation.split("_")), call.arguments) for call in plan.proofs[0].calls
    ]
    assert seen[: len(shown)] == shown
    assert [each for each in seen if each[0] == "CreateCrawler"] == [
        (name, arguments)
        for proof in plan.proofs
        for name, arguments in [("CreateCrawler", call.arguments) for call in proof.calls if "Role" in call.arguments]
    ]
    (creating,) = [call.arguments for call in plan.proofs[0].calls if call.operation == "create_crawler"]
    assert creating["Tags"] == {"project": "onemata", OWNER_TAG: "glue"}
    (target,) = creating["Targets"]["S3Targets"]
    assert target == {"Path": FOLDER, "Exclusions": ["*/**"], "SampleSize": 1}


def test_costs_are_in_the_plan_and_all_is_under_the_digest(aws: Sandbox) -> None:
    prove()
    plans = [prove("plan", **each) for each in ({}, CRAWLER, {"prove": "none"}, {"denied_prefix": ""})]
    assert len({each.record.plan_digest for each in plans}) == len(plans)
    assert "A crawl costs about $0.15" in plans[0].shown["plan"]
    assert "costs" not in plans[1].shown["plan"]
    assert plans[0].writes == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"prove": "none"}, "prove is `none`"), ({"confirm_proof_costs": False}, "confirm_proof_costs")],
)
def test_without_leave_glue_is_asked_for_nothing(aws: Sandbox, changes: dict[str, Any], why: str) -> None:
    done = prove(**changes)
    assert done.record.outcome == "applied"
    assert sent(done) == []
    assert done.record.plan is not None
    assert done.record.plan.proofs == ()
    assert why in check(done, READS).evidence
    assert f"a crawler over s3://{sandbox.BUCKET}/{sandbox.PREFIX}" in check(done, READS).evidence
    assert ("Note: prove is `crawl`" in done.shown["plan"]) == ("confirm_proof_costs" in changes)


def test_with_none_glue_is_not_even_looked_at(aws: Sandbox) -> None:
    for action in ("apply", "verify", "remove"):
        assert not [each for each in prove(action, prove="none").record.calls if each.service in ("glue", "logs")]


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_the_printed_policy_is_enough(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = permissions.policy([from_notebook("glue", values("glue", **changes))])
    with sandbox.start(operator_policy=policy) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        assert prove(**changes).record.outcome == ("verified" if changes is CRAWL else "applied")
        nothing_is_left(box)
