"""Each client's account is signed in to before anything is run: a wrong one costs a second, and no notebook."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from functools import partial
from threading import BoundedSemaphore

from ..at_once import SIGN_INS
from ..errors import CodeNeeded, CodeRefused, OnemataError, unforeseen, who_acts
from ..parameters import ServiceParameters
from ..role_sessions import RoleSessions
from ..sandbox_in_use import sandbox_url
from ..terminal import complain
from ..text import some
from .interrupts import Interrupts
from .jobs import Job
from .patience import begun

_TICK = 0.25
_CODES = 3
"""So many codes may be typed for a client, or for all that share its profile."""
# Seconds until it is said for whom all others wait, and until they do so no longer. AWS's refusals of too many calls
# are outwaited within that time.
_SAID_AFTER, _LONGEST = 10.0, 180.0
_NO_ANSWER = who_acts(
    "Signing in: AWS did not answer within 3 minutes. Nothing was read or changed",
    "the engineer checks the network, proxy or VPN on the way to this account, and runs it again",
)


def _nobody(_: str) -> str:
    raise CodeNeeded


class SignedIn:
    """Why accounts could not be signed in to, by client, and the sessions in all others, each for its client alone.

    Clients with the same profile and roles of their own share the session of that profile, which stays here.
    """

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self._of_profiles: dict[str, RoleSessions] = {}
        self._sessions: dict[str, RoleSessions] = {}
        self._turns = BoundedSemaphore(SIGN_INS)

    def sign_in(self, parameters: ServiceParameters, ask: Callable[[str], str] = _nobody) -> None:
        """Sign in to a client's account, and keep the session, or why not. Raises CodeNeeded and CodeRefused."""
        from ..signing_in import connect  # boto3 takes half a second to load, which --list need not wait for

        try:
            connect(parameters, (), lambda _: None, sandbox_url(parameters), self._of(parameters), ask=ask)
        except (CodeNeeded, CodeRefused):
            raise
        except OnemataError as error:
            self.refused[parameters.client] = str(error)
        except Exception as error:  # not foreseen: it is this account's, and other clients need not wait
            self.refused[parameters.client] = unforeseen(error)

    def lend(self, parameters: ServiceParameters) -> RoleSessions:
        """What a notebook of the client goes on with. Signed in anew if it would soon end and nobody need be asked.

        Where that fails, the notebook finds the same when it signs in by itself, and says so.
        """
        sessions = self._of(parameters)
        if sessions.to_be_renewed:
            with suppress(CodeNeeded), self._turns:
                self.sign_in(parameters)
        return sessions

    def _of(self, parameters: ServiceParameters) -> RoleSessions:
        way = self._of_profiles.setdefault(parameters.aws_profile, RoleSessions())
        return self._sessions.setdefault(parameters.client, RoleSessions(way=way))


def sign_in(todo: Sequence[Job], asked: Interrupts) -> SignedIn:
    """Sign in to each client's account. When it was interrupted, nothing counts as refused.

    Those that need no code of MFA are signed in to at the same time. Then one code is asked for; with the session that
    it opens, other clients of the same profile may need none; and so on. A code that is refused is asked for again, a
    few times.
    """
    if todo:
        _prepare()
    signed_in = SignedIn()
    left = of_each = {job.parameters.client: job.parameters for job in todo}
    try:
        while left := _without_a_code(signed_in, left, asked):
            if not sys.stdin.isatty():
                signed_in.refused |= dict.fromkeys(left, str(CodeNeeded()))
                break
            parameters = left.pop(next(iter(left)))
            if why := _with_codes(signed_in, parameters, asked):
                same = [name for name, each in left.items() if each.aws_profile == parameters.aws_profile]
                signed_in.refused |= dict.fromkeys([parameters.client, *same], why)
                left = {name: each for name, each in left.items() if name not in same}
    except KeyboardInterrupt:
        return SignedIn()
    signed_in.refused = {client: signed_in.refused[client] for client in of_each if client in signed_in.refused}
    return signed_in


def _prepare() -> None:
    """Have done what each of the threads would do again. A wrong setting of the machine is said of each account."""
    from ..practice import practise

    with suppress(Exception):
        practise({"sts": "get_caller_identity"})


def _without_a_code(
    signed_in: SignedIn, of_each: Mapping[str, ServiceParameters], asked: Interrupts
) -> dict[str, ServiceParameters]:
    """Sign in to all of these accounts. Gives back those that need a code. Raises KeyboardInterrupt."""
    left, need_one, slow = deque(of_each.values()), set[str](), set[str]()
    doing: dict[Future[None], tuple[str, float]] = {}

    def one(parameters: ServiceParameters) -> None:
        try:
            signed_in.sign_in(parameters)
        except CodeNeeded:
            need_one.add(parameters.client)

    while left or doing:
        while left and len(doing) < SIGN_INS:
            parameters = left.popleft()
            doing[begun(partial(one, parameters))] = parameters.client, time.monotonic()
        for done in wait(doing, _TICK, FIRST_COMPLETED).done:
            del doing[done]
        if asked.count:  # nobody waits for the rest
            raise KeyboardInterrupt
        for late in [each for each, (_, since) in doing.items() if time.monotonic() - since > _LONGEST]:
            signed_in.refused[doing.pop(late)[0]] = _NO_ANSWER
        now_slow = {client for client, since in doing.values() if time.monotonic() - since > _SAID_AFTER} - slow
        if now_slow:
            complain(f"Signing in: AWS does not answer yet for {some(sorted(now_slow))}. It has 3 minutes.")
            slow |= now_slow
    return {client: parameters for client, parameters in of_each.items() if client in need_one}


def _with_codes(signed_in: SignedIn, parameters: ServiceParameters, asked: Interrupts) -> str:
    """Sign in to an account with a code, and with another one if that is refused. Why the last one was, if it was."""
    why = ""
    for left in reversed(range(_CODES)):
        try:
            signed_in.sign_in(parameters, partial(_type_a_code, asked))
        except CodeRefused as error:
            why = str(error)
            complain(f"{why.partition(' Who acts: ')[0]}{' Type another one.' if left else ''}")
        else:
            return ""
    return why


def _type_a_code(asked: Interrupts, prompt: str) -> str:
    from ..signing_in import ask_here

    with asked.raised():
        return ask_here(prompt)
