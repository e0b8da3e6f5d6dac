"""Glue's proof, cut off at each call and disturbed: nothing stays, and nothing unseen passes for proof."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..snapshot import in_glue
from .common import UNSEEN, check, denials
from .glue import CRAWLER, NAME, READS, Killed, cut_off, nothing_is_left, prove, sent


def test_a_kill_at_any_call_leaves_nothing_that_the_next_run_does_not_find(aws: Sandbox) -> None:
    changes: dict[str, Any] = {"negative_checks": False}
    writes = sent(prove(**changes))
    assert len(writes) == 8
    actions = ("apply", "verify", "remove")
    cases = [(number, actions[number % 3]) for number in range(1, 8)] + [(4, each) for each in actions]
    for number, action in cases:
        where = f"{writes[number - 1]}, {action}"
        with cut_off(number, Killed, for_good=True), pytest.raises(Killed):
            prove("verify", **changes)
        assert NAME in in_glue(aws), where
        mended = prove(action, **changes)
        assert mended.error is None, where
        assert f"what proofs left in Glue ({NAME})" in mended.shown["plan"]
        assert mended.record.outcome == ("removed" if action == "remove" else "verified"), where
        nothing_is_left(aws)
        if action == "remove":
            prove(prove="none")


def test_the_plan_shows_what_was_left_and_changes_nothing(aws: Sandbox) -> None:
    prove(prove="none")
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    before = in_glue(aws)
    planned = prove("plan")
    assert planned.kinds == {f"what proofs left in Glue ({NAME})": "delete"}
    assert planned.record.plan is not None
    (change,) = planned.record.plan.pending
    assert [str(call) for call in change.calls] == [
        "glue:delete_crawler", "glue:delete_classifier", "glue:delete_database",
    ]  # fmt: skip
    assert in_glue(aws) == before


def test_a_crawl_that_still_goes_on_is_waited_for_and_changes_no_approval(aws: Sandbox) -> None:
    prove(prove="none")
    aws.let_crawls_hang()
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    digest = prove("plan").record.plan_digest
    told: list[str] = []

    def sleep(_: float) -> None:
        aws.let_crawls_hang(False)

    done = prove(wait=Wait(tell=told.append, sleep=sleep, seconds=60), approved_plan=digest)
    assert done.record.outcome == "verified"
    assert told[0] == f"Waiting: what proofs left in Glue ({NAME}) is at work: Glue still crawls."
    assert [each.status for each in done.record.changes_done] == ["done"]
    assert not any(each.unanswered for each in done.record.changes_done)


def test_with_a_crawler_alone_what_a_crawl_left_is_found_too(aws: Sandbox) -> None:
    prove(prove="none")
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    assert prove("verify", **CRAWLER).record.outcome == "applied"
    nothing_is_left(aws)


def test_ctrl_c_at_any_call_takes_all_away_at_once(aws: Sandbox) -> None:
    prove(prove="none")
    for number in range(1, 9):
        with cut_off(number, KeyboardInterrupt, for_good=False):
            done = prove("verify", negative_checks=False)
        assert "Interrupted" in str(done.error)
        nothing_is_left(aws)


@pytest.mark.parametrize(
    "operation",
    [
        "CreateDatabase", "CreateClassifier", "CreateCrawler", "StartCrawler", "DeleteCrawler", "DeleteClassifier",
        "DeleteTable", "DeleteDatabase",
    ],
)  # fmt: skip
def test_an_answer_that_is_lost_disturbs_nothing(aws: Sandbox, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's own tries
    prove(prove="none")
    aws.fail(operation, "lost answer")
    assert prove("verify").record.outcome == "verified"
    nothing_is_left(aws)


def test_a_crawl_that_does_not_end_is_stopped(aws: Sandbox) -> None:
    prove(prove="none")
    aws.let_crawls_hang()
    done = prove("verify", Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1))
    assert check(done, READS).result == UNSEEN
    assert "still RUNNING when the time was up, and was stopped" in check(done, READS).evidence
    assert "StopCrawler" in sent(done)
    nothing_is_left(aws)


def test_a_clean_up_that_fails_is_a_failed_check_that_names_what_is_left(aws: Sandbox) -> None:
    prove(prove="none")
    aws.fail("DeleteCrawler", "AccessDeniedException", 2)
    done = prove("verify", negative_checks=False)
    assert done.record.outcome == "failed"
    left = check(done, f"what proofs left in Glue ({NAME})")
    assert left.result == "failed"
    assert f"crawler: is {NAME}, must be missing" in left.evidence
    assert "AWS refused it: AccessDeniedException" in check(done, READS).evidence
    assert prove("verify").record.outcome == "verified"
    nothing_is_left(aws)


@pytest.mark.parametrize("how", ["html", "empty", "InternalServiceException"])
@pytest.mark.parametrize("operation", ["CreateCrawler", "StartCrawler", "GetTables"])
def test_what_does_not_pass_is_never_taken_for_proof(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's own tries
    prove(prove="none")
    aws.fail(operation, how, 100)
    done = prove("verify")
    assert done.record.outcome in ("applied", "failed")
    assert check(done, READS).result == UNSEEN
    assert "Who acts: " in check(done, READS).evidence
    assert "proven" not in denials(done)
