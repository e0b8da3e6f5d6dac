"""Each client's account is signed in to before anything is run: a wrong one costs a second, and no notebook."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import wait
from contextlib import suppress
from threading import BoundedSemaphore

from ..at_once import SIGN_INS
from ..errors import OnemataError, unforeseen
from ..parameters import ServiceParameters
from ..role_sessions import RoleSessions
from ..sandbox_in_use import sandbox_url
from .interrupts import Interrupts
from .jobs import Job
from .patience import begun

_TICK = 0.25


class SignedIn:
    """Why accounts could not be signed in to, by client, and the sessions in all others, each for its client alone."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self._sessions: defaultdict[str, RoleSessions] = defaultdict(RoleSessions)
        self._turns = BoundedSemaphore(SIGN_INS)

    def sign_in(self, parameters: ServiceParameters) -> str:
        """Sign in to a client's account, and keep the session. Gives back why not; empty if it was well."""
        from ..session import connect  # boto3 takes half a second to load, which --list need not wait for

        sessions = self._sessions[parameters.client]
        try:
            with self._turns:
                connect(parameters, (), lambda _: None, sandbox_url(parameters), sessions)
        except OnemataError as error:
            return str(error)
        except Exception as error:  # not foreseen: it is this account's, and other clients need not wait
            return unforeseen(error)
        return ""

    def lend(self, parameters: ServiceParameters) -> RoleSessions:
        """What a notebook of the client goes on with. Signed in anew if it would soon end.

        Where that fails, the notebook finds the same when it signs in by itself, and says so.
        """
        if self._sessions[parameters.client].to_be_renewed:
            self.sign_in(parameters)
        return self._sessions[parameters.client]


def sign_in(todo: Sequence[Job], asked: Interrupts) -> SignedIn:
    """Sign in to each client's account. When it was interrupted, nothing counts as refused."""
    signed_in, said = SignedIn(), dict[str, str]()
    of_each = {job.parameters.client: job.parameters for job in todo}
    left = deque(of_each.values())

    def some() -> None:
        with suppress(IndexError):
            while not asked.count:
                parameters = left.popleft()
                said[parameters.client] = signed_in.sign_in(parameters)

    doing = [begun(some) for _ in range(min(SIGN_INS, len(of_each)))]
    while wait(doing, _TICK).not_done:
        if asked.count:
            return signed_in
    if not asked.count:
        signed_in.refused = {client: said[client] for client in of_each if said[client]}
    return signed_in
