"""What the client does in its own account between our runs: makes things, takes ours, edits and deletes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from onemata_helpers import policies, sandbox
from onemata_helpers.sandbox.server import Sandbox

from .snapshot import arn_of

SHARED_ROLE = "AWSGlueServiceRoleShared"
ROLES = ("onemata-redshift", "onemata-ec2", "glue-onemata", SHARED_ROLE)
PROFILES = ("onemata-ec2", "onemata-second", SHARED_ROLE)
INSTANCES = (sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID)
THEIR_PROFILES = ("webserver", "batch")
THEIRS = json.dumps(
    policies.document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::theirs/*"})
)
LAMBDA = policies.service_trust("lambda", "aws")


@dataclass(frozen=True)
class Edit:
    """One thing that the client does; what AWS refuses is not done."""

    do: Callable[..., None]
    to: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.do.__name__}{self.to}"

    def __call__(self, aws: Sandbox) -> None:
        try:
            self.do(aws, *self.to)
        except ClientError:
            return


def prepare(aws: Sandbox) -> None:
    """The users, group and boundary that parameters name, and profiles of the client's own, one on an instance."""
    iam = aws.client("iam")
    iam.create_user(UserName="analyst")
    iam.create_user(UserName="engineer")
    iam.create_group(GroupName="analysts")
    iam.create_policy(PolicyName="boundary", PolicyDocument=THEIRS)
    for name in THEIR_PROFILES:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policies.service_trust("ec2", "aws")))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    give_profile(aws, INSTANCES[1], "batch")


def make_role(aws: Sandbox, role: str) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(LAMBDA), Tags=[{"Key": "team", "Value": "web"}])
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def make_profile(aws: Sandbox, profile: str) -> None:
    aws.client("iam").create_instance_profile(InstanceProfileName=profile)


def attach(aws: Sandbox, role: str) -> None:
    aws.client("iam").attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def detach_all(aws: Sandbox, role: str) -> None:
    iam = aws.client("iam")
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=each["PolicyArn"])


def write_policy(aws: Sandbox, role: str) -> None:
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="theirs", PolicyDocument=THEIRS)


def overwrite_policies(aws: Sandbox, role: str) -> None:
    """Their own content under the names that are there."""
    iam = aws.client("iam")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=THEIRS)


def add_statement(aws: Sandbox, role: str) -> None:
    """A statement of their own in each policy that is there."""
    iam = aws.client("iam")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        document = policies.with_statements(found, json.loads(THEIRS))
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def delete_policies(aws: Sandbox, role: str) -> None:
    iam = aws.client("iam")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)


def tag(aws: Sandbox, role: str) -> None:
    aws.client("iam").tag_role(RoleName=role, Tags=[{"Key": "cost", "Value": "42"}])


def forge_tag(aws: Sandbox, role: str) -> None:
    aws.client("iam").tag_role(RoleName=role, Tags=[{"Key": "onemata:runbook", "Value": "redshift"}])


def trust_more(aws: Sandbox, role: str) -> None:
    iam = aws.client("iam")
    found = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    trust = policies.with_statements(found, LAMBDA)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


def trust_otherwise(aws: Sandbox, role: str) -> None:
    aws.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(LAMBDA))


def delete_role(aws: Sandbox, role: str) -> None:
    iam = aws.client("iam")
    delete_policies(aws, role)
    detach_all(aws, role)
    for each in iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=each["InstanceProfileName"], RoleName=role)
    iam.delete_role(RoleName=role)


def delete_profile(aws: Sandbox, profile: str) -> None:
    iam = aws.client("iam")
    empty_profile(aws, profile)
    iam.delete_instance_profile(InstanceProfileName=profile)


def empty_profile(aws: Sandbox, profile: str) -> None:
    iam = aws.client("iam")
    for each in iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=each["RoleName"])


def fill_profile(aws: Sandbox, profile: str, role: str) -> None:
    aws.client("iam").add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)


def take_profile_off(aws: Sandbox, instance: str) -> None:
    ec2 = aws.client("ec2")
    filters = [{"Name": "instance-id", "Values": [instance]}]
    for each in ec2.describe_iam_instance_profile_associations(Filters=filters)["IamInstanceProfileAssociations"]:
        ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
    ec2.describe_iam_instance_profile_associations(Filters=filters)


def give_profile(aws: Sandbox, instance: str, profile: str) -> None:
    take_profile_off(aws, instance)
    ec2 = aws.client("ec2")
    ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": profile}, InstanceId=instance)


def give_cluster(aws: Sandbox, role: str) -> None:
    _modify(aws, AddIamRoles=[_arn(role)])


def take_off_cluster(aws: Sandbox, role: str) -> None:
    _modify(aws, RemoveIamRoles=[_arn(role)])


def make_default(aws: Sandbox, role: str) -> None:
    _modify(aws, DefaultIamRoleArn=_arn(role))


def give_namespace(aws: Sandbox, role: str) -> None:
    _replace(aws, lambda roles: {*roles, _arn(role)})


def take_off_namespace(aws: Sandbox, role: str) -> None:
    _replace(aws, lambda roles: {*roles} - {_arn(role)})


def make_namespaces_default(aws: Sandbox, role: str) -> None:
    _replace(aws, lambda roles: {*roles, _arn(role)}, _arn(role))


def _replace(aws: Sandbox, change: Callable[[list[str]], set[str]], default: str = "") -> None:
    serverless = aws.client("redshift-serverless")
    found = serverless.get_namespace(namespaceName=sandbox.NAMESPACE)["namespace"]
    kept = default or found.get("defaultIamRoleArn", "")
    roles = sorted(change(list(map(arn_of, found["iamRoles"]))))
    named = {"defaultIamRoleArn": kept} if kept else {}
    serverless.update_namespace(namespaceName=sandbox.NAMESPACE, iamRoles=roles, **named)
    for _ in range(3):
        serverless.get_namespace(namespaceName=sandbox.NAMESPACE)


def _modify(aws: Sandbox, **change: Any) -> None:
    redshift = aws.client("redshift")
    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, **change)
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)


def _arn(role: str) -> str:
    return f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{role}"


def _edits(doing: list[Callable[..., None]], *to: tuple[str, ...]) -> st.SearchStrategy[Edit]:
    return st.builds(Edit, st.sampled_from(doing), st.tuples(*map(st.sampled_from, to)))


_TO_ROLES: list[Callable[..., None]] = [
    make_role,
    attach,
    detach_all,
    write_policy,
    overwrite_policies,
    add_statement,
    delete_policies,
    tag,
    forge_tag,
    trust_more,
    trust_otherwise,
    delete_role,
    give_cluster,
    take_off_cluster,
    make_default,
    give_namespace,
    take_off_namespace,
    make_namespaces_default,
]
_ANY_ROLE = (*ROLES, *THEIR_PROFILES)
_ANY_PROFILE = (*PROFILES, *THEIR_PROFILES)
EDITS = st.one_of(
    _edits(_TO_ROLES, _ANY_ROLE),
    _edits([make_profile, delete_profile, empty_profile], _ANY_PROFILE),
    _edits([fill_profile], _ANY_PROFILE, _ANY_ROLE),
    _edits([take_profile_off], INSTANCES),
    _edits([give_profile], INSTANCES, THEIR_PROFILES),
)
