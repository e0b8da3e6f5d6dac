"""Every AWS call that a session makes, as the record keeps it. Arguments are not kept: they are in the plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import boto3

from .frozen import Frozen
from .redaction import foreign
from .text import one_line

# An operation that is not known to read counts as a write, so that "no writes" is never said too soon.
_READS = ("Get", "List", "Describe", "Filter", "Simulate", "Head", "Validate", "Check", "AssumeRole")


# SendCommand runs a script on an instance, and the Data API statements in a database; the comment or name, which the
# client sees, says when that only reads.
_NAMED = {
    "ssm.SendCommand": "Comment",
    "redshift-data.BatchExecuteStatement": "StatementName",
    "redshift-data.ExecuteStatement": "StatementName",
}
READS_ONLY = "Onemata reads"


BeforeRequest = Callable[[bool], None] | None


class ApiCall(Frozen):
    """One answered (or failed) call: when it began (UTC), what it was, how often it was tried, how it ended."""

    time: str
    service: str
    operation: str
    access: Literal["read", "write"]
    request_id: str
    attempts: int
    seconds: float
    error: str = ""


def watch(session: boto3.Session, on_call: Callable[[ApiCall], None], before_request: BeforeRequest = None) -> None:
    """Have `on_call` called after each call of the clients that `session` makes from now on.

    `before_request` is called before each time that one is sent, and told whether it writes. If it raises, it is not.
    """

    def ask(request: Any, operation_name: str, **_: Any) -> None:
        if before_request:
            before_request(_access(operation_name, request.context) == "write")

    def before(context: dict[str, Any], **_: Any) -> None:
        context["onemata_started"] = (datetime.now(UTC), time.monotonic())

    def after(model: Any, context: dict[str, Any], parsed: dict[str, Any], **_: Any) -> None:
        metadata = parsed.get("ResponseMetadata", {})
        error = parsed.get("Error")
        # To DescribeStatement of the Data API, `Error` is a statement's, and a text.
        on_call(_api_call(model, context, metadata, error.get("Code", "") if isinstance(error, dict) else ""))

    def failed(exception: Exception, context: dict[str, Any], **_: Any) -> None:
        on_call(_api_call(context["onemata_model"], context, {}, type(exception).__name__))

    def note_reading(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        named = _NAMED[f"{model.service_model.service_name}.{model.name}"]
        context["onemata_reads"] = params.get(named, "").startswith(READS_ONLY)

    def keep_model(model: Any, context: dict[str, Any], **_: Any) -> None:
        context["onemata_model"] = model

    for operation in _NAMED:
        session.events.register(f"before-parameter-build.{operation}", note_reading)
    session.events.register("before-call", keep_model)
    session.events.register("before-call", before)
    session.events.register("request-created", ask)
    session.events.register("after-call", after)
    session.events.register("after-call-error", failed)


def _api_call(model: Any, context: dict[str, Any], metadata: dict[str, Any], error: str) -> ApiCall:
    began, clock = context["onemata_started"]
    return ApiCall(
        time=began.isoformat(timespec="milliseconds"),
        service=model.service_model.service_name,
        operation=model.name,
        access=_access(model.name, context),
        request_id=_short(metadata.get("RequestId", "")),
        attempts=metadata.get("RetryAttempts", 0) + 1,
        seconds=round(time.monotonic() - clock, 3),
        error=_short(error),
    )


def _access(operation: str, context: dict[str, Any]) -> Literal["read", "write"]:
    return "read" if operation.startswith(_READS) or context.get("onemata_reads") else "write"


def _short(text: object) -> str:
    """A header or a code as whatever answered gave it."""
    return one_line(foreign(str(text)), 100)
