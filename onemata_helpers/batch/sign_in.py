"""Each client's account is signed in to before anything is run: a wrong one costs a second, and no notebook."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from ..errors import OnemataError, unforeseen
from ..parameters import ServiceParameters
from ..sandbox_in_use import sandbox_url
from .interrupts import Interrupts
from .jobs import Job

# All sign-ins are one operator's: at STS and at the SSO portal they count as one caller's.
_AT_ONCE = 8
_TICK = 0.25


def sign_in(todo: Sequence[Job], asked: Interrupts) -> dict[str, str]:
    """Why a client's account cannot be signed in to, by client; empty when all can, or when it was interrupted."""
    of_each = {job.parameters.client: job.parameters for job in todo}
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        said = {client: pool.submit(_why_not, parameters) for client, parameters in of_each.items()}
        while wait(said.values(), _TICK).not_done:
            if asked.count:
                return {}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for the rest
    return {client: why for client, each in said.items() if (why := each.result())}


def _why_not(parameters: ServiceParameters) -> str:
    from ..session import connect  # boto3 takes half a second to load, which --list need not wait for

    try:
        connect(parameters, (), lambda _: None, sandbox_url(parameters))
    except OnemataError as error:
        return str(error)
    except Exception as error:  # not foreseen: it is this account's, and other clients need not wait
        return unforeseen(error)
    return ""
