"""Records in an S3 bucket of the operator's: whole objects, which are never written over; and beside them the locks.

Amazon S3 refuses `If-None-Match: *` where there is an object of that name, and checks the content by its SHA-256, which
a bucket with Object Lock asks for.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import create_credential_resolver
from botocore.exceptions import ClientError

from .archive import BEGUN, FILE, NoRecords, RecordRefused, goes_on_after, records
from .bucket_refusal import FAILURES, NotOfS3, bucket_refusal, code_of, of_one_object
from .errors import ParameterError, Problem, RecordNotWritten, who_acts
from .files import replace_file
from .role_sessions import RoleSessions
from .service_descriptions import share_descriptions
from .side_by_side import side_by_side
from .text import one_line

SCHEME = "s3://"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and object-keys.html: the safe characters
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*'()/-]{0,400}?))?/?")
# Where S3 cannot be reached, a run that waits to write finds that out in less time than its lock lasts.
_SETTINGS = Config(
    retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=15, max_pool_connections=32
)

LOCK_LASTS = timedelta(minutes=2)
"""How long a lock holds since it was last put. The calls of a run give up sooner (`session`): none arrives later."""
_LONGEST_HOLDER = 1000
_LONGEST = 64 * 1024**2  # a record has hundreds of KiB; what others put there may have gigabytes
_IS_THERE = "PreconditionFailed"
_BEING_WRITTEN = "ConditionalRequestConflict"
_ANOTHER_WAS_FIRST = (_IS_THERE, _BEING_WRITTEN, "NoSuchKey")
_TRIES = 3


@dataclass(frozen=True)
class Lock:
    """What lies in the bucket as the lock of a client's service: who put it there, and when.

    `put` and `seen` are both told by S3: what clock a machine has makes no difference.
    """

    holder: str
    etag: str
    put: datetime
    seen: datetime

    @property
    def until(self) -> datetime:
        """When it runs out if it is not put again."""
        return self.put + LOCK_LASTS

    @property
    def held(self) -> bool:
        """Whether somebody has it: one that was given up is empty."""
        return bool(self.holder) and self.seen <= self.until


class Bucket:
    """Records in a bucket, by the operator's own credentials: those of a profile, or boto3's usual chain.

    A role's session is taken from `sessions`, or kept there. Raises ParameterError for what is no `s3://bucket/prefix`.
    """

    at_once = 16

    def __init__(self, address: str, profile: str = "", sessions: RoleSessions | None = None) -> None:
        found = _ADDRESS.fullmatch(address)
        if not found:
            must = "must be a folder, or s3://bucket/prefix with letters, digits and !_.*'()/- only"
            raise ParameterError([Problem("the command line", "--records", address, must)])
        self.unread: dict[str, str] = {}
        self.sessions = RoleSessions() if sessions is None else sessions
        self._bucket = found[1]
        folder = (found[2] or "").rstrip("/")  # or the same place would have two locks
        self._prefix = f"{folder}/" if folder else ""
        self._profile = profile

    def names(self, under: str = "") -> Iterator[str]:
        """The names of all records and their notebooks. Raises NoRecords."""
        yield from (name for name, _ in self._listed(under))

    def _listed(self, under: str) -> Iterator[tuple[str, datetime]]:
        """The names, and when each was put."""
        with _refusals("list", self.link(under)):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + under)
            for page in pages:
                for each in page.get("Contents", []):
                    parts = each["Key"].removeprefix(self._prefix).split("/")
                    if len(parts) == 3 and FILE.fullmatch(parts[2]):
                        yield "/".join(parts), each["LastModified"]

    def read(self, name: str) -> bytes:
        """The content of one, or the beginning of what is longer than any record. Raises NoRecords."""
        with _refusals("read", self.link(name)):
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)
            with closing(answer["Body"]) as body:
                content: bytes = body.read(_LONGEST)
        return content

    def link(self, name: str) -> str:
        """Its address."""
        return f"{SCHEME}{self._bucket}/{self._prefix}{name}"

    def changing(self, client: str, service: str) -> bool:
        """Whether a run has their lock now. Raises NoRecords."""
        lock = self.lock(client, service)
        return lock is not None and lock.held

    def lock(self, client: str, service: str) -> Lock | None:
        """What lies there as their lock. Raises NoRecords."""
        key = self._prefix + lock_name(client, service)
        with _refusals("read", self.link(lock_name(client, service))):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    return None
                raise
            with closing(answer["Body"]) as body:  # whatever somebody put there may be of any length
                holder = body.read(_LONGEST_HOLDER).decode("utf-8", "replace")
            seen = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).replace(tzinfo=UTC)
            return Lock(holder, answer["ETag"], answer["LastModified"], seen)

    def put_lock(self, client: str, service: str, holder: str, etag: str) -> str:
        """Put their lock in place of the one with this ETag, or where there is none if it is empty; the new ETag.

        Empty if another one was put there, or is being put. Raises RecordNotWritten if S3 did not take it.
        """
        name = lock_name(client, service)
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            return self._put(name, holder.encode(), **condition)
        except FAILURES as error:
            if code_of(error) in _ANOTHER_WAS_FIRST:
                return ""
            why, who = bucket_refusal(error)
            raise RecordNotWritten(who_acts(f"{self.link(name)} was not written: {why}", who)) from None

    def keep(self, name: str, content: bytes) -> None:
        """Put a whole object where there is none.

        Raises RecordNotWritten if S3 did not take it, or if there is another one of that name.
        """
        try:
            self._put_new(name, content)
        except FAILURES as error:
            is_there = code_of(error) == _IS_THERE
            if not (is_there and self.read(name) == content):  # the answer to an earlier try was lost
                why, who = bucket_refusal(error)
                happened = f"{self.link(name)} was not written, its file here is kept: {why}"
                raise RecordNotWritten(who_acts(happened, f"{who}; the next run uploads it")) from None

    def fetch(self, folder: Path, under: Iterable[str], most: int | None, since: datetime | None = None) -> None:
        """Bring the newest records below each of these names that are not in this folder yet; without `most`, all.

        With `since` only those that may tell of something after that.
        Raises NoRecords, and RecordNotWritten.
        """

        missing: list[str] = []

        def look(each: str) -> None:
            put = dict(self._listed(each))
            newest = [name for name in records(put)[:most] if goes_on_after(since, name.split("/")[2], put[name])]
            missing.extend(name for name in newest if not any((folder / it).exists() for it in (name, _whole(name))))

        def bring(name: str) -> None:
            """As it is, whatever it is: what cannot be read here is judged here. Whole, or it counts as missing."""
            try:
                replace_file(folder / name, self.read(name))
            except OSError as error:
                happened = f"{self.link(name)} cannot be copied to {folder}: {one_line(str(error))}"
                raise RecordNotWritten(who_acts(happened, "the engineer corrects that")) from None

        side_by_side([partial(look, each) for each in under], self.at_once)
        side_by_side([partial(bring, name) for name in missing], self.at_once)

    def _put_new(self, name: str, content: bytes) -> None:
        """Put it, and again while S3 says that it is just being written: by an earlier try without an answer."""
        for left in reversed(range(_TRIES)):
            try:
                self._put(name, content, IfNoneMatch="*")
            except ClientError as error:
                if code_of(error) != _BEING_WRITTEN or not left:
                    raise
                time.sleep(1)
            else:
                return

    def _put(self, name: str, content: bytes, **condition: str) -> str:
        where = {"Bucket": self._bucket, "Key": self._prefix + name}
        answer = self._s3.put_object(**where, Body=content, ChecksumAlgorithm="SHA256", **condition)
        if not answer.get("ETag"):  # botocore takes any page with status 200 for a success
            raise NotOfS3
        return str(answer["ETag"])

    @cached_property
    def _s3(self) -> Any:
        inner = botocore.session.Session()
        session = boto3.Session(profile_name=self._profile or None, botocore_session=inner)
        share_descriptions(session)
        cache: Any = self.sessions  # botocore says `dict`, and asks no more of it than to be looked into and written to
        inner.register_component("credential_provider", create_credential_resolver(inner, cache=cache))
        return session.client("s3", config=_SETTINGS)


@contextmanager
def _refusals(to: str, address: str) -> Iterator[None]:
    try:
        yield
    except (*FAILURES, KeyError, ValueError) as error:  # the last two: it is not as S3 answers
        why, who = bucket_refusal(error)
        kind = RecordRefused if to == "read" and of_one_object(error) else NoRecords
        raise kind(who_acts(f"AWS did not {to} {address}: {why}", who)) from None


def lock_name(client: str, service: str) -> str:
    """The name of their lock, which is no record's."""
    return f"{client}/{service}/lock"


def _whole(name: str) -> str:
    """The name of the record that was begun with this one."""
    return name.replace(BEGUN, ".json")
