"""The table of Athena's proof: it goes whatever happens, and a table of the client's stays."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..conftest import run
from .athena import LEFT, READING, TABLE, clients_table, denies, of_athena, prove, sent, tables
from .common import check


def test_a_role_that_may_not_drop_the_table_leaves_none(aws: Sandbox) -> None:
    denies("glue:DeleteTable")(aws)
    done = prove()
    assert set(of_athena(done).values()) == {"proven"}
    assert "DeleteTable" in sent(done, "glue")
    assert tables(aws) == []


def test_a_table_that_nobody_may_drop_is_told_of(aws: Sandbox) -> None:
    run("glue")
    denies("glue:DeleteTable")(aws)
    aws.fail("DeleteTable", "AccessDeniedException", 100)
    done = prove(negative_checks=False)
    assert check(done, READING).result == "proven"
    assert check(done, LEFT).result == "failed"
    assert "glue:DeleteTable" in check(done, LEFT).evidence
    assert "Who acts: the client's admin allows it for the operator" in check(done, LEFT).evidence
    assert done.record.outcome == "failed"


def left_behind(box: Sandbox) -> None:
    """What a run leaves that is killed after its first statement was carried out: that statement is sent here."""
    plan = prove("plan").record.plan
    assert plan is not None
    (proof,) = [each for each in plan.proofs if each.proves == READING]
    enter, create = proof.calls[:2]
    keys = own(box, "sts").assume_role(**enter.arguments)["Credentials"]
    queries = box.client_of("athena", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    query = queries.start_query_execution(**create.arguments)["QueryExecutionId"]
    for _ in range(3):
        queries.get_query_execution(QueryExecutionId=query)
    assert tables(box) == [TABLE]


def own(box: Sandbox, service: str) -> Any:
    """A client of the operator's."""
    key = box.operator()
    return box.client_of(service, key.id, key.secret)


@pytest.mark.parametrize("action", ["apply", "verify"])
def test_what_an_interrupted_proof_left_the_next_one_mends(aws: Sandbox, action: str) -> None:
    before = prove("plan").record.plan_digest
    left_behind(aws)
    assert prove("plan").record.plan_digest == before
    assert tables(aws) == [TABLE]
    done = prove(action)
    assert set(of_athena(done).values()) == {"proven"}
    assert tables(aws) == []


def test_what_an_interrupted_proof_left_a_removal_takes_away(aws: Sandbox) -> None:
    run("glue")
    left_behind(aws)
    done = prove("remove", prove="none")
    assert done.record.outcome == "removed"
    assert done.kinds[f"table default.{TABLE}"] == "delete"
    assert tables(aws) == []


def moved(box: Sandbox) -> None:
    """The client has made the table its own: it lies elsewhere now."""
    glue = box.client("glue")
    table = glue.get_table(DatabaseName="default", Name=TABLE)["Table"]
    storage = {"Columns": table["StorageDescriptor"]["Columns"], "Location": "s3://theirs/sales/"}
    new = {"Name": TABLE, "StorageDescriptor": storage, "Parameters": table["Parameters"]}
    glue.update_table(DatabaseName="default", TableInput=new)


@pytest.mark.parametrize("action", ["apply", "verify", "remove"])
@pytest.mark.parametrize("clients", ["made", "moved"])
def test_a_table_of_the_clients_is_never_touched(aws: Sandbox, clients: str, action: str) -> None:
    run("glue")
    if clients == "made":
        clients_table(aws)
    else:
        left_behind(aws)
        moved(aws)
    before = aws.client("glue").get_table(DatabaseName="default", Name=TABLE)["Table"]
    done = prove(action)
    assert done.error is None
    assert done.record.outcome == ("removed" if action == "remove" else "applied")
    assert "StartQueryExecution" not in sent(done)
    assert aws.client("glue").get_table(DatabaseName="default", Name=TABLE)["Table"] == before


def test_an_interrupted_proof_cleans_up(aws: Sandbox) -> None:
    begun: list[str] = []
    aws.before("StartQueryExecution", lambda call: begun.append(call.get("QueryString")))

    def interrupt(_: str) -> None:
        if begun[-1].startswith(("SELECT", "DROP")):
            raise KeyboardInterrupt

    done = prove(wait=Wait(tell=interrupt, sleep=lambda _: None))
    assert done.error is not None
    assert "Interrupted" in str(done.error)
    assert "StopQueryExecution" in sent(done)
    assert tables(aws) == []
