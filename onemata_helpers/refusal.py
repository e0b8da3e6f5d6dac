"""What AWS, or something between us and AWS, refused, and who does what about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import NameResolutionError

from .errors import WHAT_ANSWERS, AwsRefused, who_acts
from .redaction import foreign
from .text import one_line

_SIGN_IN = "the engineer signs in (`aws sso login`, aws_profile or the environment) and runs it again"
_ADMIN_ALLOWS = "the client's admin allows it for the operator (see `onemata permissions`)"
_CREDENTIALS = "the engineer checks aws_profile or the environment: AWS does not know these credentials"
_CLOCK = "the engineer corrects the clock of this computer, which differs from AWS's, and runs it again"
_LATER = "AWS is limiting calls to this account: the engineer runs it again later"
_AWS_FAULT = "this is an error within AWS: the engineer runs it again later"
_UNKNOWN = "the engineer corrects what AWS's message names, or asks the client's admin to, and runs it again"
_ENTRY = "the client's admin checks that the trust policy of operator_role_arn trusts this identity"

_WHO_ACTS = {
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "TokenRefreshRequired": _SIGN_IN,
    "RequestExpired": _SIGN_IN,  # what EC2 calls an expired token
    "UnauthorizedException": _SIGN_IN,
    "ForbiddenException": "the client's admin gives the engineer this account and role in IAM Identity Center",
    "InvalidClientTokenId": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "AuthFailure": _CREDENTIALS,
    "SignatureDoesNotMatch": "the engineer checks aws_profile: the secret does not fit the key",
    "InvalidSignatureException": "the engineer checks aws_profile: the secret does not fit the key",
    "RequestTimeTooSkewed": _CLOCK,
    "RequestInTheFuture": _CLOCK,
    "OptInRequired": "the client's admin activates the service or the region for the account",
    "RegionDisabledException": "the client's admin activates STS for the region",
    "LimitExceeded": "the client's admin deletes what is not needed, or requests a higher quota",
    "ClusterIamRoleQuotaExceeded": "the client's admin detaches a role that is not in use",
    "EntityAlreadyExists": "the engineer runs it again: it appeared after the plan was made",
    "InvalidClusterState": "the client's admin brings the cluster to the state 'available'; then run again",
    "Throttling": _LATER,
    "ThrottlingException": _LATER,
    "RequestLimitExceeded": _LATER,
    "TooManyRequestsException": _LATER,
    "SlowDown": _LATER,
    "InternalFailure": _AWS_FAULT,
    "InternalError": _AWS_FAULT,
    "InternalServerError": _AWS_FAULT,
    "ServiceFailure": _AWS_FAULT,
    "ServiceUnavailable": _AWS_FAULT,
    "Unavailable": _AWS_FAULT,
}
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html (AWS's words for what denies)
DENIED_BY = {
    "service control policy": "the client's admin has the service control policy of the AWS organization changed",
    "resource control policy": "the client's admin has the resource control policy of the AWS organization changed",
    "permissions boundary": "the client's admin has the operator's permissions boundary changed",
    "session policy": "the engineer signs in without a session policy that leaves this out",
    "vpc endpoint policy": "the client's admin has the policy of the VPC endpoint changed",
    "explicit deny": "the client's admin removes the explicit deny for the operator: it overrides every allow",
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_CLOCK_WORDS = ("signature expired", "signature not yet current")

SIGN_IN_PROBLEMS = (
    boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.NoAuthTokenError,
    boto.TokenRetrievalError, boto.ProfileNotFound, boto.SSOError, boto.LoginError, boto.ConfigNotFound,
    boto.ConfigParseError, boto.InvalidConfigError, boto.MetadataRetrievalError, boto.UnknownCredentialError,
    boto.RefreshWithMFAUnsupportedError,
)  # fmt: skip
"""What botocore raises before it sends anything, since nobody is signed in, or not for long enough."""
_PROXY = "the engineer checks the proxy (HTTPS_PROXY, its login) and runs it again"
_NETWORK = "the engineer checks the network (VPN, firewall, proxy) and runs it again"
_UNANSWERED: tuple[tuple[type[Exception], str, str], ...] = (
    (boto.ProxyConnectionError, "the proxy did not let the call through", _PROXY),
    (
        boto.SSLError,
        "the TLS connection failed",
        "the engineer checks for a proxy that inspects TLS, and sets AWS_CA_BUNDLE to its certificate",
    ),
    (boto.ConnectTimeoutError, "nothing answered within the time limit", _NETWORK),
    (boto.ReadTimeoutError, "the answer did not come within the time limit", _NETWORK),
    (boto.EndpointConnectionError, "the connection was refused", _NETWORK),
    (boto.ConnectionError, "there is no connection", _NETWORK),
    (boto.HTTPClientError, "the connection broke off before the answer", _NETWORK),
)


def aws_refusal(doing: str, where: str, error: ClientError | BotoCoreError) -> AwsRefused:
    """A call's failure as a sentence that names its kind and who acts.

    `doing` is the call ("iam:CreateRole for role onemata-redshift"), `where` the account and region.
    """
    happened, who = _refused(error) if isinstance(error, ClientError) else unanswered(error)
    return AwsRefused(who_acts(f"{doing} ({where}): {happened}", who))


@contextmanager
def as_refusal(doing: str, where: str) -> Iterator[None]:
    """Raise AwsRefused for what boto3 raises within; `doing` and `where` as for `aws_refusal`."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise aws_refusal(doing, where, error) from error


def in_awss_words(error: ClientError) -> bool:
    """Whether a refusal has a code, as all of AWS's have, but to HEAD requests; a proxy's has none."""
    code = error.response.get("Error", {}).get("Code")
    named = isinstance(code, str) and code != "Unknown" and re.fullmatch(r"[A-Za-z][\w.:-]{2,80}", code)
    return bool(named) or error.operation_name.startswith("Head")


def without_words(error: ClientError) -> str:
    """A refusal that is not AWS's, by its HTTP status."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return f"HTTP {status} {error.response.get('Error', {}).get('Message') or ''}"


def _refused(error: ClientError) -> tuple[str, str]:
    if not in_awss_words(error):
        return f"the answer is not one of AWS's: {one_line(foreign(without_words(error)))}", WHAT_ANSWERS
    answer: Any = error.response.get("Error", {})
    code, said = str(answer.get("Code")), one_line(foreign(str(answer.get("Message") or "")))
    happened = f"AWS refused it: {code}: {said}" if said else f"AWS refused it: {code}"
    if any(words in said.lower() for words in _CLOCK_WORDS):
        return happened, _CLOCK
    return happened, _denied(said, error.operation_name) if code in _DENIED else _WHO_ACTS.get(code, _UNKNOWN)


def _denied(said: str, operation: str) -> str:
    for words, who in DENIED_BY.items():
        if words.lower() in said.lower():
            return who
    return _ENTRY if operation == "AssumeRole" else _ADMIN_ALLOWS


def unanswered(error: BotoCoreError) -> tuple[str, str]:
    """Why AWS did not answer, and who acts."""
    said = one_line(foreign(str(error)))
    if isinstance(error, SIGN_IN_PROBLEMS):
        return f"there is no AWS login: {said}", _SIGN_IN
    if isinstance(error, boto.EndpointConnectionError) and _on_this_machine(error):
        return (
            f"nothing answers on this machine: {said}",
            "the engineer starts the sandbox again (`onemata sandbox`), or corrects ONEMATA_SANDBOX_URL or "
            "AWS_ENDPOINT_URL",
        )
    if isinstance(getattr(error, "kwargs", {}).get("error"), NameResolutionError):
        return f"the name was not found in DNS: {said}", _NETWORK
    for kind, happened, who in _UNANSWERED:
        if isinstance(error, kind):
            return f"{happened}: {said}", who
    return said, "the engineer corrects what the message names and runs it again"


def _on_this_machine(error: BotoCoreError) -> bool:
    address = str(error.kwargs.get("endpoint_url", ""))
    return urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")
