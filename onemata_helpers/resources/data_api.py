"""Run statements in a Redshift database by the Data API, and hear how they ended.

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from ..answers import Answer, Plain, misfit
from ..aws_words.redshift import NOT_IN_A_TRANSACTION
from ..errors import OddAnswer
from ..plan import Call
from ..session import Aws
from ..wait import Wait
from .base import Permission
from .followed import followed
from .role_state import same_thing

SERVICE: Final = "redshift-data"
# A session is kept for the second of two statements, and ends by itself.
_KEEP_SECONDS = 120
_UNDER_WAY = ("SUBMITTED", "PICKED", "STARTED")


@dataclass(frozen=True)
class Target:
    """A cluster or workgroup in which statements run, and as whom.

    `name` is like `cluster x`, `address` the Data API's own argument for it, like `{"ClusterIdentifier": "x"}`.
    With neither `user` nor `secret_arn` they run as the operator's IAM identity.
    """

    name: str
    address: Mapping[str, str]
    database: str
    user: str = ""
    secret_arn: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """Where and as whom, in the Data API's names."""
        login = {"DbUser": self.user, "SecretArn": self.secret_arn}
        return {**self.address, "Database": self.database, **{key: value for key, value in login.items() if value}}


@dataclass(frozen=True)
class Ended:
    """How statements ended (`FINISHED`, `FAILED`, `ABORTED`), or what state they were left in, and AWS's words."""

    status: str
    said: str

    @property
    def in_order(self) -> bool:
        """Whether every statement was carried out."""
        return self.status == "FINISHED" and not self.said

    @property
    def under_way(self) -> bool:
        """Whether they had not ended when the time was up."""
        return self.status in _UNDER_WAY

    @property
    def is_over(self) -> bool:
        """Whether they are known to have ended."""
        return not self.under_way


def permissions(target_arn: str) -> tuple[Permission, ...]:
    """What running statements takes. What became of a statement is told only to who has sent it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
    """
    sending = ("redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement")
    following = ("redshift-data:CancelStatement", "redshift-data:DescribeStatement")
    return (
        Permission(sending, (target_arn,)),
        Permission(following, owner_key="redshift-data:statement-owner-iam-userid"),
    )


def in_a_batch(target: Target, statements: tuple[str, str], purpose: str) -> tuple[Call, ...]:
    """The call that runs the statements as one transaction, in a session of their own."""
    arguments = {**target.arguments, "Sqls": list(statements), "StatementName": purpose}
    return (Call(service=SERVICE, operation="batch_execute_statement", arguments=arguments),)


def in_a_session(target: Target, statements: tuple[str, str], purpose: str) -> tuple[Call, ...]:
    """The calls that run them one by one. The second gets the session's id, which AWS gives to the first."""
    first, second = ({"Sql": each, "StatementName": purpose} for each in statements)
    opening = {**target.arguments, **first, "SessionKeepAliveSeconds": _KEEP_SECONDS}
    return tuple(
        Call(service=SERVICE, operation="execute_statement", arguments=arguments) for arguments in (opening, second)
    )


def carried_out(aws: Aws, batch: tuple[Call, ...], session: tuple[Call, ...], wait: Wait) -> Ended:
    """How the statements ended: as a batch, or one by one where AWS does not take the batch.

    Raises as `Aws.call` does, and OddAnswer if the answers are not the Data API's.
    """
    exceptions = aws.client(SERVICE).exceptions
    try:
        ended = _run(aws, batch, wait)
    except (exceptions.ValidationException, exceptions.BatchExecuteStatementException):
        return _run(aws, session, wait)
    return _run(aws, session, wait) if NOT_IN_A_TRANSACTION.within(ended.said) else ended


def _run(aws: Aws, calls: tuple[Call, ...], wait: Wait) -> Ended:
    """Call after call in one session, up to the first that does not end well."""
    ended, session = Ended("FINISHED", ""), dict[str, str]()
    for call in calls:
        sent = _send(aws, call, session)
        ended = _followed(aws, sent.id, wait)
        if not ended.in_order:
            return ended
        session = {"SessionId": sent.session_id}
    return ended


class _Sent(Answer):
    # https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_ExecuteStatement.html
    id: Plain
    session_id: Plain = ""


class _Session(_Sent):
    session_id: Plain


class _Part(Answer):
    status: Plain
    error: str = ""


class _Statement(_Part):
    # https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_DescribeStatement.html
    id: Plain
    sub_statements: list[_Part] | None = None


def _send(aws: Aws, call: Call, session: Mapping[str, str]) -> _Sent:
    answer = aws.call(call.service, call.operation, **call.arguments, **session)
    try:
        return (_Session if "SessionKeepAliveSeconds" in call.arguments else _Sent).model_validate(answer)
    except ValidationError as error:
        raise OddAnswer(f"{call}", misfit(error)) from None


def _followed(aws: Aws, statement_id: str, wait: Wait) -> Ended:
    return followed(
        "the statement runs in Redshift",
        lambda: _described(aws, statement_id),
        lambda: _cancel(aws, statement_id),
        wait,
    )


def _described(aws: Aws, statement_id: str) -> Ended:
    found = aws.ask(SERVICE, "describe_statement", _Statement, Id=statement_id)
    same_thing("redshift-data:DescribeStatement", found.id, statement_id)
    parts = found.sub_statements or []
    unfinished = [f"A part of it is {each.status}." for each in parts if each.status != "FINISHED" and not each.error]
    said = [found.error, *(each.error for each in parts), *(unfinished if found.status == "FINISHED" else ())]
    return Ended(found.status, "\n".join(dict.fromkeys(filter(None, said))))


def _cancel(aws: Aws, statement_id: str) -> None:
    """A statement that ended just now cannot be cancelled, and need not be."""
    with suppress(aws.client(SERVICE).exceptions.ValidationException):
        aws.call(SERVICE, "cancel_statement", Id=statement_id)
