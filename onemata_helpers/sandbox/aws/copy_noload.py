"""COPY … NOLOAD as Redshift runs it: with the credentials of a role, through the same door as everybody."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from botocore.exceptions import ClientError

from ...aws_words import redshift as words
from ..iam.needs_s3 import find_bucket
from ..iam.policy_engine import service_may_assume
from ..iam.service_session import Session, service_session
from ..iam.signer import find_role
from ..state import state

_TEXT = r"'((?:[^']|'')*)'"
_COPY = re.compile(rf"COPY onemata_probe FROM {_TEXT} IAM_ROLE {_TEXT} FORMAT AS CSV NOLOAD(?: REGION {_TEXT})?;")
_LINE = 65535
_CREDENTIALS = "xen_aws_credentials_mgr.cpp"


class SqlError(Exception):
    """What Redshift says of a statement that failed."""


@dataclass(frozen=True)
class Database:
    """Where a statement runs, and as whom. `roles` are those that the cluster or namespace has in-sync.

    `workgroup_id` is given for a workgroup.
    """

    name: str
    region: str
    account: str
    user: str
    superuser: bool
    roles: Sequence[str]
    workgroup_id: str = ""

    @property
    def user_arn(self) -> str:
        """What Redshift sends as external ID.

        https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html
        """
        where = f"serverless-{self.account}-{self.workgroup_id}" if self.workgroup_id else self.name
        return f"arn:aws:redshift:{self.region}:{self.account}:dbuser:{where}/{self.user}"


@dataclass(frozen=True)
class Copy:
    """The one COPY that is known here."""

    bucket: str
    key: str
    roles: tuple[str, ...]
    region: str

    @classmethod
    def parse(cls, sql: str) -> Self | None:
        """None for any other statement."""
        match = _COPY.fullmatch(sql)
        if match is None:
            return None
        place, roles, region = ((text or "").replace("''", "'") for text in match.groups())
        bucket, _, key = place.removeprefix("s3://").partition("/")
        return cls(bucket, key, tuple(roles.split(",")), region)

    def run(self, database: Database) -> None:
        """List what begins with the key, get each, and parse it. Raises SqlError."""
        session = self._session(database)
        self._check_region(database)
        s3 = session.s3()
        found = self._asked(s3.list_objects_v2, Prefix=self.key).get("Contents", [])
        if not found:
            raise SqlError(words.NO_PREFIX(key=self.key))
        for each in found:
            _parse(self._asked(s3.get_object, Key=each["Key"])["Body"].read(), database)

    def _session(self, database: Database) -> Session:
        first, *others = self.roles
        if (database.account, database.name) in state.without_assumerole and not database.superuser:
            raise SqlError(words.NO_ASSUMEROLE(user=database.user, role=first))
        session = self._assumed(database)
        for role in others:
            try:
                session = session.assume(role, "RedshiftIamRoleSession", database.user_arn)
            except ClientError as error:
                raise self._not_assumable(database) from error
        return session

    def _assumed(self, database: Database) -> Session:
        role, sent = self.roles[0], {"sts:ExternalId": (database.user_arn,)}
        trusted = _trusts_redshift(role, database)
        if database.workgroup_id and not (trusted and role in database.roles):
            raise self._without_credentials()
        if role not in database.roles:
            raise self._not_assumable(database)
        if not trusted:
            raise self._without_credentials()
        region = self.region or database.region
        for service in _principals(database.region):
            if session := service_session(role, service, "RedshiftIamRoleSession", region, sent):
                return session
        raise self._not_assumable(database)

    def _without_credentials(self) -> SqlError:
        role = self.roles[0]
        return _detailed(words.NO_CREDENTIALS(role=role), 30000, f"IAM Role={role}", _CREDENTIALS)

    def _not_assumable(self, database: Database) -> SqlError:
        chain = ",".join(self.roles)
        text = words.NOT_ASSUMABLE(user=database.user_arn, role=chain)
        return _detailed(text, 8001, f"IAM Role={chain}", _CREDENTIALS)

    def _check_region(self, database: Database) -> None:
        bucket = find_bucket(self.bucket)
        if bucket and bucket.region_name != (self.region or database.region):
            text = f"The bucket you are attempting to access {words.OTHER_REGION()}."
            raise self._by_s3(f"{text},Status 301,Error PermanentRedirect")

    def _asked(self, operation: Any, **arguments: Any) -> Any:
        try:
            return operation(Bucket=self.bucket, **arguments)
        except ClientError as error:
            code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            why = "Access Denied" if code == "AccessDenied" else error.response["Error"]["Message"]
            raise self._by_s3(f"{why},Status {status},Error {code}") from error

    def _by_s3(self, said: str) -> SqlError:
        context = f"S3 key being read : s3://{self.bucket}/{self.key}"
        text = f"S3ServiceException:{said},Rid {uuid4().hex[:16].upper()},CanRetry 1"
        return _detailed(text, 8001, context, "s3_utility.cpp")


def _principals(region: str) -> tuple[str, str]:
    """https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html (a trust may name a region)"""
    return "redshift.amazonaws.com", f"redshift.{region}.amazonaws.com"


def _trusts_redshift(role_arn: str, database: Database) -> bool:
    """Whether the role is there for Redshift, and its trust names it, whatever it asks for besides.

    A workgroup's role must name Redshift Serverless, too.
    https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-security-other-services.html
    """
    role = find_role(role_arn)
    if role is None or state.is_fresh(role_arn):
        return False
    trust = json.loads(role.assume_role_policy_document)
    statements = trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    bare = {"Statement": [{key: value for key, value in each.items() if key != "Condition"} for each in statements]}
    if database.workgroup_id and not service_may_assume(bare, "redshift-serverless.amazonaws.com"):
        return False
    return any(service_may_assume(bare, service) for service in _principals(database.region))


def _parse(content: bytes, database: Database) -> None:
    """Raise SqlError unless it is CSV of one column.

    https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode()), strict=True))
    except (UnicodeDecodeError, csv.Error):
        rows = [[]]
    if not all(len(row) == 1 and len(row[0].encode()) <= _LINE for row in rows):
        table = "sys_load_error_detail" if database.workgroup_id else "stl_load_errors"
        text = words.NOT_PARSED(table="onemata_probe")
        raise SqlError(f"{text}.  Check '{table}' system table for details.")


def _detailed(text: str, code: int, context: str, place: str) -> SqlError:
    """An error of the cluster's, with the block that it shows below."""
    line = "-----------------------------------------------"
    return SqlError(
        f"{text}\n  Detail: \n  {line}\n  error:  {text}\n  code:      {code}\n  context:   {context}\n"
        f"  query:     0\n  location:  {place}:402\n  process:   padbmaster [pid=1]\n  {line}"
    )
