"""Keep credentials out of whatever is shown or written."""

from __future__ import annotations

import re
from collections import Counter
from math import log2

# Access key ids, session tokens by how they begin, and what follows the names of the other two credentials; a quote
# may stand as it is, escaped (JSON within JSON) or as an HTML entity. Only the value goes: JSON stays JSON.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_QUOTE = r"(?:\\*[\"']|&#3[49];|&quot;)"
_CREDENTIALS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[\w/+=-]+"
    r"|(?P<name>(?i:secret_?access_?key|session_?token|password)"
    rf"(?:{_QUOTE}|\s)*(?:[:=>|]|&gt;)(?:{_QUOTE}|\s)*)[^\s\"'\\,}}&<|]{{8,}}"
)
_REMOVED = "[removed]"

# The three credentials by their own form, whatever stands before or behind them. A secret key has no form but its
# length: 40 random characters. It may stand alone, behind a `=`, or be a part of a path; there, more is asked of it,
# since 40 characters of a path of names are not so different.
_KEY_OR_TOKEN = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}|IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz")
_SECRET_KEY = (
    (re.compile(r"(?<![A-Za-z0-9/+=])([A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])"), 4.3),
    (re.compile(r"(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"), 4.3),
    (re.compile(r"(?<![A-Za-z0-9+])(?=([A-Za-z0-9/+]{40})(?![A-Za-z0-9+]))"), 4.5),
)
"""With the bits of Shannon entropy of a character that make it one: 4.8 are usual, and 4.2 in a path of names."""


def without_secrets(text: str, secrets: list[str]) -> str:
    """`text` with these credentials, and whatever has the form of one, taken out."""
    for secret in secrets:
        text = text.replace(secret, _REMOVED)
    return _CREDENTIALS.sub(lambda found: (found["name"] or "") + _REMOVED, text)


def looks_like_credential(text: str) -> bool:
    """Whether an AWS access key id, a session token or a secret access key stands in `text`."""
    if _KEY_OR_TOKEN.search(text):
        return True
    return any(_is_random(run, bits) for pattern, bits in _SECRET_KEY for run in pattern.findall(text))


def _is_random(run: str, bits: float) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, run)) for kind in kinds) and _entropy(run) >= bits


def _entropy(run: str) -> float:
    return -sum(n / len(run) * log2(n / len(run)) for n in Counter(run).values())
