"""Several clients' folders at once: the parameters of each, and what no folder shows by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import ParameterError, Problem
from .parameter_files import from_folder
from .parameters import RedshiftParameters, ServiceParameters
from .sandbox_clients import not_in_the_sandbox

Client = dict[str, ServiceParameters]


def from_folders(folders: Sequence[Path]) -> tuple[dict[Path, Client], list[Problem]]:
    """The parameters in each folder that is good, and every problem of all folders.

    Two folders must not be the same one, be for the same client, or have the same thing done to the same role; if two
    are, both have that problem. What is for the sandbox must be such that it can hold it.
    """
    found: dict[Path, Client] = {}
    problems: list[Problem] = []
    for folder, first in _with_first(folders):
        if first is not None:
            problems.append(Problem(str(folder), "", "", f"must be given once: it is the same folder as {first}"))
            continue
        try:
            found[folder] = from_folder(folder)
        except ParameterError as error:
            problems += error.problems
    return found, problems + _same_client_twice(found) + _same_done_twice(found) + not_in_the_sandbox(found)


def _with_first(folders: Sequence[Path]) -> Iterator[tuple[Path, Path | None]]:
    """Each folder, with an earlier spelling of the same one, if there is any."""
    seen: dict[tuple[int, int], Path] = {}
    for folder in folders:
        try:
            status = folder.stat()
        except (OSError, ValueError):  # from_folder says what is wrong with it
            yield folder, None
            continue
        inode = (status.st_dev, status.st_ino)
        yield folder, seen.get(inode)
        seen.setdefault(inode, folder)


def _same_client_twice(found: dict[Path, Client]) -> list[Problem]:
    seen: dict[str, Path] = {}
    problems = []
    for folder, client in found.items():
        name = next(iter(client.values())).client
        first = seen.setdefault(name, folder)
        for one, other in ((first, folder), (folder, first)) if first != folder else ():
            must = f"must have one folder only: {other} is for the same client"
            problems.append(Problem(str(one / "client.yaml"), "client", name, must))
    return problems


def _same_done_twice(found: dict[Path, Client]) -> list[Problem]:
    """In the sandbox nothing is at stake."""
    seen: dict[tuple[object, ...], Path] = {}
    problems = []
    for folder, client in found.items():
        for service, parameters in client.items():
            if parameters.sandbox:
                continue
            firsts = [seen.setdefault(each, folder) for each in _what_is_done(parameters)]
            first = next((each for each in firsts if each != folder), None)
            for one, other in ((first, folder), (folder, first)) if first else ():
                must = f"must differ from {other}, which is for the same account, role and delivery"
                problems.append(Problem(str(one / f"{service}.yaml"), "role_name", parameters.role_name, must))
    return problems


def _what_is_done(p: ServiceParameters) -> list[tuple[object, ...]]:
    """What makes two runbooks one. Two deliveries may well share a role, and one delivery may serve two clusters."""
    places = [*p.cluster_identifiers, *p.workgroup_names] if isinstance(p, RedshiftParameters) else [""]
    return [(p.account_id, p.region, p.service, p.role_name.lower(), p.location, place) for place in places]
