"""Where records are, as it is typed: a folder here, or a place elsewhere."""

from __future__ import annotations

import re

# With two letters at least: `C:/` is a drive.
_ELSEWHERE = re.compile(r"s3:|[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def is_elsewhere(place: str) -> bool:
    """Whether it looks like an address, and not like a folder: one that is made of it, nobody would find again."""
    return bool(_ELSEWHERE.match(place))
