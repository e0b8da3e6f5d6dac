"""Only one run at a time changes things for a client and service, among those whose records lie in one folder.

The operating system holds the lock for the process, and lets go when that ends, however it ends. Reading takes no lock.
"""

from __future__ import annotations

import os
import platform
import threading
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import Busy, RecordNotWritten, who_acts
from .record import now
from .redaction import foreign
from .text import one_line
from .wait import Wait

_LONGEST = 500
_NEWEST: dict[tuple[str, str, int], ChangeLock] = {}  # by client, service and thread of this process


class ChangeLock:
    """The lock of one client and service, for the run that writes this record."""

    def __init__(self, record: Path, client: str, service: str) -> None:
        self._name = f"{client}/{service}"
        self._record = record
        self._path = _path(record.parent, client, service)
        # Without real locks on that file system there must be none that a crash leaves behind.
        self._lock = FileLock(self._path, thread_local=False, fallback_to_soft=False)

    def take(self, wait: Wait) -> None:
        """Take the lock, or go on holding it. Raises Busy if another run still holds it when the wait is over."""
        if self._lock.is_locked or self._taken():
            return
        saying = f"another run changes {self._name}: {self._holder()}"
        if not wait.patiently(saying, self._taken, bool):
            happened = f"Nothing was done: another run changes {self._name}: {self._holder()}"
            raise Busy(who_acts(happened, "the engineer lets that one end, or ends it, and runs this again"))

    def release(self) -> None:
        """Let others go on."""
        self._lock.release()

    def _taken(self) -> bool:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            happened = f"{self._path} cannot be locked: {getattr(error, 'strerror', None) or error}. Nothing was done"
            who = "the engineer corrects that, or names another folder for the records"
            raise RecordNotWritten(who_acts(happened, who)) from None
        with suppress(OSError):  # it is only what others are told
            words = f"process {os.getpid()} on {platform.node()} since {now()}, record {self._record.name}"
            self._path.write_text(words, encoding="utf-8")
        return True

    def _holder(self) -> str:
        try:
            return one_line(foreign(self._path.read_text(encoding="utf-8", errors="replace")[:_LONGEST])) or "unknown"
        except OSError:
            return "unknown"


def lock_of_run(record: Path, client: str, service: str) -> ChangeLock:
    """The lock for a new run. If the cells of a notebook are run again from the top, the run before lets its own go."""
    key = (client, service, threading.get_ident())
    former, _NEWEST[key] = _NEWEST.get(key), ChangeLock(record, client, service)
    if former is not None:
        former.release()
    return _NEWEST[key]


def is_changing(folder: Path, client: str, service: str) -> bool:
    """Whether a run whose record lies in this folder is changing things now."""
    path = _path(folder, client, service)
    if not path.exists():
        return False
    lock = FileLock(path, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False


def _path(folder: Path, client: str, service: str) -> Path:
    return folder / f".{client}-{service}.lock"
