"""Why the bucket for the records does not do what it is asked, and who does what about it.

It is the operator's own, or their company's, and no client's: what helps is said apart from `refusal`.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from .errors import WHAT_ANSWERS
from .redaction import foreign
from .refusal import DENIED_BY, SIGN_IN_PROBLEMS, in_awss_words, unanswered, without_words
from .text import one_line

# What botocore lets through where it wants a code of MFA typed and nobody is there.
_NO_CODE = (EOFError, NotImplementedError)
FAILURES = (ClientError, BotoCoreError, *_NO_CODE)
"""What a call of S3 may raise."""


class NotOfS3(BotoCoreError):
    """A page with status 200, which botocore takes for a success."""

    fmt = "it has no ETag"


_CHAIN = "(`aws sso login`, the environment, or --records-profile NAME)"
_SIGN_IN = f"the engineer signs in for this bucket {_CHAIN}, and runs it again"
_OTHERS = f"the engineer signs in for this bucket with other credentials {_CHAIN}, and runs it again"
_RIGHTS = (
    "whoever runs the bucket gives these credentials the right to s3:ListBucket on it, and to s3:PutObject and "
    "s3:GetObject on what is in it; or the engineer names others with --records-profile"
)
_NO_BUCKET = "the engineer corrects --records, or has the bucket made"
_REGION = "the engineer sets the region of the bucket (`region` of that profile, or AWS_REGION), and runs it again"
_ANY = "the engineer corrects what AWS's message names (--records, --records-profile), and runs it again"
_EXPIRED = "these credentials have expired"
_UNKNOWN = "AWS does not know these credentials"
_ELSEWHERE = "the bucket is in another region, or is asked for at another address"
_LATER = "the engineer runs it again later"

_SAID: dict[str, tuple[str, str]] = {
    "ExpiredToken": (_EXPIRED, _SIGN_IN),
    "TokenRefreshRequired": (_EXPIRED, _SIGN_IN),
    "InvalidToken": (_UNKNOWN, _OTHERS),
    "InvalidAccessKeyId": (_UNKNOWN, _OTHERS),
    "SignatureDoesNotMatch": ("the secret does not fit the key", _OTHERS),
    "AccessDenied": ("these credentials may not do that", _RIGHTS),
    "AllAccessDisabled": ("all access to it is switched off", "whoever runs the bucket asks AWS why"),
    "NoSuchBucket": ("there is no such bucket", _NO_BUCKET),
    "InvalidBucketName": ("this cannot be a bucket's name", _NO_BUCKET),
    "PermanentRedirect": (_ELSEWHERE, _REGION),
    "AuthorizationHeaderMalformed": (_ELSEWHERE, _REGION),
    "IllegalLocationConstraintException": (_ELSEWHERE, _REGION),
    "RequestTimeTooSkewed": ("this computer's clock differs from AWS's", "the engineer corrects it, and runs it again"),
    "SlowDown": ("S3 limits the calls to this bucket", _LATER),
    "InternalError": ("this is an error within AWS", _LATER),
    "ServiceUnavailable": ("this is an error within AWS", _LATER),
}


def code_of(error: Exception) -> str:
    """S3's word for what went wrong; empty if it is not S3 that says so."""
    return str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else ""


def of_one_object(error: Exception) -> bool:
    """Whether S3 refused this object, and perhaps no other. It says so at once, so that others can be asked for."""
    code = code_of(error)
    return code in ("AccessDenied", "InvalidObjectState", "MethodNotAllowed", "NoSuchKey") or code.startswith("KMS.")


def bucket_refusal(error: Exception) -> tuple[str, str]:
    """What happened, with AWS's own words, and who does what about it."""
    if isinstance(error, _NO_CODE):
        return (
            "a code of MFA is asked for, and nobody can type one here",
            "the engineer runs it in a terminal, or signs in with credentials that need none",
        )
    if isinstance(error, ClientError):
        return _refused(error)
    said = one_line(foreign(str(error)))
    if isinstance(error, (NotOfS3, KeyError)):
        return _not_of_s3(said)
    if isinstance(error, boto.NoCredentialsError):
        return f"there are no credentials for this bucket at all: {said}", _SIGN_IN
    if isinstance(error, SIGN_IN_PROBLEMS):
        return f"the credentials for this bucket cannot be used: {said}", _SIGN_IN
    return unanswered(error) if isinstance(error, BotoCoreError) else _not_of_s3(said)


def _not_of_s3(said: str) -> tuple[str, str]:
    return f"the answer is not one of S3's: {said}", WHAT_ANSWERS


def _refused(error: ClientError) -> tuple[str, str]:
    if not in_awss_words(error):
        return _not_of_s3(one_line(foreign(without_words(error))))
    words = one_line(foreign(str(error)))
    what, who = _SAID.get(code_of(error), ("", _ANY))
    if any(kind in words.lower() for kind in DENIED_BY):
        who = (
            "whoever runs the bucket, or the account of these credentials, changes the policy that AWS's message names"
        )
    return f"{what}: {words}" if what else words, who
