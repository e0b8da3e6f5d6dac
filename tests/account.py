"""What tests do in the client's account, as the client or its admin would: make things, and damage ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from onemata_helpers import policies, sandbox
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.serverless import Namespace, Workgroup
from onemata_helpers.sandbox.state import state

from .conftest import Run
from .snapshot import arn_of

GLUE_SERVICE_POLICY = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
LAMBDA = policies.service_trust("lambda", "aws")


def in_place(result: Run) -> None:
    """It ended well, and no check failed."""
    assert result.error is None
    assert result.record.outcome in ("applied", "verified")
    assert all(check.result != "failed" for check in result.record.checks)


def role_of(aws: Sandbox, name: str) -> dict[str, Any]:
    return dict(aws.client("iam").get_role(RoleName=name)["Role"])


def make_foreign_role(aws: Sandbox, name: str, trust: policies.Document = LAMBDA) -> None:
    """A role that the client made."""
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def give_foreign_profile(aws: Sandbox, instance_id: str = sandbox.INSTANCE_ID) -> str:
    """The client's own profile on the instance, with a role that Systems Manager uses."""
    make_foreign_role(aws, "webserver", policies.service_trust("ec2", "aws"))
    iam = aws.client("iam")
    iam.attach_role_policy(RoleName="webserver", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.create_instance_profile(InstanceProfileName="webserver")
    iam.add_role_to_instance_profile(InstanceProfileName="webserver", RoleName="webserver")
    ec2 = aws.client("ec2")
    ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": "webserver"}, InstanceId=instance_id)
    return profile_on(aws, instance_id)


def profile_on(aws: Sandbox, instance_id: str = sandbox.INSTANCE_ID) -> str:
    answer = aws.client("ec2").describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [instance_id]}]
    )
    names = [
        each["IamInstanceProfile"]["Arn"].rsplit("/", 1)[1]
        for each in answer["IamInstanceProfileAssociations"]
        if each["State"] in ("associating", "associated")
    ]
    return names[0] if names else ""


def detach(aws: Sandbox) -> None:
    aws.client("iam").detach_role_policy(RoleName="AWSGlueServiceRoleOnemata", PolicyArn=GLUE_SERVICE_POLICY)


def retrust(name: str) -> Callable[[Sandbox], None]:
    def damage(aws: Sandbox) -> None:
        aws.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(LAMBDA))

    return damage


def empty_profile(aws: Sandbox) -> None:
    aws.client("iam").remove_role_from_instance_profile(InstanceProfileName="onemata-ec2", RoleName="onemata-ec2")


def inline_name(aws: Sandbox, role_name: str) -> str:
    """The name of the one inline policy on a role."""
    (name,) = aws.client("iam").list_role_policies(RoleName=role_name)["PolicyNames"]
    return str(name)


def other_inline(aws: Sandbox) -> None:
    document = json.dumps(policies.assume_role("arn:aws:iam::987654321098:role/other"))
    name = inline_name(aws, "onemata-ec2")
    aws.client("iam").put_role_policy(RoleName="onemata-ec2", PolicyName=name, PolicyDocument=document)


def namespace(aws: Sandbox, name: str = sandbox.NAMESPACE) -> tuple[list[str], str]:
    """The roles of a namespace, when all that is under way is done, and its default role."""
    serverless = aws.client("redshift-serverless")
    found = [serverless.get_namespace(namespaceName=name)["namespace"] for _ in range(3)][-1]
    return sorted(map(arn_of, found["iamRoles"])), found.get("defaultIamRoleArn", "")


def replace_roles(aws: Sandbox, roles: list[str], default: str = "", name: str = sandbox.NAMESPACE) -> None:
    """The client's admin gives a namespace these roles, and waits until it has them."""
    named = {"defaultIamRoleArn": default} if default else {}
    aws.client("redshift-serverless").update_namespace(namespaceName=name, iamRoles=roles, **named)
    namespace(aws, name)


def second_workgroup(aws: Sandbox, namespace_name: str = "second-data") -> str:
    """Another workgroup of the client's, of a namespace without roles, or of one that is there."""
    here = state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION]
    its = here.namespaces.get(namespace_name) or Namespace(namespace_name, "6f2d1c0b-0000-4000-8000-000000000002")
    here.add(Workgroup("second", "6f2d1c0b-0000-4000-8000-000000000001", its))
    return "second"


def off_cluster(aws: Sandbox) -> None:
    redshift = aws.client("redshift")
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, RemoveIamRoles=[arn])
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)


def off_instance(aws: Sandbox) -> None:
    ec2 = aws.client("ec2")
    found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    for each in found:
        ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
    ec2.describe_iam_instance_profile_associations()


def untag(aws: Sandbox) -> None:
    aws.client("iam").untag_role(RoleName="onemata-redshift", TagKeys=["team"])
