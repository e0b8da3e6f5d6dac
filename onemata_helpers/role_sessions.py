"""Sessions as roles that one process has opened and another goes on with: in memory, and over a socket of only the two.

A batch signs in to each account before it starts, and each notebook of the client goes on with that session.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

# What lasts for less is not taken by botocore, which then signs in anew.
# https://github.com/boto/botocore/blob/develop/botocore/credentials.py (CachedCredentialFetcher)
_ENOUGH = timedelta(minutes=15)


class RoleSessions:
    """Where botocore keeps what STS, or IAM Identity Center, gave for a role, and looks before it asks for it again.

    Its keys are made of all that was asked for: role, session name, external ID. So one session is never taken for
    another. It is no dict and cannot be pickled: nothing that shows or keeps values gets to see them.

    These are a client's own. Those that only lead to it, like that of a profile from which `operator_role_arn` is
    assumed, are kept in `way`: they may reach other clients' accounts, and are never handed over.
    """

    def __init__(self, kept: Mapping[str, Any] | None = None, way: RoleSessions | None = None) -> None:
        self._kept = dict(kept or {})
        self._way = way

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

    def for_one_sign_in(self) -> OneSignIn:
        """How botocore sees them while it signs in once."""
        return OneSignIn(self, RoleSessions() if self._way is None else self._way)

    def with_those_of(self, others: RoleSessions) -> RoleSessions:
        """All of both."""
        return RoleSessions(self._kept | others._kept)

    @property
    def to_be_renewed(self) -> bool:
        """Whether one of them ends soon."""
        enough = datetime.now(UTC) + _ENOUGH
        ends = [datetime.fromisoformat(each["Credentials"]["Expiration"]) for each in self._kept.values()]
        return any(end < enough for end in ends)


class OneSignIn:
    """What botocore looks for first is the session that it signs in to get; all others lead there."""

    def __init__(self, own: RoleSessions, way: RoleSessions) -> None:
        self._own, self._way = own, way
        self._first = ""

    def _place_of(self, key: str) -> RoleSessions:
        self._first = self._first or key
        return self._own if key == self._first else self._way

    def __contains__(self, key: str) -> bool:
        return key in self._place_of(key)

    def __getitem__(self, key: str) -> Any:
        return self._place_of(key)[key]

    def __setitem__(self, key: str, answer: Any) -> None:
        self._place_of(key)[key] = answer


def stay_in_memory() -> None:
    """Have no crash of this process, or of one that it starts, write their memory to a file.

    To a program that keeps such files, Linux hands it over even with a limit of 0; a limit of 1 stops that, too.
    https://man7.org/linux/man-pages/man5/core.5.html, https://github.com/torvalds/linux/blob/master/fs/coredump.c
    """
    with suppress(ImportError, ValueError):  # not on Windows; and 0 where no more may be set
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (1, resource.getrlimit(resource.RLIMIT_CORE)[1]))


_HANDED_OVER: dict[str, Any] = {}


def hand_over(sessions: Mapping[str, Any]) -> None:
    """Let this process go on with these, which another one has opened."""
    _HANDED_OVER.update(sessions)


def handed_over() -> RoleSessions:
    """What this process may go on with. Nothing, unless it is a notebook's of a batch."""
    return RoleSessions(_HANDED_OVER)
