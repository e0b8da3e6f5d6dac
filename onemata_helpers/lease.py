"""Only one run at a time changes things for a client and service, among all whose records are kept in one bucket.

The lock is an object beside the records. Whoever takes it puts in who it is, on condition that nobody has put anything
there since it looked, and an empty one is nobody's. Its holder looks at it before each write to the client's account,
and puts it again, on the same condition, if it does not hold for much longer: one that was suspended, or cut off from
S3, for so long that another took the lock finds that out before it writes. After a crash nobody puts it again, and it
runs out. (A look costs less than a put, and leaves no version in a bucket that keeps them.)

No machine's clock is trusted. Whether a lock has run out is the difference of two times that S3 tells: that of its
answer, and that at which the lock was put. Its holder needs no clock: right before a write S3 says that the lock is its
own, and holds for longer than a request takes to arrive or fail. (Only a process that is suspended between these two,
for longer than that, and then still has its connection, could write late; AWS has no calls that could tell.)
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock as Mutex
from typing import Annotated
from uuid import uuid4

from pydantic import Field, ValidationError

from .archive import BEGUN
from .bucket import LOCK_LASTS, Bucket, Lock
from .errors import Busy, LockLost, OnemataError, RecordNotWritten, who_acts
from .files import read_file, write_new
from .frozen import Frozen
from .record import now
from .redaction import foreign
from .role_sessions import handed_over
from .text import one_line
from .wait import Wait

# An attempt at a call may take 70 seconds (`session`), and S3 tells whole seconds.
_LONG_ENOUGH = timedelta(seconds=75)
_RENEWED_AFTER = LOCK_LASTS.total_seconds() / 3
_TRIES = 5


class _Terms(Frozen):
    """What a run must know of the bucket. It stands in a file beside its record, as long as it runs."""

    bucket: str
    profile: str
    run: Annotated[str, Field(pattern=r"^run [0-9a-f-]{36}$")]


class Lease:
    """The lock of one client and service in a bucket, for the run that writes this record."""

    def __init__(self, bucket: Bucket, run: str, record: Path, client: str, service: str) -> None:
        self._bucket = bucket
        self._whose = (client, service)
        self._run = run
        self._holder = f"{run}, process {os.getpid()} on {platform.node()} since {now()}, record {record.name}"
        self._record = record
        self._etag = ""
        self._puts = 0
        self._put_at = 0.0
        self._begun = False
        self._others = ""
        self._mutex = Mutex()

    def take(self, wait: Wait) -> None:
        """Take the lock, or go on holding it. Raises Busy if another run still holds it when the wait is over.

        The folder's own lock must be held: then no other run whose record lies there changes anything, and if one of
        them was killed, nobody has to wait until its lock runs out.
        Raises NoRecords, RecordNotWritten or LockLost if S3 does not let us.
        """
        if self._taken():
            return
        saying = f"another run changes {'/'.join(self._whose)}: {self._others}"
        if not wait.patiently(saying, self._taken, bool):
            happened = f"Nothing was done: another run changes {'/'.join(self._whose)}: {self._others}"
            raise Busy(who_acts(happened, "the engineer lets that one end, or ends it, and runs this again"))

    def fetch_earlier_records(self, since: datetime | None) -> None:
        """Bring the earlier records of the client's service beside this run's; with `since`, what goes on after that.

        Raises NoRecords and RecordNotWritten.

        The lock must be held: whoever had it before has uploaded what was done, and nobody else does anything now.
        """
        self._bucket.fetch(self._record.absolute().parents[2], [f"{'/'.join(self._whose)}/"], None, since)

    def before_request(self, writes: bool) -> None:
        """Call this before each request to the client's account. Raises LockLost, NoRecords and RecordNotWritten.

        Before the first that writes, the record is kept in the bucket as far as it is: a run that is then cut off is
        known there.
        """
        with self._mutex:
            if writes and not self._begun:
                name = "/".join((*self._whose, self._record.stem + BEGUN))
                self._bucket.keep(name, read_file(self._record))
                self._begun = True
            if self._etag and writes:
                self._hold()
            elif self._etag and time.monotonic() - self._put_at > _RENEWED_AFTER:
                self._renew()

    def give_up(self) -> None:
        """Let others go on, if the lock is still this run's. Raises NoRecords and RecordNotWritten."""
        lock = self._bucket.lock(*self._whose)
        if lock and self._is_ours(lock):
            self._bucket.put_lock(*self._whose, "", lock.etag)
            self._etag = ""

    def _taken(self) -> bool:
        with self._mutex:
            if self._etag:
                self._hold()
                return True
            lock = self._bucket.lock(*self._whose)
            if lock and lock.held and not lock.holder.startswith(_runs_beside(self._record)):
                self._others = f"{_said(lock)}; its lock holds until {lock.until.isoformat()} unless it is renewed"
                return False
            return self._put(lock.etag if lock else "")

    def _hold(self) -> None:
        """See that it is ours for long enough, and put it again if not."""
        lock = self._bucket.lock(*self._whose)
        if lock and self._is_ours(lock) and lock.until - lock.seen >= _LONG_ENOUGH:
            self._etag = lock.etag
        else:
            self._renew()

    def _renew(self) -> None:
        """Put it again. Another's is there only if this run was held up; ours, if an answer was lost."""
        etag = self._etag
        for _ in range(_TRIES):
            if self._put(etag):
                return
            lock = self._bucket.lock(*self._whose)
            if lock is None or not self._is_ours(lock):
                happened = (
                    f"Nothing more was done: this run was held up, and lost its lock on {'/'.join(self._whose)} to "
                    f"another: {_said(lock) if lock else 'unknown'}"
                )
                who = "the engineer lets that one end, and runs this again, which completes what was begun"
                raise LockLost(who_acts(happened, who))
            etag = lock.etag
        happened = "Nothing more was done: S3 did not take the lock, since it is always being written"
        raise RecordNotWritten(who_acts(happened, "the engineer runs it again"))

    def _put(self, etag: str) -> bool:
        self._others = "unknown"
        began = time.monotonic()
        self._puts += 1  # no two are the same, or whoever saw the one before as run out could still put its own
        new = self._bucket.put_lock(*self._whose, f"{self._holder}, put {self._puts} times", etag)
        if new:
            self._etag, self._put_at = new, began
        return bool(new)

    def _is_ours(self, lock: Lock) -> bool:
        return lock.holder.startswith(f"{self._run}, ")


def hand_down(record: Path, bucket: str, profile: str) -> None:
    """Let the run that will write this record know of the bucket. Raises RecordNotWritten."""
    terms = _Terms(bucket=bucket, profile=profile, run=f"run {uuid4()}")
    try:
        write_new(_beside(record), terms.model_dump_json())
    except OSError as error:
        happened = f"{_beside(record)} cannot be written: {error.strerror}. Nothing was done"
        raise RecordNotWritten(who_acts(happened, "the engineer corrects that, and runs it again")) from None


def lease_of_run(record: Path, client: str, service: str) -> Lease | None:
    """The lock in the bucket that the records of this run go to; None if they go to none. Raises RecordNotWritten."""
    path = _beside(record)
    try:
        terms = _terms(path)
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        happened = f"{path} cannot be read: {one_line(str(error))}. Nothing was done"
        raise RecordNotWritten(who_acts(happened, "the engineer corrects that, and runs it again")) from None
    return Lease(Bucket(terms.bucket, terms.profile, handed_over()), terms.run, record, client, service)


def give_up(record: Path, bucket: Bucket, client: str, service: str) -> None:
    """The run that wrote this record has ended: others may go on. Raises nothing: what is not given up runs out."""
    with suppress(OnemataError, OSError, ValidationError):
        terms = _terms(_beside(record))
        _beside(record).unlink()
        Lease(bucket, terms.run, record, client, service).give_up()


def _runs_beside(record: Path) -> tuple[str, ...]:
    """How the locks of the runs begin whose records lie beside this one, and of this one."""
    found = []
    for path in record.parent.glob("*.lease"):
        with suppress(OSError, ValidationError):  # of one that is just being written, or was damaged
            found.append(f"{_terms(path).run}, ")
    return tuple(found)


def _said(lock: Lock) -> str:
    return one_line(foreign(lock.holder)) or "one that has ended"


def _terms(path: Path) -> _Terms:
    return _Terms.model_validate_json(read_file(path))


def _beside(record: Path) -> Path:
    return record.with_suffix(".lease")
