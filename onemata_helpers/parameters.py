"""What a client told us, typed. One schema for notebooks, batch runs, forms and tests.

A client is a folder: `client.yaml` for what all services share, and one file for each service in use.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from .location import Location
from .values import (
    PARTITION,
    AccountId,
    Filled,
    OptionalBucket,
    PolicyHolderArn,
    ProfileName,
    QueryPrincipalArn,
    RoleArn,
    RoleName,
    Text,
    matches,
    partition_of,
    same_partition,
)

Action = Literal["plan", "apply", "verify", "remove"]


class ServiceName(StrEnum):
    """The three services of the guide."""

    REDSHIFT = "redshift"
    GLUE = "glue"
    EC2 = "ec2"


class ClientParameters(BaseModel):
    """The keys of `client.yaml`: the client's account, the way in, and Onemata's side."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    client: Annotated[
        Text,
        matches(r"[a-z0-9][a-z0-9-]{0,62}", "small letters, digits and '-' only: it names a folder"),
        Filled,
    ] = Field(description="Short name of the client; names the folder of its records")
    region: Annotated[Text, Filled] = Field(description="AWS region of the client's services")
    account_id: AccountId = Field(description="The client's AWS account, quoted")
    aws_profile: Text = Field("", description="Profile in ~/.aws/config to start from; empty: the usual chain")
    operator_role_arn: RoleArn = Field("", description="Role of the client's to enter the account with")
    operator_external_id: Text = Field("", description="External ID that the operator role asks for")
    onemata_account_id: AccountId = Field(description="Onemata's AWS account, quoted")
    onemata_role_arn: RoleArn = Field("", description="Role that Onemata provides; empty until it has answered")
    onemata_external_id: Annotated[
        Text, matches(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 letters, digits or any of _+=,.@:/-")
    ] = Field("", description="External ID that Onemata's role asks for")
    bucket: Annotated[OptionalBucket, Filled] = Field(description="Onemata's bucket")
    prefix: Annotated[Text, matches(r"[^/\s*?$][^\s*?$]*", "a prefix has no leading '/', no spaces, no wildcards")] = (
        Field("", description="Where the client's data begins in the bucket; empty: the whole bucket")
    )
    permissions_boundary_arn: Annotated[
        Text,
        matches(rf"arn:({PARTITION}):iam::(\d{{12}}|aws):policy/[!-~]+", "the ARN of an IAM policy is due"),
    ] = Field("", description="Permissions boundary that the client's roles must carry")
    role_path: Annotated[
        Text,
        matches(r"(/)|(/[!-~]{1,510}/)", "a path begins and ends with '/', at most 512 characters"),
        Filled,
    ] = Field("/", description="IAM path of what is made")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags for what is made")
    sandbox: bool = Field(False, description="true: the embedded AWS, no real account")

    @field_validator("region")
    @classmethod
    def _region_exists(cls, region: str) -> str:
        if partition_of(region) is None:
            raise ValueError("no AWS region of the partitions aws, aws-cn and aws-us-gov has this name")
        return region

    @field_validator("onemata_role_arn", "operator_role_arn", "permissions_boundary_arn")
    @classmethod
    def _belongs(cls, arn: str, info: ValidationInfo) -> str:
        if not arn:
            return arn
        same_partition(arn, info)
        owner = "onemata_account_id" if info.field_name == "onemata_role_arn" else "account_id"
        account, due = arn.split(":")[4], info.data.get(owner)
        if due and account not in (due, "aws"):
            raise ValueError(f"this is in account {account}, but {owner} is {due}")
        return arn

    @field_validator("tags")
    @classmethod
    def _taggable(cls, tags: dict[str, str]) -> dict[str, str]:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html (one of the 50 places is ours)
        allowed = re.compile(r"[\w\s_.:/=+@-]*")
        for key, value in tags.items():
            if not key or len(key) > 128 or len(value) > 256 or key.lower().startswith(("aws:", "onemata:")):
                raise ValueError(f"tag {key!r}: key 1 to 128, value up to 256 characters, not aws:… or onemata:…")
            if not allowed.fullmatch(key) or not allowed.fullmatch(value):
                raise ValueError(f"tag {key!r}: letters, digits, spaces and any of _.:/=+@- only")
        if len({key.lower() for key in tags}) < len(tags):
            raise ValueError("two keys differ only in case, which are the same tag to IAM")
        if len(tags) > 49:
            raise ValueError("49 tags at most")
        return tags

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, by the region."""
        return partition_of(self.region) or "aws"

    @property
    def location(self) -> Location:
        """Where Onemata delivers."""
        return Location(self.bucket, self.prefix)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of an IAM thing of the client's: kind `role` or `instance-profile`, at `role_path`."""
        return f"arn:{self.partition}:iam::{self.account_id}:{kind}{self.role_path}{name}"


class ServiceParameters(ClientParameters):
    """The keys that every service's file may have."""

    service: ClassVar[ServiceName]
    managed_s3_policy: ClassVar[str]
    """Name of the AWS policy by which the guide gives S3 access; empty where it gives none."""

    action: Action = Field("plan", description="plan, apply, verify or remove")
    approved_plan: Annotated[
        Text, matches(r"[0-9a-f]{20}", "the digest under a plan is due: 20 hexadecimal digits")
    ] = Field("", description="Apply only the plan with this digest; empty: the plan shown in the same run")
    role_name: RoleName
    s3_access: Literal["managed", "scoped"] = Field(
        "managed", description="managed: the guide's AWS policies; scoped: only Onemata's bucket and prefix"
    )
    kms_key_arn: Annotated[
        Text,
        matches(rf"arn:({PARTITION}):kms:[a-z0-9-]+:\d{{12}}:key/[\w-]+", "the ARN of a KMS key is due"),
    ] = Field("", description="Key that Onemata's objects are encrypted with; empty unless SSE-KMS")
    adopt_existing: bool = Field(
        False, description="true: add what is missing to a role of the client's that has our name"
    )
    record: Text = Field(
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
    # https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
    cluster_identifier: Annotated[
        Text,
        matches(
            r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]",
            "1 to 63 small letters, digits and '-', letter first",
        ),
        Filled,
    ] = Field(description="The client's cluster (with launch: the new one)")
    role_chain: bool = Field(False, description="true: the role reads through Onemata's role (role chaining)")
    launch: bool = Field(False, description="true: launch the cluster if there is none of this name; costs money")
    confirm_launch_costs: bool = Field(False, description="true: the client agrees to pay for the new cluster")
    launch_node_type: Annotated[Text, matches(r"[a-z0-9]+\.[a-z0-9]+", "a node type is due, like ra3.large")] = Field(
        "ra3.large", description="Node type of the new cluster"
    )
    launch_nodes: Annotated[int, Field(ge=1, le=128)] = Field(1, description="Number of nodes of the new cluster")
    launch_database: Annotated[Text, matches(r"[a-z_][a-z0-9_$]{0,63}", "1 to 64 small letters, digits, _ or $")] = (
        Field("dev", description="First database of the new cluster")
    )
    launch_admin: Annotated[
        Text,
        matches(r"(?!public$)[a-z][a-z0-9_+.@-]{0,127}", "1 to 128 small letters or digits, letter first"),
    ] = Field("onemata_admin", description="Admin user of the new cluster; AWS makes and keeps its password")
    launch_subnet_group: Text = Field("", description="Cluster subnet group; empty: the account's default VPC")


class GlueParameters(ServiceParameters):
    """`glue.yaml`"""

    service = ServiceName.GLUE
    managed_s3_policy = "AmazonS3FullAccess"

    role_name: RoleName = Field("AWSGlueServiceRoleOnemata", description="Name of the role for Glue")
    pass_role_to: list[PolicyHolderArn] = Field(
        default_factory=list, description="Who may hand the role to Glue when its name lacks the prefix"
    )
    athena_principals: list[QueryPrincipalArn] = Field(
        default_factory=list, description="Users and roles that query with Athena"
    )

    @field_validator("pass_role_to", "athena_principals")
    @classmethod
    def _of_the_client(cls, arns: list[str], info: ValidationInfo) -> list[str]:
        for arn in arns:
            same_partition(arn, info)
            account = info.data.get("account_id")
            if account and arn.split(":")[4] != account:
                raise ValueError(f"{arn} is not in the client's account {account}")
            # https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
            if info.field_name == "pass_role_to" and re.search(r":role/aws-(reserved|service-role)/", arn):
                raise ValueError(f"{arn} is AWS's to change: the leave to pass the role goes into its permission set")
        return arns


class Ec2Parameters(ServiceParameters):
    """`ec2.yaml`"""

    service = ServiceName.EC2
    managed_s3_policy = ""

    role_name: RoleName = Field("onemata-ec2", description="Name of the role for EC2")
    instance_profile_name: ProfileName = Field("", description="Name of the instance profile; empty: as the role")
    instance_ids: Annotated[
        list[Annotated[Text, matches(r"i-([0-9a-f]{8}|[0-9a-f]{17})", "an instance id is due, like i-0abc…"), Filled]],
        Field(min_length=1),
    ] = Field(description="The instances that read the data")
    on_existing_profile: Literal["stop", "extend", "replace"] = Field(
        "stop", description="What to do with an instance that has another profile"
    )
    profile_name: Annotated[
        Text,
        matches(
            r"(?![- ])[A-Za-z0-9_+=,.@:/ -]{1,128}(?<! )",
            "up to 128 letters, digits, spaces or any of _+=,.@:/-; no space or '-' first, no space last",
        ),
    ] = Field("", description="Name of the profile in ~/.aws/config; empty: as the role")
    configure: Literal["ssm", "manual", "skip"] = Field(
        "manual", description="The profile on the instance: ssm writes and proves it, manual gives a block to paste"
    )
    instance_user: Annotated[
        Text, matches(r"[A-Za-z0-9_][A-Za-z0-9_.@\\ $-]{0,103}", "the name of a user on the instance is due"), Filled
    ] = Field("ec2-user", description="User on the instance whose ~/.aws/config gets the profile")
    negative_checks: bool = Field(True, description="Also prove (with ssm) that what must be refused is refused")
    denied_bucket: OptionalBucket = Field("", description="Another bucket of Onemata's, which must be refused")
    denied_role_arn: RoleArn = Field("", description="Another role of Onemata's, which must be refused")

    @field_validator("denied_role_arn")
    @classmethod
    def _is_onematas(cls, arn: str, info: ValidationInfo) -> str:
        if arn:
            same_partition(arn, info)
            due = info.data.get("onemata_account_id")
            if due and arn.split(":")[4] != due:
                raise ValueError(f"this is in account {arn.split(':')[4]}, but onemata_account_id is {due}")
            if arn == info.data.get("onemata_role_arn"):
                raise ValueError("this must be another role than onemata_role_arn")
        return arn

    @field_validator("instance_ids")
    @classmethod
    def _each_once(cls, ids: list[str]) -> list[str]:
        if len(ids) != len(set(ids)):
            raise ValueError("an instance stands twice")
        return ids

    @field_validator("profile_name")
    @classmethod
    def _usable_on_the_instance(cls, name: str, info: ValidationInfo) -> str:
        if not name and str(info.data.get("role_name", "")).startswith("-"):
            raise ValueError("empty means the role's name, but a profile's name cannot begin with '-'")
        return name

    @property
    def instance_profile(self) -> str:
        """The instance profile's name."""
        return self.instance_profile_name or self.role_name

    @property
    def config_profile(self) -> str:
        """The name of the profile in `~/.aws/config`; as in the guide, that of the role unless told."""
        return self.profile_name or self.role_name


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
    "cluster_identifier": "example-analytics",
    "instance_ids": ["i-0a1b2c3d4e5f60718"],
    "denied_bucket": "onemata-another-client-data",
    "denied_role_arn": "arn:aws:iam::987654321098:role/onemata-delivery-another",
}
