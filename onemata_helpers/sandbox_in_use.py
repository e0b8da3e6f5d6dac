"""Which sandbox a run uses: the one that is served, one for a whole batch, or one of this process.

The sandbox is imported only when it is started: it loads moto, which no run against AWS needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .clients import from_folders
from .errors import ParameterError, Problem
from .parameters import ServiceParameters
from .permissions import policy, unscoped
from .policies import Document
from .sandbox import EXAMPLE
from .sandbox.client_world import ClientWorld
from .sandbox_address import SANDBOX_URL, parsed_url
from .sandbox_clients import client_world, refuse_what_it_cannot_hold

if TYPE_CHECKING:
    from .sandbox.server import Sandbox

ENDS_WITH_THIS = (
    "The sandbox of this run ends with it, and with it all that was made there. To keep one for several commands and "
    "notebooks: onemata sandbox CLIENT_DIR..."
)


def served_url() -> str:
    """The address of the sandbox that is served; empty if none is named.

    Raises ConnectError if ONEMATA_SANDBOX_URL is no address of a sandbox, or if nothing answers there.
    """
    url = os.environ.get(SANDBOX_URL, "")
    if url:
        parsed_url(url).refuse_silence()
    return url


def sandbox_url(parameters: ServiceParameters) -> str:
    """The address of the sandbox for a run with these parameters; empty when they are for AWS.

    Raises ConnectError as `served_url` does, and ParameterError for what no sandbox can hold.
    """
    if not parameters.sandbox:
        return ""
    served = served_url()
    if served:
        return served
    refuse_what_it_cannot_hold(parameters, "the notebook's parameters")
    own = _of_this_process()
    own.add(worlds([parameters], unscoped()))
    return own.url


@contextmanager
def sandbox_for_all(needed: Sequence[ServiceParameters]) -> Iterator[None]:
    """Serve one sandbox to all notebooks of this process and its children, if any is `needed` and none runs.

    It holds what those parameters name. In each account the operator may do what the runbooks there need, and nothing
    else.

    Raises ConnectError as `served_url` does.
    """
    if not needed or served_url():
        yield
        return
    with _served(worlds(needed)):
        yield


@contextmanager
def sandbox_for_session(parameters: ServiceParameters) -> Iterator[None]:
    """Serve a sandbox to the notebooks of one session, if it needs one and none runs. A restarted kernel finds it.

    Its operator may do what any runbook needs, since values are changed in a session. Raises ConnectError as
    `served_url` does, and ParameterError for what no sandbox can hold.
    """
    if not parameters.sandbox or served_url():
        yield
        return
    refuse_what_it_cannot_hold(parameters, "the client's folder")
    with _served(worlds([parameters], unscoped())):
        yield


@contextmanager
def _served(held: Sequence[ClientWorld]) -> Iterator[None]:
    """A sandbox that holds this, found by all that this process starts."""
    from .sandbox import start

    with start(held) as sandbox:
        os.environ[SANDBOX_URL] = sandbox.url
        try:
            yield
        finally:
            del os.environ[SANDBOX_URL]


def worlds_of(folders: Sequence[Path]) -> tuple[list[ClientWorld], list[Path]]:
    """What a sandbox must hold for these clients' folders, and which of them have no part in it: `sandbox: false`.

    Raises ParameterError with every problem of every folder, and if none says `sandbox: true`.
    """
    found, problems = from_folders(folders)
    needed = [each for services in found.values() for each in services.values() if each.sandbox]
    left_out = [folder for folder, services in found.items() if not all(each.sandbox for each in services.values())]
    if not needed:
        must = "must be true in one of the folders at least: no other has a part in the sandbox"
        problems += [Problem(str(folder / "client.yaml"), "sandbox", "false", must) for folder in left_out]
    if problems:
        raise ParameterError(problems)
    return worlds(needed), left_out


def worlds(needed: Iterable[ServiceParameters], operator_policy: Document | None = None) -> list[ClientWorld]:
    """What a sandbox must hold for these parameters, which may be of several services and clients.

    Without `operator_policy`, the operator of an account may do what all these parameters of the account need.
    """
    by_client: dict[str, list[ServiceParameters]] = {}
    by_account: dict[str, list[ServiceParameters]] = {}
    for each in needed:
        by_client.setdefault(each.client, []).append(each)
        by_account.setdefault(each.account_id, []).append(each)
    policies = {account: operator_policy or policy(its) for account, its in by_account.items()}
    # The example's account is always as it is in tests and in the notebooks' own sandbox.
    found = [EXAMPLE] if EXAMPLE.account in policies else []
    found += map(client_world, by_client.values())
    return [replace(each, operator_policy=policies[each.account]) for each in found]


@cache
def _of_this_process() -> Sandbox:
    """Started at the first call; it ends with the process."""
    from .sandbox import start

    return start(())
