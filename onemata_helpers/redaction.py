"""Keep credentials out of whatever is shown or written."""

from __future__ import annotations

import re

from .text import visible

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


def without_secrets(text: str, secrets: list[str]) -> str:
    """`text` with these credentials, and whatever has the form of one, taken out."""
    for secret in secrets:
        text = text.replace(secret, _REMOVED)
    return _CREDENTIALS.sub(lambda found: (found["name"] or "") + _REMOVED, text)


def foreign(text: str) -> str:
    """`text` that we did not write, fit to be shown: without credentials, and nothing in it unseen."""
    return visible(without_secrets(text, []))
