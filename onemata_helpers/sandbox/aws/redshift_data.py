"""The Redshift Data API: exactly the statements that the runbooks send, state by state.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/Welcome.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.redshift.exceptions import ClusterNotFoundError
from moto.redshift.models import Cluster, redshift_backends
from moto.secretsmanager.models import secretsmanager_backends

from ...aws_words import redshift as words
from ..iam.needs_redshift_data import target_arn
from ..iam.signer import Signer
from ..serverless import Workgroup
from ..state import state
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from .copy_noload import Copy, Database, SqlError
from .own_services import serve

_CREATE = "CREATE TEMP TABLE onemata_probe (line VARCHAR(65535));"
_LONGEST_SESSION = 86400


@dataclass
class _Session:
    """A connection to a database, or why there is none. A temporary table lives as long as it does."""

    database: Database
    refusal: str
    has_table: bool = False

    def execute(self, sql: str, *, in_transaction: bool) -> None:
        """Carry one statement out. Raises SqlError."""
        copy = Copy.parse(sql)
        if self.refusal:
            raise SqlError(self.refusal)
        if sql == _CREATE and not self.has_table:
            self.has_table = True
        elif copy is None:
            raise SqlError(f'syntax error at or near "{sql[:20]}"')
        elif in_transaction and state.no_copy_in_transactions:
            raise SqlError(f"COPY NOLOAD {words.NOT_IN_A_TRANSACTION()}")
        elif not self.has_table:
            raise SqlError('Cannot COPY into nonexistent table "onemata_probe"')
        else:
            copy.run(self.database)


@dataclass
class _Statement:
    """What was sent, and where. It is carried out when it has been looked at so often that it is due."""

    id: str
    place: tuple[str, str]
    session: _Session
    sqls: list[str]
    is_batch: bool
    states: list[str] = field(default_factory=lambda: ["SUBMITTED", "STARTED", "STARTED"])
    errors: list[str] = field(default_factory=list)

    def step(self) -> str:
        """The state now; the next look finds the next one."""
        if len(self.states) > 1:
            return self.states.pop(0)
        if self.states == ["STARTED"] and not state.statements_hang:
            self._carry_out()
        return self.states[0]

    def _carry_out(self) -> None:
        self.states = ["FINISHED"]
        for sql in self.sqls:
            try:
                self.session.execute(sql, in_transaction=self.is_batch)
                self.errors.append("")
            except SqlError as error:
                self.errors.append(f"ERROR: {error}")
                self.states = ["FAILED"]
                return


_statements: dict[str, _Statement] = {}
_sessions: dict[str, _Session] = {}


def install() -> None:
    """Let the sandbox answer for the Data API, with no statement sent yet."""
    _statements.clear()
    _sessions.clear()
    serve(
        "redshift-data",
        {
            "BatchExecuteStatement": _batch,
            "ExecuteStatement": _one,
            "DescribeStatement": _describe,
            "CancelStatement": _cancel,
        },
    )


def _batch(call: IncomingCall, signer: Signer) -> Mapping[str, Any]:
    sqls = list(call.get("Sqls", []))
    if not 1 <= len(sqls) <= 40:
        raise AwsError("ValidationException", "Sqls must have 1 to 40 statements.")
    return _sent(call, signer, _opened(call, signer), sqls, is_batch=True)


def _one(call: IncomingCall, signer: Signer) -> Mapping[str, Any]:
    known = call.get("SessionId")
    if known and not _is_here(known, call):
        raise AwsError("ValidationException", "Session is not available.")
    if known and (call.get("Database") or call.get("ClusterIdentifier") or call.get("WorkgroupName")):
        raise AwsError("ValidationException", "SessionId goes with no other connection parameter.")
    session = _sessions[known] if known else _opened(call, signer)
    answer = _sent(call, signer, session, [call.get("Sql", "")], is_batch=False)
    if known or not call.get("SessionKeepAliveSeconds"):
        return answer
    session_id = str(known or uuid4())
    _sessions[session_id] = session
    state.data_sessions[session_id] = (target_arn(call), _user_id(signer))
    return {**answer, "SessionId": session_id}


def _sent(
    call: IncomingCall, signer: Signer, session: _Session, sqls: list[str], *, is_batch: bool
) -> Mapping[str, Any]:
    if len(call.get("StatementName", "")) > 500 or int(call.get("SessionKeepAliveSeconds", 0)) > _LONGEST_SESSION:
        raise AwsError("ValidationException", "StatementName or SessionKeepAliveSeconds is too long.")
    statement = _Statement(str(uuid4()), (call.account, call.region), session, sqls, is_batch)
    _statements[statement.id] = statement
    state.statement_owners[statement.id] = _user_id(signer)
    return {"Id": statement.id, "CreatedAt": datetime.now(UTC), "Database": call.get("Database", "")}


def _describe(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    statement = _known(call)
    status = statement.step()
    error = next(filter(None, statement.errors), "")
    answer = {"Id": statement.id, "Status": status, "HasResultSet": False} | ({"Error": error} if error else {})
    return answer | ({"SubStatements": _parts(statement, status)} if statement.is_batch else {})


def _parts(statement: _Statement, status: str) -> list[dict[str, Any]]:
    """Each statement of a batch; what comes after one that failed was never run."""
    parts = []
    for number, sql in enumerate(statement.sqls):
        error = statement.errors[number] if number < len(statement.errors) else None
        ended = "ABORTED" if error is None else "FAILED" if error else "FINISHED"
        shown = ended if status in ("FINISHED", "FAILED") else status
        part = {"Id": f"{statement.id}:{number + 1}", "Status": shown, "QueryString": sql}
        parts.append(part | ({"Error": error} if error else {}))
    return parts


def _cancel(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    statement = _known(call)
    if statement.states[-1] != "STARTED":
        raise AwsError(
            "ValidationException", f"Could not cancel a query that is already in {statement.states[0]} state."
        )
    statement.states = ["ABORTED"]
    return {"Status": True}


def _is_here(session_id: str, call: IncomingCall) -> bool:
    session = _sessions.get(session_id)
    return session is not None and (session.database.account, session.database.region) == (call.account, call.region)


def _known(call: IncomingCall) -> _Statement:
    found = _statements.get(call.get("Id", ""))
    if found is None or found.place != (call.account, call.region):
        raise AwsError("ResourceNotFoundException", "Query does not exist.")
    return found


def _opened(call: IncomingCall, signer: Signer) -> _Session:
    """A connection to the database that the call names. Its login is tried with the first statement."""
    if bool(call.get("ClusterIdentifier")) == bool(call.get("WorkgroupName")):
        raise AwsError("ValidationException", "Either ClusterIdentifier or WorkgroupName must be provided.")
    user = call.get("DbUser") or _user_of_secret(call) or _user_of(signer)
    database, first = _in_workgroup(call, user) if call.get("WorkgroupName") else _in_cluster(call, user)
    return _Session(database, _refusal(database, call.get("Database", ""), first))


def _in_cluster(call: IncomingCall, user: str) -> tuple[Database, str]:
    """The user's place in the cluster, and the name of the database that is there."""
    cluster = _cluster(call, call.get("ClusterIdentifier", ""))
    states: dict[str, str] = {each["IamRoleArn"]: each["ApplyStatus"] for each in cluster.iam_roles}
    roles = tuple(arn for arn, applied in states.items() if applied == "in-sync")
    superuser = user == cluster.master_username
    return Database(cluster.cluster_identifier, call.region, call.account, user, superuser, roles), cluster.db_name


def _in_workgroup(call: IncomingCall, user: str) -> tuple[Database, str]:
    """The same in a workgroup, which knows no users but IAM's and those of secrets."""
    if call.get("DbUser"):
        raise AwsError("ValidationException", "DbUser goes with no workgroup.")
    found = _workgroup(call, call.get("WorkgroupName", ""))
    roles, superuser = found.namespace.usable_roles, user == found.namespace.admin
    return (
        Database(found.name, call.region, call.account, user, superuser, roles, found.id),
        found.namespace.database,
    )


def _refusal(database: Database, asked: str, there: str) -> str:
    """IAM identities get a database user when they first come; others must be there."""
    if asked != there:
        return f"FATAL: {words.NO_DATABASE(database=asked)}"
    known = database.superuser or database.user.startswith(("IAM:", "IAMR:"))
    return "" if known else f"FATAL: {words.NO_LOGIN(user=database.user)}"


def _user_of(signer: Signer) -> str:
    """https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html"""
    kind, *names = signer.caller.arn.split(":")[5].split("/")
    return f"IAMR:{names[0]}" if kind == "assumed-role" else f"IAM:{names[-1] if names else kind}"


def _user_of_secret(call: IncomingCall) -> str:
    arn = call.get("SecretArn")
    if not arn:
        return ""
    secrets = secretsmanager_backends[call.account][call.region].secrets
    if arn not in secrets:
        raise AwsError("ValidationException", "Secrets Manager can't find the specified secret.")
    text = secretsmanager_backends[call.account][call.region].get_secret_value(arn, "", "")["SecretString"]
    return str(json.loads(text)["username"])


def _user_id(signer: Signer) -> str:
    return signer.context["aws:userid"][0]


def _cluster(call: IncomingCall, name: str) -> Cluster:
    try:
        cluster: Cluster = redshift_backends[call.account][call.region].describe_clusters(name)[0]
    except ClusterNotFoundError as error:
        raise AwsError("ValidationException", "Redshift endpoint doesn't exist in this region.") from error
    if cluster.status != "available":
        raise AwsError("ValidationException", f"The cluster {name} is {cluster.status}, and not available.")
    return cluster


def _workgroup(call: IncomingCall, name: str) -> Workgroup:
    found = state.serverless[call.account, call.region].workgroups.get(name)
    if found is None:
        raise AwsError("ValidationException", "Redshift endpoint doesn't exist in this region.")
    if found.status != "AVAILABLE":
        raise AwsError("ValidationException", f"The workgroup {name} is {found.status}, and not AVAILABLE.")
    return found
