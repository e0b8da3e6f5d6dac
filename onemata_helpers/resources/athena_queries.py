"""Run statements in Athena, and hear how they ended.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ..answers import Answer, Plain
from ..errors import OddAnswer
from ..plan import Call
from ..session import Aws
from ..wait import Wait
from .followed import followed
from .role_state import same_thing

SERVICE: Final = "athena"
_CATALOG = "AwsDataCatalog"
_REFUSED: Final = "REFUSED"
_UNDER_WAY = ("QUEUED", "RUNNING")
# With one of these Athena says why a statement may not run, or its result not be read, in words to be judged.
_JUDGED = ("InvalidRequestException", "AccessDeniedException")


@dataclass(frozen=True)
class Ended:
    """How a statement ended (`SUCCEEDED`, `FAILED`, `CANCELLED`), or what state it was left in, and AWS's words.

    It is `REFUSED` where Athena would not begin it, or not tell its result. `number` is the one that a query gave.
    """

    status: str
    said: str = ""
    number: int | None = None

    @property
    def in_order(self) -> bool:
        """Whether it was carried out."""
        return self.status == "SUCCEEDED"

    @property
    def under_way(self) -> bool:
        """Whether it had not ended when the time was up."""
        return self.status in _UNDER_WAY

    @property
    def is_over(self) -> bool:
        """Whether it is known to have ended."""
        return not self.under_way and self.status != _REFUSED


def statement(workgroup: str, database: str, sql: str) -> Call:
    """The call that begins a statement. No older result is taken for its own, and no result location is made up."""
    arguments = {
        "QueryString": sql,
        "QueryExecutionContext": {"Catalog": _CATALOG, "Database": database},
        "WorkGroup": workgroup,
    }
    return Call(service=SERVICE, operation="start_query_execution", arguments=arguments)


def carried_out(aws: Aws, call: Call, wait: Wait, *, counts: bool = False) -> Ended:
    """How the statement ended, and with `counts` the one number that is its result.

    Athena is asked to stop it when the time is up, or whatever else keeps us from following it.
    Raises as `Aws.call` does, and OddAnswer if the answers are not Athena's.
    """
    sent = _asked(aws, call.operation, _Sent, **call.arguments)
    if isinstance(sent, Ended):
        return sent
    query_id = sent.query_execution_id
    ended = followed(
        "the statement runs in Athena", lambda: _described(aws, query_id), lambda: _stop(aws, query_id), wait
    )
    return _counted(aws, query_id) if ended.in_order and counts else ended


class _Sent(Answer):
    query_execution_id: Plain


class _Error(Answer):
    error_message: str = ""


class _Status(Answer):
    # https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html
    state: Plain
    state_change_reason: str = ""
    athena_error: _Error = _Error()


class _Execution(Answer):
    query_execution_id: Plain
    status: _Status


class _ExecutionAnswer(Answer):
    query_execution: _Execution


class _Datum(Answer):
    var_char_value: str = ""


class _Row(Answer):
    data: list[_Datum]


class _ResultSet(Answer):
    rows: list[_Row]


class _Results(Answer):
    # https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
    result_set: _ResultSet


AnswerForm = TypeVar("AnswerForm", bound=Answer)


def _asked(aws: Aws, operation: str, form: type[AnswerForm], **arguments: Any) -> AnswerForm | Ended:
    try:
        return aws.ask(SERVICE, operation, form, **arguments)
    except aws.client(SERVICE).exceptions.ClientError as error:
        said = error.response["Error"]
        if said["Code"] not in _JUDGED:
            raise
        return Ended(_REFUSED, f"{said['Code']}: {said.get('Message', '')}")


def _described(aws: Aws, query_id: str) -> Ended:
    answer = _asked(aws, "get_query_execution", _ExecutionAnswer, QueryExecutionId=query_id)
    if isinstance(answer, Ended):
        return answer
    found = answer.query_execution
    same_thing("athena:GetQueryExecution", found.query_execution_id, query_id)
    said = (found.status.state_change_reason, found.status.athena_error.error_message)
    return Ended(found.status.state, "\n".join(dict.fromkeys(filter(None, said))))


def _stop(aws: Aws, query_id: str) -> None:
    """What cannot be stopped has ended, or ends by itself."""
    with suppress(aws.client(SERVICE).exceptions.ClientError):
        aws.call(SERVICE, "stop_query_execution", QueryExecutionId=query_id)


def _counted(aws: Aws, query_id: str) -> Ended:
    """The number in the one row below the row of names. Only that form is a result of ours."""
    found = _asked(aws, "get_query_results", _Results, QueryExecutionId=query_id)
    if isinstance(found, Ended):
        return found
    match [[datum.var_char_value for datum in row.data] for row in found.result_set.rows]:
        case [[_], [number]] if number.isascii() and number.isdigit():
            return Ended("SUCCEEDED", number=int(number))
    raise OddAnswer("athena:GetQueryResults", "it is not one row with one number")
