"""What boto3 makes when a service is first called, made ahead: by a call that is not sent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from .errors import OddAnswer
from .session import Aws, sandbox_session

_NOWHERE = "http://127.0.0.1:9"


def practise(calls: Mapping[str, str]) -> None:
    """Call an operation of each service, as nobody. Nothing of the user's is read for that, and nothing is sent."""
    session = sandbox_session("nobody", "nothing", None, "us-east-1")
    session.events.register("before-send", _refusal)
    aws = Aws(session, tuple(calls), lambda _: None, _NOWHERE)
    for api, operation in calls.items():
        with suppress(ClientError, OddAnswer):
            aws.client(api).can_paginate(operation)
            aws.call(api, operation)


def _refusal(request: AWSPreparedRequest, **_: object) -> Any:
    """An answer in place of AWS's, given before anything is sent."""
    return AWSResponse(request.url, HTTPStatus.BAD_REQUEST, HTTPHeaders(), HTTPResponse(BytesIO()))
