"""Records that are kept in a bucket, too: each is written here from its first moment, and uploaded at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from .. import lease
from ..archive import BEGUN, FAR_BACK, FILE
from ..bucket import Bucket
from ..errors import OnemataError
from ..files import read_file
from ..role_sessions import RoleSessions
from ..terminal import say
from ..text import counted, sentence
from .jobs import Job, Result

# A record that has no end after a day has been cut off: no notebook may take so long.
_CUT_OFF_AFTER = timedelta(days=1)


def refuse_unreachable(place: str, profile: str) -> None:
    """Raise NoRecords if there is no such bucket, or ParameterError for what is no place in one."""
    next(_bucket(place, profile).names(), None)


def fetch(todo: Sequence[Job]) -> None:
    """Bring the earlier records of these jobs here, so that they are chosen as on the machine that ran them.

    Raises NoRecords and RecordNotWritten.
    """
    if todo:  # all go to the same place
        _of(todo[0]).fetch(todo[0].records, [f"{job.name}/" for job in todo], FAR_BACK)
    say(f"The earlier records of {counted(len(todo), 'runbook')} are here now, as they are in the bucket.")


def changes_elsewhere(job: Job) -> bool:
    """Whether a run on any machine that keeps its records there has the job's lock now. Raises NoRecords."""
    return bool(job.upload_to) and _of(job).changing(job.parameters.client, job.parameters.service)


def hand_down(job: Job, record: Path) -> None:
    """Let the run that writes this record know of the bucket, where its lock is. Raises RecordNotWritten."""
    if job.upload_to:
        lease.hand_down(record, job.upload_to, job.upload_as)


def sessions_there(job: Job) -> RoleSessions:
    """What a job's run goes on with to reach the bucket, if that is done as a role."""
    return _of(job).sessions if job.upload_to else RoleSessions()


def uploaded(job: Job, result: Result) -> Result:
    """Upload a job's record and those of earlier runs that were not yet, and give up the run's lock there.

    A failure to upload is the job's.
    """
    if not job.upload_to:
        return result
    try:
        return _uploaded(job, result)
    finally:
        if result.record:
            lease.give_up(result.record, _of(job), job.parameters.client, job.parameters.service)


def _uploaded(job: Job, result: Result) -> Result:
    try:
        bucket = _of(job)
        there = set(bucket.names(f"{job.name}/"))
        for path in _ended(job.folder, result.record):
            name = path.relative_to(job.records).as_posix()
            if name not in there:
                bucket.keep(name, read_file(path))
    except OnemataError as error:
        return not_uploaded(result, str(error))
    except OSError as error:
        return not_uploaded(result, f"{error.filename} cannot be read: {error.strerror}")
    return result


def _ended(folder: Path, own: Path | None) -> Iterator[Path]:
    """The records that change no more, each after its notebook: a record in the bucket then always has one."""
    for path in sorted(folder.glob("*.json")):
        is_record = FILE.fullmatch(path.name) and not path.name.endswith(BEGUN)
        if is_record and (path == own or _has_end(path)):
            yield from (each for each in (path.with_suffix(".ipynb"), path) if each.exists())


def _has_end(path: Path) -> bool:
    try:
        began = datetime.strptime(path.stem, "%Y-%m-%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        if datetime.now(UTC) - began > _CUT_OFF_AFTER:
            return True
        return bool(json.loads(read_file(path))["finished"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False


def not_uploaded(result: Result, why: str) -> Result:
    """What becomes of a job whose record stays here."""
    said = f"{sentence(result.reason)} The run itself ended: {result.outcome}. The record was not uploaded: {why}"
    return replace(result, outcome="failed", reason=said)


def _of(job: Job) -> Bucket:
    return _bucket(job.upload_to, job.upload_as)


@cache
def _bucket(address: str, profile: str) -> Bucket:
    return Bucket(address, profile)
