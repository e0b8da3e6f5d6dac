"""What a client told us, typed. One schema for notebooks, batch runs, forms and tests.

A client is a folder: `client.yaml` for what all services share, and one file for each service in use.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from .choices import Action, ServiceName
from .location import Location, Probe
from .values import (
    AccountId,
    Approver,
    Digest,
    ExternalId,
    Filled,
    IamPath,
    InstanceProfileName,
    KmsKeyArn,
    NotDefault,
    ObjectKey,
    OptionalBucket,
    OwnProfile,
    PolicyArn,
    PolicyHolderArn,
    Prefix,
    QueryPrincipalArn,
    RecordFile,
    Reference,
    RoleArn,
    RoleName,
    SecretArn,
    TagKey,
    TagValue,
    Text,
    UtcTime,
    each_once,
    matches,
    name_of,
    partition_of,
    same_partition,
)

# https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
ClusterIdentifier = Annotated[
    Text,
    matches(
        r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]",
        "must be 1 to 63 small letters, digits and '-', letter first, no '-' last and no two together",
    ),
    Filled,
]
# https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_CreateWorkgroup.html
WorkgroupName = Annotated[Text, matches(r"[a-z0-9-]{3,64}", "must be 3 to 64 small letters, digits and '-'"), Filled]
# https://docs.aws.amazon.com/redshift/latest/dg/r_names.html (delimited names may hold more; the proof needs none)
DatabaseName = Annotated[
    Text, matches(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,126}", "must be up to 127 letters, digits or any of _.@+-")
]
DatabaseUser = Annotated[
    Text, matches(r"[A-Za-z0-9_][A-Za-z0-9_.@+:-]{0,127}", "must be up to 128 letters, digits or any of _.@+:-")
]


class ClientParameters(BaseModel):
    """The keys of `client.yaml`: the client's account, the way in, and Onemata's side."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)

    client: Annotated[
        Text,
        matches(
            r"[a-z0-9][a-z0-9-]{0,62}",
            "must be 1 to 63 small letters, digits and '-', not '-' first: it names a folder",
        ),
        Filled,
    ] = Field(description="Short name of the client; names the folder of its records")
    region: Annotated[Text, Filled] = Field(description="AWS region of the client's services")
    account_id: AccountId = Field(description="The client's AWS account: 12 digits")
    aws_profile: OwnProfile = Field("", description="Profile in ~/.aws/config to start from; empty: the usual chain")
    operator_role_arn: RoleArn = Field("", description="Role in the client's account to sign in with; empty: none")
    operator_external_id: ExternalId = Field("", description="External ID that the operator role asks for")
    onemata_account_id: AccountId = Field(description="Onemata's AWS account: 12 digits")
    onemata_role_arn: RoleArn = Field("", description="Role that Onemata provides; empty until it has answered")
    onemata_external_id: ExternalId = Field("", description="External ID that Onemata's role asks for")
    bucket: Annotated[OptionalBucket, Filled] = Field(description="Onemata's bucket")
    prefix: Prefix = Field("", description="Where the client's data begins in the bucket; empty: the whole bucket")
    bucket_region: Text = Field("", description="AWS region of Onemata's bucket; empty: the same as region")
    probe_object: ObjectKey = Field(
        "",
        description="Key of a small object of Onemata's, read to prove access; empty: _onemata/probe.csv in the prefix",
    )
    denied_prefix: Prefix = Field("", description="Another client's prefix in the bucket, which must be refused")
    denied_bucket: OptionalBucket = Field("", description="Another bucket of Onemata's, which must be refused")
    permissions_boundary_arn: PolicyArn = Field(
        "", description="Permissions boundary that the client's roles must carry"
    )
    role_path: IamPath = Field("/", description="IAM path of what is made")
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40)] = Field(
        default_factory=dict, description="Tags for what is made"
    )
    sandbox: bool = Field(False, description="true: the embedded AWS, no real account")

    @field_validator("region", "bucket_region")
    @classmethod
    def _region_exists(cls, region: str, info: ValidationInfo) -> str:
        if region and partition_of(region) is None:
            raise ValueError("must be an AWS region of the partitions aws, aws-cn or aws-us-gov, like us-east-1")
        own = info.data.get("region")
        if region and own and partition_of(region) != partition_of(own):
            raise ValueError(f"must be in the partition of region {own}: AWS has no way from one to another")
        return region

    @field_validator("probe_object")
    @classmethod
    def _among_the_clients(cls, key: str, info: ValidationInfo) -> str:
        folder = str(info.data.get("prefix") or "").rstrip("/")
        if key and not key.startswith(f"{folder}/" if folder else ""):
            raise ValueError(f"must lie in the prefix {folder}/: the client may read nothing else")
        if key and "/" not in key:
            raise ValueError("must lie in a folder of its own: Athena and crawlers read all of its folder")
        return key

    @field_validator("denied_prefix")
    @classmethod
    def _is_anothers(cls, prefix: str, info: ValidationInfo) -> str:
        own, other = f"{str(info.data.get('prefix') or '').rstrip('/')}/", f"{prefix.rstrip('/')}/"
        if prefix and (own == "/" or own.startswith(other) or other.startswith(own)):
            raise ValueError("must be another client's, neither in this client's prefix nor around it")
        return prefix

    @field_validator("denied_bucket")
    @classmethod
    def _is_another(cls, bucket: str, info: ValidationInfo) -> str:
        if bucket and bucket == info.data.get("bucket"):
            raise ValueError("must be another bucket than bucket")
        return bucket

    @field_validator("onemata_account_id")
    @classmethod
    def _of_two_accounts(cls, account: str, info: ValidationInfo) -> str:
        if account == info.data.get("account_id"):
            raise ValueError("must be Onemata's account, and not the client's (account_id)")
        return account

    @field_validator("onemata_role_arn", "operator_role_arn", "permissions_boundary_arn")
    @classmethod
    def _belongs(cls, arn: str, info: ValidationInfo) -> str:
        if arn:
            same_partition(arn, info)
            _in_account(arn, "onemata_account_id" if info.field_name == "onemata_role_arn" else "account_id", info)
        return arn

    @field_validator("operator_external_id")
    @classmethod
    def _with_its_role(cls, external_id: str, info: ValidationInfo) -> str:
        if external_id and info.data.get("operator_role_arn") == "":
            raise ValueError("must be empty without operator_role_arn: no other role asks for it")
        return external_id

    @field_validator("tags")
    @classmethod
    def _each_key_once(cls, tags: dict[str, str]) -> dict[str, str]:
        # Keys that differ only in case are one tag to IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
        each_once(list(tags))
        return tags

    @property
    def location(self) -> Location:
        """Where Onemata delivers the client's data."""
        return Location(self.bucket, self.prefix)

    @property
    def probe(self) -> Probe:
        """What is read to prove access, and what must be refused."""
        return Probe(self.location, self.probe_object, self.denied_prefix, self.denied_bucket)

    @property
    def other_region(self) -> str:
        """The region of Onemata's bucket, where it is another than the client's."""
        return self.bucket_region if self.bucket_region != self.region else ""

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, by the region."""
        return partition_of(self.region) or "aws"

    def arn(self, kind: str, name: str) -> str:
        """The ARN of an IAM thing of the client's: kind `role` or `instance-profile`, at `role_path`."""
        return f"arn:{self.partition}:iam::{self.account_id}:{kind}{self.role_path}{name}"


class ServiceParameters(ClientParameters):
    """The keys that every service's file may have."""

    service: ClassVar[ServiceName]
    managed_s3_policy: ClassVar[str]
    """Name of the AWS policy by which the guide gives S3 access; empty where it gives none."""

    action: Action = Field("plan", description="plan, apply, verify, remove or plan-removal")
    approved_plan: Digest = Field(
        "", description="Apply only the plan with this digest; empty: the plan shown in the same run"
    )
    approved_by: Approver = Field("", description="Who approved the plan; it goes into the record")
    approval_reference: Reference = Field("", description="Where the approval can be read: a ticket, a mail or a call")
    plan_shown: UtcTime = Field("", description="When the approved plan was shown, in UTC; empty: not known")
    role_name: RoleName
    s3_access: Literal["managed", "scoped"] = Field(
        "managed", description="managed: the guide's AWS policies; scoped: only Onemata's bucket and prefix"
    )
    kms_key_arn: KmsKeyArn = Field(
        "", description="Key that Onemata's objects are encrypted with; empty unless SSE-KMS"
    )
    adopt_existing: bool = Field(
        False, description="true: add what is missing to a role of the client's that has our name"
    )
    negative_checks: bool = Field(True, description="Also prove that access is refused where it must be")
    policy_checks: Literal["none", "free", "all"] = Field(
        "free",
        description="What IAM Access Analyzer checks of the plan's policies; all: also its billed checks ($0.002 each)",
    )
    preflight: bool = Field(
        True, description="Ask IAM before anything is changed what the operator may not do; false: find out by trying"
    )
    record: RecordFile = Field(
        "", description="A new file for the JSON record; empty: records/<client>/<service>/<time>.json"
    )

    @field_validator("kms_key_arn")
    @classmethod
    def _key_partition(cls, arn: str, info: ValidationInfo) -> str:
        if arn:
            same_partition(arn, info)
        return arn

    @property
    def role_arn(self) -> str:
        """The ARN that our role has or will have."""
        return self.arn("role", self.role_name)


class RedshiftParameters(ServiceParameters):
    """`redshift.yaml`"""

    service = ServiceName.REDSHIFT
    managed_s3_policy = "AmazonS3ReadOnlyAccess"

    role_name: RoleName = Field("onemata-redshift", description="Name of the role for Redshift")
    cluster_identifiers: list[ClusterIdentifier] = Field(
        default_factory=list, description="The client's provisioned clusters (with launch: the new one)"
    )
    workgroup_names: Annotated[list[WorkgroupName], Field(validate_default=True)] = Field(
        default_factory=list, description="The client's Redshift Serverless workgroups"
    )
    prove: Literal["copy", "none"] = Field(
        "copy",
        description="copy: each cluster and workgroup reads the probe object (NOLOAD); none: nothing is run",
    )
    confirm_proof_costs: bool = Field(
        False, description="true: the client agrees to what the proof costs: it wakes the workgroups"
    )
    database: DatabaseName = Field("", description="Database in which the proof runs; empty: each cluster's first")
    database_user: DatabaseUser = Field(
        "", description="Database user as whom it runs in a cluster; empty: the operator's IAM identity"
    )
    database_secret_arn: SecretArn = Field("", description="Secret with the login by which it runs instead")
    role_chain: bool = Field(False, description="true: the role reads through Onemata's role (role chaining)")
    launch: bool = Field(False, description="true: launch the one cluster if there is none of this name; costs money")
    confirm_launch_costs: bool = Field(False, description="true: the client agrees to pay for the new cluster")
    launch_node_type: Annotated[
        Text, matches(r"[a-z0-9]{1,20}\.[a-z0-9]{1,20}", "must be a node type, like ra3.large"), Filled
    ] = Field("ra3.large", description="Node type of the new cluster")
    launch_nodes: Annotated[int, Field(ge=1, le=128)] = Field(1, description="Number of nodes of the new cluster")
    launch_database: Annotated[
        Text, matches(r"[a-z_][a-z0-9_]{0,63}", "must be 1 to 64 small letters, digits or _, no digit first"), Filled
    ] = Field("dev", description="First database of the new cluster")
    launch_admin: Annotated[
        Text,
        matches(
            r"(?!public$)[a-z][a-z0-9_+.@-]{0,127}",
            "must be 1 to 128 small letters, digits or any of _+.@-, letter first, and not public",
        ),
        Filled,
    ] = Field("onemata_admin", description="Admin user of the new cluster; AWS makes and keeps its password")
    # https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateClusterSubnetGroup.html (it names letters,
    # digits and '-'; groups with '_' in their names are about)
    launch_subnet_group: Annotated[
        Text, matches(r"[A-Za-z0-9_-]{1,255}", "must be up to 255 letters, digits, '-' or '_'"), NotDefault
    ] = Field("", description="Cluster subnet group; empty: the account's default VPC")

    @field_validator("cluster_identifiers", "workgroup_names")
    @classmethod
    def _each_once(cls, names: list[str], info: ValidationInfo) -> list[str]:
        if info.field_name == "workgroup_names" and not names and info.data.get("cluster_identifiers") == []:
            raise ValueError("must name a workgroup, or cluster_identifiers a cluster")
        return each_once(names)

    @field_validator("database_user")
    @classmethod
    def _of_a_cluster(cls, user: str, info: ValidationInfo) -> str:
        if user and info.data.get("cluster_identifiers") == []:
            raise ValueError("must be empty without cluster_identifiers: workgroups have no such login")
        return user

    @field_validator("database_secret_arn")
    @classmethod
    def _of_the_client(cls, arn: str, info: ValidationInfo) -> str:
        if arn:
            same_partition(arn, info)
            _in_account(arn, "account_id", info)
            if info.data.get("database_user"):
                raise ValueError("must be empty with database_user: the proof runs as one of them")
        return arn

    @field_validator("launch")
    @classmethod
    def _one_cluster(cls, launch: bool, info: ValidationInfo) -> bool:
        if launch and len(info.data.get("cluster_identifiers", [""])) != 1:
            raise ValueError("must be false unless cluster_identifiers names exactly one cluster: the new one")
        return launch


class GlueParameters(ServiceParameters):
    """`glue.yaml`"""

    service = ServiceName.GLUE
    managed_s3_policy = "AmazonS3FullAccess"

    role_name: RoleName = Field("AWSGlueServiceRoleOnemata", description="Name of the role for Glue")
    pass_role_to: list[PolicyHolderArn] = Field(
        default_factory=list, description="Who gets permission to pass the role to Glue, if its name lacks the prefix"
    )
    athena_principals: list[QueryPrincipalArn] = Field(
        default_factory=list, description="Users and roles that query with Athena"
    )
    prove: Literal["crawler", "crawl", "none"] = Field(
        "crawler",
        description=(
            "crawler: Glue makes a crawler, which is deleted at once; crawl: it also runs; none: neither, and no query"
        ),
    )
    confirm_proof_costs: bool = Field(False, description="true: the client agrees to what a crawl costs")
    athena_workgroup: Annotated[
        Text, matches(r"[A-Za-z0-9._-]{1,128}", "must be 1 to 128 letters, digits or any of ._-"), Filled
    ] = Field("primary", description="Athena workgroup in which the proof's queries run")
    athena_database: Annotated[
        Text, matches(r"[a-z0-9_]{1,255}", "must be 1 to 255 small letters, digits or _"), Filled
    ] = Field("default", description="Database of the catalog in which the proof makes its table for Athena")

    @field_validator("pass_role_to", "athena_principals")
    @classmethod
    def _of_the_client(cls, arns: list[str], info: ValidationInfo) -> list[str]:
        for arn in arns:
            same_partition(arn, info)
            _in_account(arn, "account_id", info)
            # https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
            if info.field_name == "pass_role_to" and re.search(r":role/aws-(reserved|service-role)/", arn):
                raise ValueError(f"must not hold {arn}, which only AWS changes: put iam:PassRole in its permission set")
        return each_once(arns, name_of)


class Ec2Parameters(ServiceParameters):
    """`ec2.yaml`"""

    service = ServiceName.EC2
    managed_s3_policy = ""

    role_name: RoleName = Field("onemata-ec2", description="Name of the role for EC2")
    instance_profile_name: InstanceProfileName = Field(
        "", description="Name of the instance profile; empty: as the role"
    )
    instance_ids: Annotated[
        list[
            Annotated[
                Text,
                matches(r"i-([0-9a-f]{8}|[0-9a-f]{17})", "must be an instance's id, like i-0a1b2c3d4e5f60718"),
                Filled,
            ]
        ],
        Field(min_length=1),
    ] = Field(description="The instances that read the data")
    on_existing_profile: Literal["stop", "extend", "replace"] = Field(
        "stop", description="What to do with an instance that has another profile"
    )
    profile_name: Annotated[
        Text,
        matches(r"(?!-)[A-Za-z0-9_+=.@-]{1,128}", "must be up to 128 letters, digits or any of _+=.@-, not '-' first"),
    ] = Field("", description="Name of the profile in ~/.aws/config; empty: as the role")
    configure: Literal["ssm", "manual", "skip"] = Field(
        "manual", description="The profile on the instance: ssm writes and proves it, manual gives a block to paste"
    )
    instance_user: Annotated[
        Text,
        matches(
            r"(?!\d+$)[A-Za-z0-9_][A-Za-z0-9_.@-]{0,103}",  # digits alone would be a user's number, and 0 is root
            "must be the name of a user on the instance: up to 104 letters, digits or any of _.@-, no sign but _ first,"
            " not digits alone",
        ),
        Filled,
    ] = Field("ec2-user", description="User on the instance whose ~/.aws/config gets the profile")
    denied_role_arn: RoleArn = Field("", description="Another role of Onemata's, which must be refused")

    @field_validator("denied_role_arn")
    @classmethod
    def _is_onematas(cls, arn: str, info: ValidationInfo) -> str:
        if arn:
            same_partition(arn, info)
            _in_account(arn, "onemata_account_id", info)
            if arn == info.data.get("onemata_role_arn"):
                raise ValueError("must be another role than onemata_role_arn")
        return arn

    @field_validator("instance_ids")
    @classmethod
    def _each_once(cls, ids: list[str]) -> list[str]:
        return each_once(ids)

    @field_validator("profile_name")
    @classmethod
    def _usable_on_the_instance(cls, name: str, info: ValidationInfo) -> str:
        used = name or str(info.data.get("role_name", ""))
        as_the_role = "" if name else " (it is empty, which means role_name)"
        if used.startswith("-"):
            raise ValueError(f"must not begin with '-'{as_the_role}: the AWS CLI would take it for an option")
        if used.lower() == "default":
            raise ValueError(
                f"must not be default{as_the_role}: every AWS command of that user on the instance would act "
                "as Onemata's role"
            )
        return name

    @property
    def instance_profile(self) -> str:
        """The instance profile's name."""
        return self.instance_profile_name or self.role_name

    @property
    def config_profile(self) -> str:
        """The name of the profile in `~/.aws/config`; as in the guide, that of the role unless told."""
        return self.profile_name or self.role_name


def _in_account(arn: str, owner: str, info: ValidationInfo) -> None:
    """Raise ValueError if an ARN is of another account than the parameter `owner` names (AWS's own count as any)."""
    account, expected = arn.split(":")[4], info.data.get(owner)
    if expected and account not in (expected, "aws"):
        raise ValueError(f"must be in account {expected} ({owner}): {arn} is in {account}")


SCHEMAS: dict[str, type[ServiceParameters]] = {
    schema.service: schema for schema in (RedshiftParameters, GlueParameters, Ec2Parameters)
}

# Only the sandbox has these. A client's file that lacks a key would otherwise run with a notebook's default.
EXAMPLE_VALUES: dict[str, str | list[str]] = {
    "client": "example",
    "account_id": "012345670123",
    "onemata_account_id": "987654321098",
    "onemata_role_arn": "arn:aws:iam::987654321098:role/onemata-delivery-example",
    "onemata_external_id": "example-client-7f3a",
    "bucket": "onemata-example-data",
    "prefix": "example-client/",
    "cluster_identifiers": ["example-analytics"],
    "instance_ids": ["i-0a1b2c3d4e5f60718"],
    "denied_prefix": "another-client/",
    "denied_bucket": "onemata-another-client-data",
    "denied_role_arn": "arn:aws:iam::987654321098:role/onemata-delivery-another",
    "athena_principals": ["arn:aws:iam::012345670123:role/athena-analyst"],
    "athena_workgroup": "example-analysts",
}
