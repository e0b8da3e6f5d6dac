"""Records that are kept in a bucket, too: each is written here from its first moment, and uploaded at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from ..archive import FILE
from ..bucket import Bucket
from ..errors import OnemataError
from ..files import read_file
from ..plan import CHANGING
from ..terminal import say
from ..text import counted, sentence
from .jobs import Job, Result

# A record that has no end after a day has been cut off: no notebook may take so long.
_CUT_OFF_AFTER = timedelta(days=1)


def fetch(todo: Sequence[Job]) -> None:
    """Bring the earlier records of these jobs here, so that they are chosen as on the machine that ran them.

    Raises NoRecords and RecordNotWritten.
    """
    for job in todo:
        _fetch(job)
    say(f"The earlier records of {counted(len(todo), 'runbook')} are here.")


def fetch_what_tells_of_its_approval(job: Job) -> None:
    """Bring the earlier records of a job here that was approved before: they tell whether that approval was used up.

    Raises NoRecords and RecordNotWritten.
    """
    if job.upload_to and job.parameters.approved_plan and job.parameters.action in CHANGING:
        _fetch(job)


def _fetch(job: Job) -> None:
    _bucket(job.upload_to, job.upload_as).fetch(job.records, f"{job.name}/")


def uploaded(job: Job, result: Result) -> Result:
    """Upload a job's record and those of earlier runs that were not yet. A failure to do so is the job's."""
    if not job.upload_to:
        return result
    try:
        bucket = _bucket(job.upload_to, job.upload_as)
        there = set(bucket.names(f"{job.name}/"))
        for path in _ended(job.folder, result.record):
            name = path.relative_to(job.records).as_posix()
            if name not in there:
                bucket.keep(name, read_file(path))
    except OnemataError as error:
        return _not_uploaded(result, str(error))
    except OSError as error:
        return _not_uploaded(result, f"{error.filename} cannot be read: {error.strerror}")
    return result


def _ended(folder: Path, own: Path | None) -> Iterator[Path]:
    """The records that change no more, each after its notebook: a record in the bucket then always has one."""
    for path in sorted(folder.glob("*.json")):
        if FILE.fullmatch(path.name) and (path == own or _has_end(path)):
            yield from (each for each in (path.with_suffix(".ipynb"), path) if each.exists())


def _has_end(path: Path) -> bool:
    try:
        began = datetime.strptime(path.stem, "%Y-%m-%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        if datetime.now(UTC) - began > _CUT_OFF_AFTER:
            return True
        return bool(json.loads(read_file(path))["finished"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False


def _not_uploaded(result: Result, why: str) -> Result:
    said = f"{sentence(result.reason)} The run itself ended: {result.outcome}. The record was not uploaded: {why}"
    return replace(result, outcome="failed", reason=said)


@cache
def _bucket(address: str, profile: str) -> Bucket:
    return Bucket(address, profile)
