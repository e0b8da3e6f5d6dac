"""Which sandbox a run uses: the one that is served, one for a whole batch, or one of this process.

The sandbox is imported only when it is started: it loads moto, which no run against AWS needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from .parameters import ServiceParameters
from .permissions import policy, unscoped
from .sandbox_address import SANDBOX_URL, parsed_url


def served_url() -> str:
    """The address of the sandbox that is served; empty if none is named.

    Raises ConnectError if ONEMATA_SANDBOX_URL is no address of a sandbox.
    """
    url = os.environ.get(SANDBOX_URL, "")
    if url:
        parsed_url(url)
    return url


def sandbox_url(parameters: ServiceParameters) -> str:
    """The address of the sandbox for a run with these parameters; empty when they are for AWS.

    Raises ConnectError if ONEMATA_SANDBOX_URL is no address of a sandbox.
    """
    if not parameters.sandbox:
        return ""
    return served_url() or _of_this_process()


@contextmanager
def sandbox_for_all(needed: Sequence[ServiceParameters]) -> Iterator[None]:
    """Serve one sandbox to all notebooks of this process and its children, if any is `needed` and none runs.

    Its operator may do what the runbooks of those parameters need, and nothing else.

    Raises ConnectError if ONEMATA_SANDBOX_URL is no address of a sandbox.
    """
    if not needed or served_url():
        yield
        return
    from .sandbox import start

    with start(operator_policy=policy(needed)) as sandbox:
        os.environ[SANDBOX_URL] = sandbox.url
        try:
            yield
        finally:
            del os.environ[SANDBOX_URL]


@contextmanager
def sandbox_for_session(parameters: ServiceParameters) -> Iterator[None]:
    """Serve a sandbox to the notebooks of one session, if it needs one and none runs. A restarted kernel finds it.

    Its operator may do what any runbook needs, since values are changed in a session. Raises ConnectError if
    ONEMATA_SANDBOX_URL is no address of a sandbox.
    """
    if not parameters.sandbox or served_url():
        yield
        return
    from .sandbox import start

    with start(operator_policy=unscoped()) as sandbox:
        os.environ[SANDBOX_URL] = sandbox.url
        try:
            yield
        finally:
            del os.environ[SANDBOX_URL]


@cache
def _of_this_process() -> str:
    """Started at the first call; it ends with the process."""
    from .sandbox import start

    return start(operator_policy=unscoped()).url
