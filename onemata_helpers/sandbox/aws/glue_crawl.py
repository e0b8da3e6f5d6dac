"""A crawl as Glue runs it: with the credentials of the crawler's role, through the same door as everybody.

https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Self
from uuid import uuid4

from botocore.exceptions import ClientError

from ...aws_words import glue as words
from ..iam.needs_s3 import find_bucket
from ..iam.service_session import Session, service_session
from ..state import state
from .glue_classifiers import BUILT_IN, Classifier

_PLACE = re.compile(r"s3://([^/]+)/?(.*)")
_GLOB = re.compile(r"\*\*|\*|\?|[^*?]+")


class CrawlError(Exception):
    """What Glue says of a crawler that it cannot make or run."""


@dataclass(frozen=True)
class Target:
    """A place in S3 that a crawler reads, without what fits `exclusions`; of each folder so many objects (0: all)."""

    bucket: str
    key: str
    exclusions: tuple[str, ...]
    sample: int

    @classmethod
    def parse(cls, asked: Mapping[str, Any]) -> Self | None:
        """None for what is no place in S3."""
        found = _PLACE.fullmatch(asked.get("Path", ""))
        return (
            cls(found[1], found[2], tuple(asked.get("Exclusions") or ()), asked.get("SampleSize") or 0)
            if found
            else None
        )

    @property
    def path(self) -> str:
        """As the crawler was told it."""
        return f"s3://{self.bucket}/{self.key}"

    def look(self, session: Session) -> None:
        """What Glue does before it makes a crawler. Raises CrawlError."""
        if find_bucket(self.bucket) is None:
            raise CrawlError(words.NO_BUCKET(bucket=self.bucket))
        s3 = session.s3()
        try:
            if state.crawlers_ask_for_buckets:
                s3.head_bucket(Bucket=self.bucket)
            else:
                s3.list_objects_v2(Bucket=self.bucket, Prefix=self.key, MaxKeys=1)
        except ClientError as error:
            raise CrawlError(words.NOT_VALIDATED(target=self.path, why=_by_s3(error))) from error

    def sampled(self, session: Session) -> Iterator[str]:
        """The keys that are read. Raises ClientError."""
        pages = session.s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key)
        keys = sorted(each["Key"] for page in pages for each in page.get("Contents", []))
        kept = [key for key in keys if not key.endswith("/") and not self._excludes(key.removeprefix(self.key))]
        for _, of_folder in groupby(kept, lambda key: key.rpartition("/")[0]):
            yield from islice(of_folder, self.sample or None)

    def _excludes(self, key: str) -> bool:
        return any(_glob(pattern).fullmatch(key) for pattern in self.exclusions)


def session_of(role_arn: str, region: str) -> Session:
    """The role, in Glue's hands. Raises CrawlError."""
    session = service_session(role_arn, "glue.amazonaws.com", "AWS-Crawler", region)
    if session is None:
        raise CrawlError(words.NOT_ASSUMABLE(role="provided role"))
    return session


def crawl(
    session: Session,
    targets: Sequence[Target],
    classifiers: Sequence[Classifier],
    tables: tuple[str, str],
    log: Callable[[str], None],
) -> None:
    """Read the targets, and write a table for each that holds something. `tables` are their database and prefix.

    An object that S3 refuses is only logged. Raises CrawlError.
    """
    database, prefix = tables
    glue = session.glue()
    try:
        glue.get_database(Name=database)
        for target in targets:
            contents = [_content(session, target, key, log) for key in target.sampled(session)]
            if contents:
                _write(glue, database, _table(target, contents, classifiers, prefix))
    except ClientError as error:
        log(f"ERROR : {_by_s3(error) if _is_s3s(error) else _words(error)}")
        raise CrawlError(words.INTERNAL()) from error


def _write(glue: Any, database: str, table: Mapping[str, Any]) -> None:
    try:
        glue.create_table(DatabaseName=database, TableInput=table)
    except glue.exceptions.AlreadyExistsException:
        glue.update_table(DatabaseName=database, TableInput=table)


def _content(session: Session, target: Target, key: str, log: Callable[[str], None]) -> bytes | None:
    try:
        body: bytes = session.s3().get_object(Bucket=target.bucket, Key=key)["Body"].read()
    except ClientError as error:
        place = f"s3://{target.bucket}/{key}"
        log(f"ERROR : Error {words.NOT_READ(why=_by_s3(error), object=place)}")
        return None
    return body


def _table(
    target: Target, contents: Sequence[bytes | None], classifiers: Sequence[Classifier], prefix: str
) -> dict[str, Any]:
    readable = next((each for each in contents if each is not None), None)
    found = ((each, each.columns(readable)) for each in (*classifiers, BUILT_IN)) if readable else iter(())
    columns = next((columns for _, columns in found if columns), ())
    folder = target.key.rstrip("/").rpartition("/")[2] or target.bucket
    return {
        "Name": prefix + re.sub(r"\W", "_", folder.lower()),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "csv" if columns else "UNKNOWN"},
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": "string"} for name in columns],
            "Location": target.path,
        },
    }


def _glob(pattern: str) -> re.Pattern[str]:
    """Of Glue's patterns only `*`, `**` and `?` are known here.

    https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html#crawler-data-stores-exclude
    """
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in _GLOB.findall(pattern)), re.DOTALL)


def _is_s3s(error: ClientError) -> bool:
    return error.operation_name in ("ListObjectsV2", "GetObject", "HeadBucket")


def _by_s3(error: ClientError) -> str:
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    named = {"403": "403 Forbidden", "404": "404 Not Found"}.get(code, code)
    said = "Access Denied" if code == "AccessDenied" else error.response["Error"]["Message"]
    return words.BY_S3(why=said, status=str(status), code=named, id=uuid4().hex[:16].upper())


def _words(error: ClientError) -> str:
    answer = error.response["Error"]
    return f"{answer['Message']} (Service: AWSGlue; Status Code: 400; Error Code: {answer['Code']})"
