"""Keep credentials out of whatever is shown or written."""

from __future__ import annotations

import re

# Access key ids, and what follows the names of the other two credentials.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_CREDENTIALS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|(?i:(?<=secret_access_key)|(?<=secretaccesskey)|(?<=session_token)|(?<=sessiontoken)|(?<=password))"
    r"\W{1,4}[^\s\"',}]{8,}"
)
_REMOVED = "[removed]"


def without_secrets(text: str, secrets: list[str]) -> str:
    """`text` with these credentials, and whatever has the form of one, taken out."""
    for secret in secrets:
        text = text.replace(secret, _REMOVED)
    return _CREDENTIALS.sub(_REMOVED, text)
