"""Redshift's proof, and what can happen on the way: nothing that was not seen passes for proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers.sandbox.aws import own_services, redshift_data
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..conftest import between_tries_no_time_passes, run
from .common import UNSEEN, asked, check, denials
from .redshift import READING, prove, sent


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
    assert "the client's admin allows it for the operator" in check(done, READING).evidence


def test_a_statement_that_does_not_end_is_cancelled(aws: Sandbox) -> None:
    aws.let_statements_hang()
    run("redshift")
    done = prove("verify", Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1))
    assert done.record.outcome == "applied"
    assert sent(done).count("CancelStatement") == 3
    assert "was cancelled" in check(done, READING).evidence
    assert "Who acts: the client's database administrator" in check(done, READING).evidence


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
    assert check(done, READING).result == UNSEEN
    assert "Who acts: " in check(done, READING).evidence


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
    assert check(done, READING).result == UNSEEN
    assert "Who acts: " in check(done, READING).evidence
    assert denials(done) == [UNSEEN] * 2
