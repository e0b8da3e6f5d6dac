"""Faults that tests order: what can happen to a call on its way to AWS and back."""

import re
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Literal

from .errors import Answer, AwsError, throttling
from .incoming_call import Environ, IncomingCall

Fault = Literal[
    "lost answer",  # the call is carried out, and the connection closed without an answer
    "no answer",  # the connection is closed before the call is carried out
    "html",  # a proxy's page, with status 200; the call is not carried out, here and below
    "bad gateway",  # a proxy's page, with status 502
    "empty",
    "binary",
    "long error",
    "throttled",
]
Hook = Callable[[IncomingCall], object]
"""What a test does when a call comes by."""

_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_ANSWERS = {
    "html": Answer(200, [("Content-Type", "text/html")], _PAGE),
    "bad gateway": Answer(502, [("Content-Type", "text/html")], _PAGE),
    "empty": Answer(200, [], b""),
    "binary": Answer(200, [("Content-Type", "application/octet-stream")], bytes(range(256))),
}
_OTHERS = ("lost answer", "no answer", "long error", "throttled")
_CODE = re.compile(r"[A-Z][A-Za-z.]+")
_STATUS = {"AccessDenied": 403, "InternalError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}
_LONG = 300_000


class Faults:
    """The faults and hooks that are ordered, by operation."""

    def __init__(self) -> None:
        self._ordered: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._lock = Lock()
        self._before: dict[str, list[Hook]] = defaultdict(list)
        self._after: dict[str, list[Hook]] = defaultdict(list)

    def order(self, operation: str, how: str, times: int, account: str = "") -> None:
        """Let the next calls of the operation, in this account or any, fail: a `Fault`, or the code of an AWS error.

        Raises ValueError for what is neither.
        """
        if how not in (*_ANSWERS, *_OTHERS) and not _CODE.fullmatch(how):
            raise ValueError(f"{how!r} is neither a fault nor the code of an AWS error.")
        self._ordered[operation] += [(how, account)] * times

    def before(self, operation: str, hook: Hook) -> None:
        """Call the hook before each call of the operation is carried out."""
        self._before[operation].append(hook)

    def after(self, operation: str, hook: Hook) -> None:
        """Call the hook after each call of the operation was carried out, before it is answered."""
        self._after[operation].append(hook)

    def carry_out(
        self, call: IncomingCall, environ: Environ, start_response: Any, app: Callable[..., Iterable[bytes]]
    ) -> Iterable[bytes] | Answer:
        """Carry the call out, or fail as ordered.

        Raises AwsError for an error that is ordered, and ConnectionAbortedError where there is no answer.
        """
        for hook in self._before[call.operation]:
            hook(call)
        fault = self._next(call)
        if fault not in ("", "lost answer"):
            return _fail(fault, call, environ)
        answer = app(environ, (lambda *_: None) if fault else start_response)
        for hook in self._after[call.operation]:
            hook(call)
        return _hang_up(environ) if fault else answer

    def _next(self, call: IncomingCall) -> str:
        """The fault that is ordered for this call, which then counts as done; empty if there is none."""
        with self._lock:
            ordered = self._ordered[call.operation]
            found = next((each for each in ordered if each[1] in ("", call.account)), None)
            if found is None:
                return ""
            ordered.remove(found)
            return found[0]


def _fail(fault: str, call: IncomingCall, environ: Environ) -> Answer:
    if fault == "no answer":
        _hang_up(environ)
    if fault == "throttled":
        raise throttling(call.service)
    if fault == "long error":
        raise AwsError("ValidationError", "x" * _LONG)
    if fault not in _ANSWERS:
        raise AwsError(fault, "The test ordered this error.", _STATUS.get(fault, 400))
    return _ANSWERS[fault]


def _hang_up(environ: Environ) -> Answer:
    """Close the connection. The server says nothing of a connection that broke."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("The test ordered this.")
