"""Statements as Athena runs them: in the catalog and in S3, with the permissions of whoever queries.

https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from moto.glue.exceptions import DatabaseNotFoundException, TableAlreadyExistsException, TableNotFoundException
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from ...aws_words import athena as words
from ..iam.authorizer import authorize
from ..iam.needs_s3 import find_bucket
from ..iam.signer import Signer
from ..state import state
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall

_TEXT = r"'((?:[^'\\]|\\.)*)'"
_DDL_NAME = r"`((?:[^`]|``)*)`\.`((?:[^`]|``)*)`"
_NAME = r'"((?:[^"]|"")*)"\."((?:[^"]|"")*)"'
_CREATE = re.compile(
    rf"CREATE EXTERNAL TABLE {_DDL_NAME} \(`line` string\) LOCATION {_TEXT} TBLPROPERTIES \({_TEXT} = {_TEXT}\)",
    re.DOTALL,
)
_PATH = r"WHERE \"\$path\" = '((?:[^']|'')*)'"
_COUNT = re.compile(" ".join((r"SELECT count\(\*\) AS rows_read FROM", _NAME, _PATH)), re.DOTALL)
_DROP = re.compile(rf"DROP TABLE {_DDL_NAME}", re.DOTALL)
_DDL_FAILED = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "


class QueryError(Exception):
    """Why a statement ended as it did, and in which state."""

    def __init__(self, reason: str, status: str = "FAILED") -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Querier:
    """Who queries, where. Athena acts with the querier's permissions, and says so in each request.

    https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena-calledvia.html
    """

    signer: Signer
    account: str
    region: str

    def may(self, service: str, operation: str, **params: Any) -> None:
        """Raise AwsError unless the querier may make this call, by the policies of all sides."""
        via = {"aws:CalledVia": ("athena.amazonaws.com",), "aws:ViaAWSService": ("true",)}
        signer = replace(self.signer, context=self.signer.context | via)
        authorize(signer, IncomingCall(service, operation, params, self.account, self.region))

    @property
    def catalog(self) -> Any:
        """The tables of the account, by database."""
        return glue_backends[self.account][self.region]


@dataclass(frozen=True)
class Table:
    """A table's name, as each statement has it."""

    database: str
    name: str

    def may(self, querier: Querier, *operations: str) -> None:
        """Raise AwsError unless the querier may do this with the table, and see its database."""
        querier.may("glue", "GetDatabase", Name=self.database)
        for operation in operations:
            named = {"TableInput": {"Name": self.name}} if operation == "CreateTable" else {"Name": self.name}
            querier.may("glue", operation, DatabaseName=self.database, **named)


@dataclass(frozen=True)
class Create:
    """The one CREATE EXTERNAL TABLE that is known here."""

    table: Table
    location: str
    properties: Mapping[str, str]

    def run(self, querier: Querier, limit: int) -> None:
        """Put the table into the catalog. Raises QueryError."""
        try:
            self.table.may(querier, "GetTable", "CreateTable")
            if state.locations_are_checked:
                bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
                querier.may("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix)
        except AwsError as error:
            raise _ddl_denied(error) from error
        storage = {"Columns": [{"Name": "line", "Type": "string"}], "Location": self.location}
        made = {"Name": self.table.name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        parameters = {"EXTERNAL": "TRUE", "transient_lastDdlTime": "1612915200", **self.properties}
        try:
            querier.catalog.create_table(self.table.database, self.table.name, made | {"Parameters": parameters})
        except DatabaseNotFoundException as error:
            raise _no_database(self.table.database) from error
        except TableAlreadyExistsException as error:
            said = words.TABLE_EXISTS(table=self.table.name)
            raise QueryError(f"{_DDL_FAILED}{said}s)") from error


@dataclass(frozen=True)
class Count:
    """The one SELECT that is known here."""

    table: Table
    path: str

    def run(self, querier: Querier, limit: int) -> int:
        """List the table's folder, read the object of the path, and count its lines. Raises QueryError."""
        location = self._location(querier)
        found = [content for path, content in self._objects(querier, location) if path == self.path]
        if sum(map(len, found)) > limit:
            raise QueryError(words.CUT_OFF(), "CANCELLED")
        return sum(len(content.splitlines()) for content in found)

    def _location(self, querier: Querier) -> str:
        try:
            self.table.may(querier, "GetTable")
            table = querier.catalog.get_table(self.table.database, self.table.name)
        except AwsError as error:
            raise QueryError(f"Insufficient permissions to execute the query. {error.message}") from error
        except DatabaseNotFoundException as error:
            said = words.NO_SCHEMA(database=self.table.database)
            raise QueryError(f"SCHEMA_NOT_FOUND: line 1:38: {said}") from error
        except TableNotFoundException as error:
            said = words.NO_TABLE(table=f"awsdatacatalog.{self.table.database}.{self.table.name}")
            raise QueryError(f"TABLE_NOT_FOUND: line 1:38: {said}") from error
        location: str = table.as_dict()["StorageDescriptor"]["Location"]
        return location

    def _objects(self, querier: Querier, location: str) -> Iterator[tuple[str, bytes]]:
        """The object that is asked for, if it is in the table's folder and of a name that Athena does not skip."""
        name, _, prefix = location.removeprefix("s3://").partition("/")
        bucket = find_bucket(name)
        if bucket is None:
            raise QueryError("The specified bucket does not exist (Service: Amazon S3; Status Code: 404)")
        _s3(querier, location, "ListObjectsV2", Bucket=name, Prefix=prefix)
        for key, found in bucket.keys.items():
            path = f"s3://{name}/{key}"
            hidden = any(part.startswith(("_", ".")) for part in key.removeprefix(prefix).split("/"))
            if key.startswith(prefix) and not hidden and path == self.path:
                _s3(querier, path, "GetObject", Bucket=name, Key=key)
                yield path, found.value


@dataclass(frozen=True)
class Drop:
    """The one DROP TABLE that is known here. What lies in S3 stays."""

    table: Table

    def run(self, querier: Querier, limit: int) -> None:
        """Take the table out of the catalog. Raises QueryError."""
        try:
            self.table.may(querier, "GetTable", "DeleteTable")
            querier.catalog.delete_table(self.table.database, self.table.name)
        except AwsError as error:
            raise _ddl_denied(error) from error
        except DatabaseNotFoundException as error:
            raise _no_database(self.table.database) from error
        except TableNotFoundException as error:
            said = words.NO_TABLE_TOO(table=self.table.name)
            raise QueryError(f"FAILED: SemanticException [Error 10001]: {said}") from error


Statement = Create | Count | Drop


def parse(sql: str) -> Statement | None:
    """What a statement says; None for any that is not one of ours."""
    if match := _CREATE.fullmatch(sql):
        database, table, *texts = match.groups()
        location, key, value = (re.sub(r"\\(.)", r"\1", each, flags=re.DOTALL) for each in texts)
        return Create(_table(database, table, "`"), location, {key: value})
    if match := _COUNT.fullmatch(sql):
        database, table, path = match.groups()
        return Count(_table(database, table, '"'), path.replace("''", "'"))
    if match := _DROP.fullmatch(sql):
        database, table = match.groups()
        return Drop(_table(database, table, "`"))
    return None


def write_result(querier: Querier, url: str, content: bytes) -> None:
    """Write a result to its place, as the querier. Raises QueryError."""
    name, _, key = url.removeprefix("s3://").partition("/")
    try:
        querier.may("s3", "PutObject", Bucket=name, Key=key)
    except AwsError as error:
        hint = (
            "Please ensure you are allowed to access the S3 bucket. If you are encrypting query results with KMS key, "
            "please ensure you are allowed to access your KMS key"
        )
        raise QueryError(f"{words.NO_RESULTS(path=url)} . {hint}") from error
    bucket = find_bucket(name)
    if bucket is not None:
        s3_backends[bucket.account_id]["aws"].put_object(name, key, content)


def _table(database: str, name: str, sign: str) -> Table:
    return Table(database.replace(2 * sign, sign), name.replace(2 * sign, sign))


def _s3(querier: Querier, path: str, operation: str, **params: Any) -> None:
    try:
        querier.may("s3", operation, **params)
    except AwsError as error:
        raise QueryError(words.S3_PATH_DENIED(path=path)) from error


def _no_database(name: str) -> QueryError:
    return QueryError(f"FAILED: SemanticException [Error 10072]: {words.NO_DATABASE(database=name)}")


def _ddl_denied(error: AwsError) -> QueryError:
    """S3's refusal names no bucket there."""
    if error.code == "AccessDenied":
        said = f"{words.S3_DENIED()} Error Code: AccessDenied; Request ID: {uuid4().hex[:16].upper()})"
        return QueryError(f"{_DDL_FAILED}MetaException(message:{said})")
    service = (
        f"(Service: AmazonDataCatalog; Status Code: 400; Error Code: {error.code}; Request ID: {uuid4()}; Proxy: null)"
    )
    return QueryError(f"{_DDL_FAILED}MetaException(message:{error.message} {service})")
