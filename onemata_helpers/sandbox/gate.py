"""The way into the sandbox: a request reaches moto only if AWS would let it pass.

WSGI middleware that checks the signature, finds the caller, and weighs the policies.
"""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from .aws import iam_limits, strict_s3
from .aws.conditional_writes import OneWriteAtATime
from .aws.own_services import CALL, SIGNER, OwnServices
from .iam.authorizer import authorize
from .iam.needs_s3 import find_bucket
from .iam.signer import identify
from .state import state
from .wire.errors import Answer, AwsError, render
from .wire.incoming_call import Environ, IncomingCall, read_call, read_message
from .wire.signature import Message, Signed, check

Wsgi = Callable[[Environ, Any], Iterable[bytes]]

_CHECKS = {"iam": iam_limits.check, "s3": strict_s3.check}
_WITH_QUERIES = ("access-analyzer", "s3")
_LOCAL = re.compile(r"(127\.0\.0\.1|localhost):\d+")
_MOTO_ONLY = ("/moto-api", "/latest/", "/favicon.ico", "/v20180820/")
"""Paths that moto serves to whoever asks, whatever the service that the request is signed for."""


class Gate:
    """Lets through to `app` what AWS would let through, and answers the rest as AWS does."""

    def __init__(self, app: Wsgi) -> None:
        self._app = OwnServices(OneWriteAtATime(app))

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        message = read_message(environ)
        signed = Signed.parse(message.headers.get("authorization", ""))
        service = signed.service if signed else _guess_service(message)
        try:
            _check_form(message, service)
            if signed is None:
                raise _unsigned(service)
            call = self._admit(environ, message, signed)
            state.limits.take(call)
            answer = state.faults.carry_out(call, environ, start_response, self._app)
            if not isinstance(answer, Answer):
                return answer
        except AwsError as error:
            answer = render(error, service)
        except ConnectionAbortedError:
            raise
        except Exception as error:
            answer = render(_failure(error), service)
        return _respond(answer, start_response, message, service)

    def _admit(self, environ: Environ, message: Message, signed: Signed) -> IncomingCall:
        """The call; moto is told who calls. Raises AWS's error for who may not come in."""
        token = message.headers.get("x-amz-security-token")
        signer = identify(signed.key_id, token, service=signed.service)
        check(signed, signer.secret, message)
        account = signer.caller.account
        call = read_call(environ, message, signed.service, account, signed.region)
        authorize(signer, call)
        if call.service in _CHECKS:
            _CHECKS[call.service](call)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        environ["onemata.principal"] = signer.caller.arn
        environ[CALL], environ[SIGNER] = call, signer
        return call


def _check_form(message: Message, service: str) -> None:
    """Refuse what moto could understand in another way than the checks here do."""
    odd = message.query or "content-encoding" in message.headers
    elsewhere = not _LOCAL.fullmatch(message.headers.get("host", ""))
    if elsewhere or message.path.startswith(_MOTO_ONLY) or (odd and service not in _WITH_QUERIES):
        raise AwsError("InvalidRequest", "The sandbox does not serve this kind of request.", 400)


def _failure(error: Exception) -> AwsError:
    """What the sandbox cannot do, told to the caller. The status is one that nobody retries."""
    return AwsError("InternalFailure", f"The sandbox failed: {error!r}", 501)


def _unsigned(service: str) -> AwsError:
    if service == "s3":
        return AwsError("AccessDenied", "Access Denied", 403)
    return AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)


def _guess_service(message: Message) -> str:
    """The service that an unsigned request means, for the form of the answer."""
    if b"Action=" in message.body:
        return "sts"
    return "ssm" if "x-amz-target" in message.headers else "s3"


def _respond(answer: Answer, start_response: Any, message: Message, service: str) -> Iterable[bytes]:
    headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
    if service == "s3" and (bucket := find_bucket(message.path.split("/")[1])):
        # S3 tells the region of a bucket also to those who may not enter it.
        headers.append(("x-amz-bucket-region", bucket.region_name))
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    return [] if message.method == "HEAD" else [answer.body]
