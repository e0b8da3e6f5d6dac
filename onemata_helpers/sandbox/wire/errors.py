"""AWS's errors, each in the form that the service's protocol gives it."""

import json
from dataclasses import dataclass
from uuid import uuid4
from xml.sax.saxutils import escape

_QUERY = (
    '<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error>'
    "<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "<RequestId>{request_id}</RequestId></ErrorResponse>"
)
_EC2 = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>{code}</Code>'
    "<Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
)
_S3 = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
    "<Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
)
_REST = ("access-analyzer",)
_XML = {"iam": _QUERY, "sts": _QUERY, "redshift": _QUERY, "ec2": _EC2, "s3": _S3}


class AwsError(Exception):
    """An error that AWS answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What goes back over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def render(error: AwsError, service: str) -> Answer:
    """The error as the service's clients read it. Services not named above speak JSON."""
    request_id = str(uuid4())
    kind, body = "application/x-amz-json-1.1", json.dumps({"__type": error.code, "message": error.message})
    if service in _XML:
        kind, message = "text/xml", escape(error.message)
        body = _XML[service].format(code=error.code, message=message, request_id=request_id)
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request_id), ("x-amz-request-id", request_id)]
    return Answer(error.status, headers, body.encode())


def access_denied(service: str, message: str) -> AwsError:
    """A refusal by IAM.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if service == "ec2":
        prefix = "You are not authorized to perform this operation. "
        return AwsError("UnauthorizedOperation", prefix + message, 403)
    if service in _XML:
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 403 if service in _REST else 400)


def throttling(service: str) -> AwsError:
    """A refusal because of too many calls."""
    if service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    if service == "s3":
        return AwsError("SlowDown", "Please reduce your request rate.", 503)
    return AwsError("Throttling" if service in _XML else "ThrottlingException", "Rate exceeded")
