"""Where records are kept, and which are there. They are read by name, `<client>/<service>/<UTC time>.json`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from .errors import OnemataError, who_acts
from .files import read_file
from .lock import is_changing

_TIME = r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z"
BEGUN = ".begun.json"
"""How the name of a record ends that was kept in a bucket before its run wrote anything, as far as it was then."""
FILE = re.compile(rf"{_TIME}(?:\.begun)?\.json|{_TIME}\.ipynb")
"""The name of a record or of the notebook beside it. Such names sort by time."""
FAR_BACK = 50
"""So many records of a client's service are read at most; there may be thousands."""


def records(names: Iterable[str]) -> list[str]:
    """The records among these names, the newest first. One that was begun counts as long as there is no more of it."""
    found = {name for name in names if name.endswith(".json")}
    ended = {name.removesuffix(".json") + BEGUN for name in found}
    return sorted(found - ended, reverse=True)


def goes_on_after(since: datetime | None, name: str, written: datetime) -> bool:
    """Whether a record of this name, last written then, may tell of anything since: it was begun or written to."""
    return since is None or name >= f"{since:%Y-%m-%dT%H%M%S}" or written >= since


class Archive(Protocol):
    """A place with records."""

    at_once: int
    """How many are best read side by side."""
    unread: dict[str, str]
    """The places below it that could not be looked into, and why not; known after `names`."""

    def names(self) -> Iterator[str]:
        """The names of all records and their notebooks. Raises NoRecords."""

    def read(self, name: str) -> bytes:
        """The content of one. Raises OSError or RecordRefused, or NoRecords if none can be read."""

    def link(self, name: str) -> str:
        """Where one is, as seen from the working folder."""

    def changing(self, client: str, service: str) -> bool:
        """Whether a run is known to change things for them now. Raises RecordRefused and NoRecords."""


class NoRecords(OnemataError):
    """There is no such place with records, or it cannot be read."""


class RecordRefused(NoRecords):
    """One of them is not given to us, which says nothing of the others."""


class Folder:
    """Records in a folder."""

    at_once = 1

    def __init__(self, root: Path) -> None:
        self._root = root
        self.unread: dict[str, str] = {}

    def names(self) -> Iterator[str]:
        """The names of all records and their notebooks. Raises NoRecords."""
        try:
            clients = list(os.scandir(self._root))
        except OSError as error:
            happened = f"The records in {self._root} cannot be read: {error.strerror}"
            raise NoRecords(who_acts(happened, "the engineer names the folder with the records")) from None
        for client in clients:
            for service in self._folders_in(client):
                yield from (f"{client.name}/{service.name}/{file.name}" for file in self._files_in(service))

    def read(self, name: str) -> bytes:
        """The content of one. Raises OSError."""
        return read_file(self._root / name)

    def link(self, name: str) -> str:
        """Where one is, as seen from the working folder."""
        return Path(os.path.relpath(self._root / name)).as_posix()

    def changing(self, client: str, service: str) -> bool:
        """Whether a run is known to change things for them now: it holds their lock."""
        return is_changing(self._root / client / service, client, service)

    def _folders_in(self, client: os.DirEntry[str]) -> list[os.DirEntry[str]]:
        return [each for each in self._inside(client, client.name) if each.is_dir()]

    def _files_in(self, service: os.DirEntry[str]) -> list[os.DirEntry[str]]:
        place = Path(service.path).relative_to(self._root).as_posix()
        return [each for each in self._inside(service, place) if FILE.fullmatch(each.name)]

    def _inside(self, entry: os.DirEntry[str], place: str) -> list[os.DirEntry[str]]:
        try:
            return list(os.scandir(entry)) if entry.is_dir() else []
        except OSError as error:
            self.unread[place] = f"The folder cannot be read: {error.strerror}."
            return []
