"""AWS's errors, each in the form that the service's protocol gives it."""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

REQUEST_ID = "5a6d8c1e-0000-4000-8000-00000000feed"

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
    content_type: str
    body: bytes


def render(error: AwsError, service: str) -> Answer:
    """The error as the service's clients read it. Services not named above speak JSON."""
    if service not in _XML:
        body = json.dumps({"__type": error.code, "message": error.message})
        return Answer(error.status, "application/x-amz-json-1.1", body.encode())
    text = _XML[service].format(
        code=error.code, message=escape(error.message), request_id=REQUEST_ID
    )
    return Answer(error.status, "text/xml", text.encode())


def access_denied(service: str, message: str) -> AwsError:
    """A refusal by IAM.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if service == "ec2":
        prefix = "You are not authorized to perform this operation. "
        return AwsError("UnauthorizedOperation", prefix + message, 403)
    if service in _XML:
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 400)


def throttling(service: str) -> AwsError:
    """A refusal because of too many calls."""
    if service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    if service == "s3":
        return AwsError("SlowDown", "Please reduce your request rate.", 503)
    return AwsError("Throttling" if service in _XML else "ThrottlingException", "Rate exceeded")
