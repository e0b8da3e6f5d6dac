"""Each client's account is signed in to before anything is run: a wrong one costs a second, and no notebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import BoundedSemaphore

from ..at_once import SIGN_INS
from ..errors import OnemataError, unforeseen
from ..parameters import ServiceParameters
from ..role_sessions import RoleSessions
from ..sandbox_in_use import sandbox_url
from .interrupts import Interrupts
from .jobs import Job

_TICK = 0.25


class SignedIn:
    """Why accounts could not be signed in to, by client, and the sessions in all others, each for its client alone."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self._sessions: defaultdict[str, RoleSessions] = defaultdict(RoleSessions)
        self._turns = BoundedSemaphore(SIGN_INS)

    def sign_in(self, parameters: ServiceParameters) -> str:
        """Sign in to a client's account, and keep the session. Gives back why not; empty if it was well."""
        from ..signing_in import connect  # boto3 takes half a second to load, which --list need not wait for

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
    signed_in = SignedIn()
    of_each = {job.parameters.client: job.parameters for job in todo}
    pool = ThreadPoolExecutor(SIGN_INS)
    try:
        said = {client: pool.submit(signed_in.sign_in, parameters) for client, parameters in of_each.items()}
        while wait(said.values(), _TICK).not_done:
            if asked.count:
                return signed_in
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for the rest
    signed_in.refused = {client: why for client, each in said.items() if (why := each.result())}
    return signed_in
