"""Signature Version 4: proof that a request comes from the holder of a secret.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import parse_qsl, quote

from .errors import AwsError

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<scope>\d{8}/[\w-]+/[\w-]+/aws4_request), ?"
    r"SignedHeaders=(?P<headers>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_MAX_AGE = timedelta(minutes=15)


@dataclass(frozen=True)
class Signed:
    """The Authorization header, taken apart."""

    key_id: str
    scope: str
    headers: tuple[str, ...]
    signature: str

    @classmethod
    def parse(cls, authorization: str) -> Self | None:
        """None if the header is absent or is not Signature Version 4."""
        match = _HEADER.fullmatch(authorization)
        if match is None:
            return None
        return cls(match["key"], match["scope"], tuple(match["headers"].split(";")), match["signature"])

    @property
    def region(self) -> str:
        """The region that the request was signed for."""
        return self.scope.split("/")[1]

    @property
    def service(self) -> str:
        """The service that the request was signed for."""
        return self.scope.split("/")[2]


@dataclass(frozen=True)
class Message:
    """The parts of an HTTP request that are signed. The path and query are as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def check(signed: Signed, secret: str, message: Message) -> None:
    """Raise SignatureDoesNotMatch unless the secret's holder signed just this, just now."""
    stamp = message.headers.get("x-amz-date", "")
    if not _is_recent(stamp) or not stamp.startswith(signed.scope[:8]):
        raise _mismatch("Signature expired: the date of the request is not the present.")
    declared = message.headers.get("x-amz-content-sha256", "")
    digest = hashlib.sha256(message.body).hexdigest()
    if re.fullmatch(r"[0-9a-f]{64}", declared) and declared != digest:
        raise _mismatch("The body is not the one that was signed.")
    canonical = _canonical(signed, message, declared or digest)
    if not hmac.compare_digest(_sign(signed, secret, stamp, canonical), signed.signature):
        text = "The request signature we calculated does not match the signature you provided."
        raise _mismatch(text)


def _mismatch(text: str) -> AwsError:
    return AwsError("SignatureDoesNotMatch", text, 403)


def _is_recent(stamp: str) -> bool:
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - signed_at) < _MAX_AGE


def _canonical(signed: Signed, message: Message, payload_hash: str) -> str:
    headers = "".join(f"{name}:{' '.join(message.headers.get(name, '').split())}\n" for name in signed.headers)
    return "\n".join(
        (
            message.method,
            _canonical_path(signed.service, message.path),
            _canonical_query(message.query),
            headers,
            ";".join(signed.headers),
            payload_hash,
        )
    )


def _canonical_path(service: str, path: str) -> str:
    """S3 signs the path as sent; the other services sign it escaped once more."""
    return path if service == "s3" else quote(path, safe="/~")


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True, separator="&")
    escaped = sorted((quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in pairs)
    return "&".join(f"{key}={value}" for key, value in escaped)


def _sign(signed: Signed, secret: str, stamp: str, canonical: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in signed.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{signed.scope}\n{digest}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()
