"""What a client's folder says of the world, as data: what is in the client's account, and what Onemata has for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5


@dataclass(frozen=True)
class Cluster:
    """A provisioned cluster of the client's, with its first database and its admin."""

    name: str
    database: str = "dev"
    admin: str = "awsuser"


@dataclass(frozen=True)
class Workgroup:
    """A workgroup of Redshift Serverless, with the first database and the admin of its namespace."""

    name: str
    database: str = "dev"
    admin: str = "awsuser"

    @property
    def namespace(self) -> str:
        """The name of its namespace: another, but where that would be too long."""
        return f"{self.name}-data" if len(self.name) < 60 else self.name


@dataclass(frozen=True)
class Trusted:
    """A role of the client's that Onemata's role lets in, with this external ID (empty: with any or none)."""

    role_arn: str
    external_id: str = ""


@dataclass(frozen=True)
class StoredObject:
    """An object in a bucket of Onemata's; the probe object unless told."""

    bucket: str
    key: str
    content: bytes = b"onemata\n"


@dataclass(frozen=True)
class Athena:
    """Who of the client's queries, in which workgroup and database; results go to a bucket of the client's own."""

    analysts: tuple[str, ...]
    workgroup: str
    database: str
    results: str

    @property
    def results_bucket(self) -> str:
        """The bucket in the place of the results."""
        return self.results.removeprefix("s3://").partition("/")[0]


@dataclass(frozen=True)
class ClientWorld:
    """The account of one client, and Onemata's side of it.

    A prefix ends with `/` or is empty. `readers` are the roles and users that Onemata's bucket policy lets read,
    `holders` the users, groups and roles that are there already; `objects` may lie in other buckets, too. The operator
    may do what `operator_policy` says; None is everything.
    """

    account: str
    region: str
    onemata_account: str
    bucket: str
    bucket_region: str
    prefix: str = ""
    objects: tuple[StoredObject, ...] = ()
    kms_key_arn: str = ""
    readers: tuple[str, ...] = ()
    onemata_role_arn: str = ""
    trusted: tuple[Trusted, ...] = ()
    denied_role_arn: str = ""
    clusters: tuple[Cluster, ...] = ()
    workgroups: tuple[Workgroup, ...] = ()
    athena: Athena | None = None
    instances: tuple[str, ...] = ()
    stopped_instances: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    boundary_arn: str = ""
    secret_arn: str = ""
    operator_policy: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def bucket_arn(self) -> str:
        """The ARN of Onemata's bucket."""
        return f"arn:aws:s3:::{self.bucket}"

    def id_of(self, name: str) -> str:
        """The id of a workgroup or namespace, which never changes."""
        return str(uuid5(NAMESPACE_URL, f"{self.account}/{self.region}/{name}"))
