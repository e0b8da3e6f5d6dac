"""Records in an S3 bucket of the operator's: whole objects, which are never written over.

Amazon S3 refuses `If-None-Match: *` where there is an object of that name, and checks the content by its SHA-256, which
a bucket with Object Lock asks for.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .archive import FILE, NoRecords
from .errors import ParameterError, Problem, RecordNotWritten, who_acts
from .files import write_new
from .redaction import foreign
from .text import one_line

SCHEME = "s3://"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and object-keys.html: the safe characters
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*'()/-]{0,400}?))?/?")
_SETTINGS = Config(retries={"mode": "standard", "max_attempts": 10}, max_pool_connections=32)
_WHO = "the engineer checks --records, --records-profile, and the right to s3:PutObject, s3:GetObject and s3:ListBucket"


class Bucket:
    """Records in a bucket, by the operator's own credentials: those of a profile, or boto3's usual chain.

    Raises ParameterError for what is no `s3://bucket/prefix`.
    """

    at_once = 16

    def __init__(self, address: str, profile: str = "") -> None:
        found = _ADDRESS.fullmatch(address)
        if not found:
            must = "must be a folder, or s3://bucket/prefix with letters, digits and !_.*'()/- only"
            raise ParameterError([Problem("the command line", "--records", address, must)])
        self.unread: dict[str, str] = {}
        self._bucket = found[1]
        self._prefix = f"{found[2]}/" if found[2] else ""
        self._profile = profile

    def names(self, under: str = "") -> Iterator[str]:
        """The names of all records and their notebooks. Raises NoRecords."""
        with _refusals("list", self.link(under)):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + under)
            for page in pages:
                for each in page.get("Contents", []):
                    parts = each["Key"].removeprefix(self._prefix).split("/")
                    if len(parts) == 3 and FILE.fullmatch(parts[2]):
                        yield "/".join(parts)

    def read(self, name: str) -> bytes:
        """The content of one. Raises NoRecords."""
        with _refusals("read", self.link(name)):
            content: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        return content

    def link(self, name: str) -> str:
        """Its address."""
        return f"{SCHEME}{self._bucket}/{self._prefix}{name}"

    def changing(self, client: str, service: str) -> bool:
        """Nothing is known of that: the runs are elsewhere, and upload their records when they end."""
        return False

    def keep(self, name: str, content: bytes) -> None:
        """Put a whole object where there is none.

        Raises RecordNotWritten if S3 did not take it, or if there is another one of that name.
        """
        key = self._prefix + name
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*", ChecksumAlgorithm="SHA256")
        except (ClientError, BotoCoreError) as error:
            if not (_is_there_already(error) and self.read(name) == content):  # the answer to an earlier try was lost
                happened = f"{self.link(name)} was not written, its file here is kept: {_words(error)}"
                raise RecordNotWritten(who_acts(happened, f"{_WHO}, and uploads it")) from None

    def fetch(self, folder: Path, under: str) -> None:
        """Bring the records below `under` that are not in this folder yet. Raises NoRecords, and RecordNotWritten."""
        for name in self.names(under):
            if name.endswith(".json") and not (folder / name).exists():
                try:
                    write_new(folder / name, self.read(name).decode("utf-8"))
                except (OSError, UnicodeDecodeError) as error:
                    happened = f"{self.link(name)} cannot be copied to {folder}: {one_line(str(error))}"
                    raise RecordNotWritten(who_acts(happened, "the engineer corrects that")) from None

    @cached_property
    def _s3(self) -> Any:
        return boto3.Session(profile_name=self._profile or None).client("s3", config=_SETTINGS)


@contextmanager
def _refusals(to: str, address: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise NoRecords(who_acts(f"AWS did not {to} {address}: {_words(error)}", _WHO)) from None


def _is_there_already(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "PreconditionFailed"


def _words(error: Exception) -> str:
    return one_line(foreign(str(error)))
