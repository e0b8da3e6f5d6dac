"""What a request asks for: its operation and parameters, read with botocore's own models."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from .errors import AwsError
from .signature import Message

SERVICES = {
    each: each
    for each in (
        "athena", "ec2", "glue", "iam", "kms", "logs", "redshift", "redshift-data", "redshift-serverless",
        "s3", "secretsmanager", "ssm", "sts",
    )
} | {"access-analyzer": "accessanalyzer"}  # fmt: skip
"""The services of the sandbox as they sign and as policies name them, each with botocore's name for it."""

Environ = dict[str, Any]


@dataclass(frozen=True)
class IncomingCall:
    """An API operation as the caller asks for it."""

    service: str
    operation: str
    params: Mapping[str, Any]
    account: str
    region: str

    def get(self, path: str, default: Any = None) -> Any:
        """A parameter; a dot in the path steps into a structure."""
        value: Any = self.params
        for name in path.split("."):
            if not isinstance(value, Mapping) or value.get(name) is None:
                return default
            value = value[name]
        return value


def read_message(environ: Environ) -> Message:
    """The parts of the request that its signature covers. The body can be read again after."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    path, _, query = environ["RAW_URI"].partition("?")
    return Message(environ["REQUEST_METHOD"], path, query, _headers(environ), body)


def read_call(environ: Environ, message: Message, service: str, account: str, region: str) -> IncomingCall:
    """The operation and its parameters. Raises AWS's error for an unknown one."""
    if service not in SERVICES:
        raise AwsError("UnknownOperationException", f"The sandbox has no {service}.", 404)
    request = Request(environ | {"wsgi.input": io.BytesIO(message.body)})
    try:
        operation, labels = get_service_router(SERVICES[service]).match(request)
    except (NotFound, NotImplementedError) as error:
        raise AwsError("InvalidAction", "Could not find this operation.", 400) from error
    protocol = determine_request_protocol(get_service_model(SERVICES[service]), request.content_type)
    params = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": message.body,
            "url_path": request.path,
            "url_params": labels,
        }
    )
    return IncomingCall(service, operation.name, {**params, **labels}, account, region)


def _headers(environ: Environ) -> dict[str, str]:
    """The request's headers by name in lower case."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH", "CONTENT_MD5"):
        if name in environ:
            headers.setdefault(name.replace("_", "-").lower(), environ[name])
    return headers
