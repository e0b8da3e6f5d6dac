"""What the sandbox answers itself, operation by operation, where moto has nothing or is too kind.

For services that speak JSON. A handler gets the call and who makes it, and gives back the answer in AWS's names, or
raises AwsError.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from ..iam.signer import Signer
from ..wire.errors import Answer, AwsError, render
from ..wire.incoming_call import Environ, IncomingCall

Handler = Callable[[IncomingCall, Signer], Mapping[str, Any]]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

CALL, SIGNER = "onemata.call", "onemata.signer"
"""Where the gate leaves the call and who makes it, in the WSGI environment."""

_handlers: dict[tuple[str, str], Handler] = {}


def serve(service: str, handlers: Mapping[str, Handler]) -> None:
    """Answer these operations of a service."""
    _handlers.update({(service, operation): handler for operation, handler in handlers.items()})


class OwnServices:
    """WSGI: answers the calls that have a handler here, and leaves all others to `app`."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        call: IncomingCall = environ[CALL]
        handler = _handlers.get((call.service, call.operation))
        if handler is None:
            return self._app(environ, start_response)
        answer = _answer(handler, call, environ[SIGNER])
        start_response(f"{answer.status} {'OK' if answer.status < 400 else 'Refused'}", answer.headers)
        return [answer.body]


def _answer(handler: Handler, call: IncomingCall, signer: Signer) -> Answer:
    try:
        body = json.dumps(handler(call, signer), default=_moment).encode()
    except AwsError as error:
        return render(error, call.service)
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("x-amzn-RequestId", str(uuid4())),
        ("Content-Length", str(len(body))),
    ]
    return Answer(200, headers, body)


def _moment(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} cannot be answered with")
