"""Sessions as roles that one process has opened and another goes on with: in memory, and over a socket of only the two.

A batch signs in to each account before it starts, and each notebook of the client goes on with that session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

# What lasts for less is not taken by botocore, which then signs in anew.
# https://github.com/boto/botocore/blob/develop/botocore/credentials.py (CachedCredentialFetcher)
_ENOUGH = timedelta(minutes=15)


class RoleSessions:
    """Where botocore keeps what STS, or IAM Identity Center, gave for a role, and looks before it asks for it again.

    Its keys are made of all that was asked for: role, session name, external ID. So one session is never taken for
    another. It is no dict and cannot be pickled: nothing that shows or keeps values gets to see them.
    """

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._kept = dict(kept or {})
        self._typed = False

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def __getitem__(self, key: str) -> Any:
        return self._kept[key]

    def __setitem__(self, key: str, answer: Any) -> None:
        self._kept[key] = {"Credentials": {name: str(value) for name, value in answer["Credentials"].items()}}

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials do not leave a process by pickle")

    def plain(self) -> dict[str, Any]:
        """All of them as JSON has it, for the one process that shall go on with them."""
        return dict(self._kept)

    def with_those_of(self, others: RoleSessions) -> RoleSessions:
        """All of both."""
        return RoleSessions(self._kept | others._kept)

    @property
    def to_be_renewed(self) -> bool:
        """Whether one of them ends soon, and can be had again without asking a person for another code of MFA."""
        enough = datetime.now(UTC) + _ENOUGH
        ends = [datetime.fromisoformat(each["Credentials"]["Expiration"]) for each in self._kept.values()]
        return not self._typed and any(end < enough for end in ends)

    def note_code(self, params: Mapping[str, Any], **_: object) -> None:
        """botocore tells what it asks STS for: with a code of MFA, a person has typed it."""
        self._typed = self._typed or "TokenCode" in params


_HANDED_OVER: dict[str, Any] = {}


def hand_over(sessions: Mapping[str, Any]) -> None:
    """Let this process go on with these, which another one has opened."""
    _HANDED_OVER.update(sessions)


def handed_over() -> RoleSessions:
    """What this process may go on with. Nothing, unless it is a notebook's of a batch."""
    return RoleSessions(_HANDED_OVER)
