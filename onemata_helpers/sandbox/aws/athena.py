"""Athena: exactly the statements that the runbooks send, state by state.

https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.athena.models import WorkGroup, athena_backends

from ...aws_words import athena as words
from ..iam.needs_s3 import find_bucket
from ..iam.signer import Signer
from ..state import state
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from .athena_query import Count, Querier, QueryError, Statement, parse, write_result
from .own_services import serve

_STATEMENTS = "'ALTER', 'ANALYZE', 'CREATE', 'DELETE', 'DESC', 'DESCRIBE', 'DROP', 'EXPLAIN', 'INSERT', 'SHOW', <query>"
_UNLIMITED = 1 << 60


@dataclass
class _Query:
    """What was sent. It is carried out when it has been looked at so often that it is due.

    `place` is where its results go; empty where Athena keeps them.
    """

    id: str
    sql: str
    statement: Statement
    querier: Querier
    workgroup: str
    place: str
    limit: int
    states: list[str]
    reason: str = ""
    result: int | None = None

    @property
    def url(self) -> str:
        """The object that holds the result."""
        ending = "csv" if isinstance(self.statement, Count) else "txt"
        return f"{self.place.rstrip('/')}/{self.id}.{ending}" if self.place else ""

    def step(self) -> str:
        """The state now; the next look finds the next one."""
        if state.statements_hang and self.states[0] == "QUEUED":
            return "QUEUED"
        if len(self.states) > 1:
            return self.states.pop(0)
        if self.states == ["RUNNING"]:
            self._carry_out()
        return self.states[0]

    def _carry_out(self) -> None:
        try:
            self.result = self.statement.run(self.querier, self.limit)
            if self.place:
                write_result(self.querier, self.url, f'"rows_read"\n"{self.result}"\n'.encode())
            self.states = ["SUCCEEDED"]
        except QueryError as error:
            self.states, self.reason = [error.status], str(error)


_queries: dict[str, _Query] = {}
_tokens: dict[str, tuple[str, str]] = {}


def install() -> None:
    """Let the sandbox answer for Athena's queries, with none sent yet."""
    _queries.clear()
    _tokens.clear()
    serve(
        "athena",
        {
            "GetWorkGroup": _get_workgroup,
            "StartQueryExecution": _start,
            "GetQueryExecution": _get,
            "GetQueryResults": _results,
            "StopQueryExecution": _stop,
        },
    )


def _get_workgroup(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    found = _workgroup(call)
    shown = {"Name": found.name, "State": found.state, "Configuration": found.configuration}
    return {"WorkGroup": shown | {"Description": found.description, "CreationTime": datetime.now(UTC)}}


def _start(call: IncomingCall, signer: Signer) -> Mapping[str, Any]:
    """A call that is sent again, with the same token, begins nothing new."""
    asked = json.dumps({**call.params}, sort_keys=True, default=str)
    token = f"{call.account} {call.get('ClientRequestToken') or uuid4()}"
    if token in _tokens:
        known, earlier = _tokens[token]
        if earlier != asked:
            raise _invalid("Idempotent parameters do not match")
        return {"QueryExecutionId": known}
    query = _begun(call, signer)
    _queries[query.id] = query
    _tokens[token] = query.id, asked
    state.query_workgroups[query.id] = query.workgroup
    return {"QueryExecutionId": query.id}


def _begun(call: IncomingCall, signer: Signer) -> _Query:
    found = _workgroup(call)
    if found.state != "ENABLED":
        raise _invalid(words.DISABLED(name=found.name))
    querier = Querier(signer, call.account, call.region)
    place = _place(call, found.configuration)
    if place:
        _verify_bucket(querier, place)
    sql = call.get("QueryString", "")
    statement = parse(sql)
    if statement is None:
        raise _invalid(f"line 1:1: mismatched input '{sql.split(' ')[0]}'. Expecting: {_STATEMENTS}")
    limit = found.configuration.get("BytesScannedCutoffPerQuery") or _UNLIMITED
    states = ["QUEUED", "RUNNING", "RUNNING"] if isinstance(statement, Count) else ["QUEUED", "RUNNING"]
    return _Query(str(uuid4()), sql, statement, querier, found.name, place, limit, states)


def _place(call: IncomingCall, settings: Mapping[str, Any]) -> str:
    """https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html"""
    if settings.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
        return ""
    own = settings.get("ResultConfiguration", {}).get("OutputLocation", "")
    asked = call.get("ResultConfiguration.OutputLocation", "")
    place: str = own if settings.get("EnforceWorkGroupConfiguration") or not asked else asked
    if not place:
        raise _invalid(words.NO_RESULT_LOCATION())
    return place


def _verify_bucket(querier: Querier, place: str) -> None:
    name = place.removeprefix("s3://").partition("/")[0]
    try:
        querier.may("s3", "GetBucketLocation", Bucket=name)
    except AwsError as error:
        raise _invalid(words.NO_RESULT_BUCKET(bucket=name)) from error
    if find_bucket(name) is None:
        raise _invalid(words.NO_RESULT_BUCKET(bucket=name))


def _get(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    query = _known(call)
    now = query.step()
    status: dict[str, Any] = {"State": now} | ({"StateChangeReason": query.reason} if query.reason else {})
    if now == "FAILED":
        status["AthenaError"] = {"ErrorCategory": 2, "ErrorMessage": query.reason, "Retryable": False}
    shown = {"QueryExecutionId": query.id, "Query": query.sql, "WorkGroup": query.workgroup, "Status": status}
    return {"QueryExecution": shown | ({"ResultConfiguration": {"OutputLocation": query.url}} if query.url else {})}


def _results(call: IncomingCall, signer: Signer) -> Mapping[str, Any]:
    """https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html (it takes s3:GetObject, too)"""
    query = _known(call)
    if query.states != ["SUCCEEDED"]:
        raise _invalid(f"Query did not finish successfully. Final query state: {query.states[-1]}")
    if query.place:
        bucket, _, key = query.url.removeprefix("s3://").partition("/")
        reader = Querier(signer, call.account, call.region)
        try:
            reader.may("s3", "GetObject", Bucket=bucket, Key=key)
        except AwsError as error:
            raise AwsError("AccessDeniedException", error.message) from error
    rows = [["rows_read"], [str(query.result)]] if isinstance(query.statement, Count) else []
    shown = [{"Data": [{"VarCharValue": value} for value in row]} for row in rows]
    return {"ResultSet": {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": []}}, "UpdateCount": 0}


def _stop(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    query = _known(call)
    if query.states[-1] == "RUNNING":
        query.states = ["CANCELLED"]
    return {}


def _known(call: IncomingCall) -> _Query:
    name = call.get("QueryExecutionId", "")
    found = _queries.get(name)
    if found is None or (found.querier.account, found.querier.region) != (call.account, call.region):
        raise _invalid(f"QueryExecution {name} was not found")
    return found


def _workgroup(call: IncomingCall) -> WorkGroup:
    name = call.get("WorkGroup") or "primary"
    found = athena_backends[call.account][call.region].work_groups.get(name)
    if found is None:
        raise _invalid(words.NO_WORKGROUP(name=name))
    return found


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidRequestException", text)
