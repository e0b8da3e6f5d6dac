"""Athena's proof, and what can happen on the way: nothing that was not seen passes for proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.errors import OddAnswer
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.resources.athena_queries import carried_out, statement
from onemata_helpers.sandbox.aws import athena, own_services
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.services.athena_statements import AthenaStatements
from onemata_helpers.signing_in import connect
from onemata_helpers.wait import Wait

from ..conftest import between_tries_no_time_passes, values
from .athena import ANALYST, PROVE, READING, TABLE, of_athena, prove, sent, tables
from .common import LONG, UNSEEN, check, denials


def test_a_statement_that_does_not_end_is_stopped(aws: Sandbox) -> None:
    aws.let_statements_hang()
    done = prove(wait=Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1))
    assert sent(done).count("StopQueryExecution") == 3
    assert check(done, READING).result == UNSEEN
    assert "was QUEUED when the time was up" in check(done, READING).evidence
    assert "Who acts: the client's admin looks at what keeps the workgroup" in check(done, READING).evidence
    assert denials(done, "Athena ") == [UNSEEN, UNSEEN]


def test_a_query_that_somebody_stops_proves_nothing(aws: Sandbox) -> None:
    begun: list[str] = []

    def stop(call: Any) -> None:
        if "QueryExecutionId" in call.params and begun:
            own_athena.stop_query_execution(QueryExecutionId=call.get("QueryExecutionId"))

    own_athena = aws.client("athena")
    aws.after("StartQueryExecution", lambda call: begun.append("x") if call.get("QueryString")[0] == "S" else None)
    aws.before("GetQueryExecution", stop)
    done = prove(negative_checks=False)
    assert check(done, READING).result == UNSEEN
    assert "Somebody stopped the statement" in check(done, READING).evidence
    assert tables(aws) == []


@pytest.mark.parametrize("how", ["throttled", "lost answer"])
@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
def test_what_passes_by_itself_is_no_obstacle(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    between_tries_no_time_passes(monkeypatch)
    aws.fail(operation, how)
    done = prove(negative_checks=False)
    assert set(of_athena(done).values()) == {"proven"}
    assert sent(done).count("StartQueryExecution") == 3


@pytest.mark.parametrize("how", ["throttled", "html", "InternalFailure"])
@pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults", "GetWorkGroup"])
def test_what_does_not_pass_is_never_taken_for_proof(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    between_tries_no_time_passes(monkeypatch)
    aws.fail(operation, how, 200)
    done = prove(negative_checks=False)
    assert check(done, READING).result == UNSEEN
    assert "Who acts: " in check(done, READING).evidence
    assert tables(aws) == []


ODD: dict[str, dict[str, Any]] = {
    "of another query": {"QueryExecutionId": "another", "Status": {"State": "SUCCEEDED"}},
    "without an id": {"Status": {"State": "SUCCEEDED"}},
    "without a state": {"Status": {}},
    "an unknown state": {"Status": {"State": "SPLENDID"}},
    "failed, and does not say why": {"Status": {"State": "FAILED"}},
    "stopped": {"Status": {"State": "CANCELLED"}},
}
ROWS: dict[str, list[list[str]]] = {
    "no row": [],
    "only the names": [["rows_read"]],
    "no number": [["rows_read"], ["one"]],
    "a number below none": [["rows_read"], ["-1"]],
    "digits of another script": [["rows_read"], ["\u0661"]],
    "two columns": [["rows_read", "x"], ["1", "1"]],
    "two rows": [["rows_read"], ["1"], ["1"]],
    "nothing in it": [["rows_read"], [""]],
}


def served(handlers: dict[str, Any]) -> Iterator[None]:
    own_services.serve("athena", handlers)
    yield
    athena.install()


@pytest.mark.parametrize("name", ODD)
def test_an_odd_end_proves_nothing(aws: Sandbox, name: str) -> None:
    def described(call: Any, _: Any) -> dict[str, Any]:
        known = {} if name == "without an id" else {"QueryExecutionId": call.get("QueryExecutionId")}
        return {"QueryExecution": known | ODD[name]}

    for _ in served({"GetQueryExecution": described}):
        done = prove(negative_checks=False)
        assert check(done, READING).result == UNSEEN
        assert "Who acts: " in check(done, READING).evidence


def test_an_odd_result_is_no_number(aws: Sandbox) -> None:
    p = from_notebook("glue", values("glue", **PROVE))
    session = connect(p, ("athena",), lambda _: None, aws.url).entered(ANALYST, "test")
    statements = AthenaStatements("default", TABLE, p.probe.object)
    for sql in (statements.create, statements.count):
        asked_for = statement(sandbox.WORKGROUP, "default", sql)
        ended = carried_out(session, asked_for, LONG, counts=sql == statements.count)
        assert ended.in_order
    assert ended.number == 1
    for rows in ROWS.values():
        shown = [{"Data": [{"VarCharValue": value} for value in row]} for row in rows]
        for _ in served({"GetQueryResults": lambda *_, shown=shown: {"ResultSet": {"Rows": shown}}}):
            with pytest.raises(OddAnswer, match="it is not one row with one number"):
                carried_out(session, asked_for, LONG, counts=True)
