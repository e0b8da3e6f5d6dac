"""The operators' credentials in a sandbox: another pair in each account, and all from the one secret in its address."""

from __future__ import annotations

import base64
import hmac

# An access key id tells its account: 39 bits in the first 8 of its base32 digits, and the last bit in the half of the
# alphabet that the next one is from.
# https://awsteele.com/blog/2020/09/26/aws-access-key-format.html
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_OFFSET = 1 << 39
_PREFIX = 4


def operator_credentials(secret: str, account_id: str) -> tuple[str, str]:
    """Access key id and secret of the operator in this account. Who has a sandbox's secret can be each of them."""
    drawn = hmac.digest(secret.encode(), account_id.encode(), "sha512")
    return _key_id("AKIA", account_id, drawn[:5]), base64.b64encode(drawn[5:35]).decode()


def account_of(key_id: str) -> str:
    """The account that an access key id is of; empty if it is none of AWS's form."""
    body = key_id[_PREFIX : _PREFIX + 9]
    if len(body) < 9 or not set(body) <= set(_DIGITS):
        return ""
    half = int.from_bytes(base64.b32decode(body[:8])) - _OFFSET
    return f"{2 * half + _DIGITS.index(body[8]) // 16:012d}" if half >= 0 else ""


def _key_id(prefix: str, account_id: str, drawn: bytes) -> str:
    half, rest = divmod(int(account_id), 2)
    account = base64.b32encode((half + _OFFSET).to_bytes(5)).decode()
    digits = base64.b32encode(drawn).decode()
    return prefix + account + _DIGITS[_DIGITS.index(digits[0]) % 16 + 16 * rest] + digits[1:]
