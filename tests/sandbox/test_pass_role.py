"""Handing a role to a service is a right of its own, on top of the call that does it."""

from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.policies import service_trust
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import Actor, allow, deny, operator, profile, refused, role, user

ACCOUNT = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}"
CLUSTER_ARN = f"arn:aws:redshift:us-east-1:{sandbox.CLIENT_ACCOUNT}:cluster:{sandbox.CLUSTER}"
INSTANCE_ARN = f"arn:aws:ec2:us-east-1:{sandbox.CLIENT_ACCOUNT}:instance/{sandbox.INSTANCE_ID}"

Call = Callable[[Actor], Any]


def passing(role_name: str, service: str) -> dict[str, Any]:
    return allow("iam:PassRole", on=f"{ACCOUNT}:role/{role_name}", StringEquals={"iam:PassedToService": service})


def attach_to_cluster(actor: Actor) -> Any:
    return actor.client("redshift").modify_cluster_iam_roles(
        ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[f"{ACCOUNT}:role/ours"]
    )


def create_cluster(actor: Actor) -> Any:
    return actor.client("redshift").create_cluster(
        ClusterIdentifier="new",
        NodeType="ra3.large",
        MasterUsername="awsuser",
        ManageMasterPassword=True,
        IamRoles=[f"{ACCOUNT}:role/ours"],
        Tags=[{"Key": "owner", "Value": "onemata"}],
    )


def add_to_profile(actor: Actor) -> Any:
    return actor.client("iam").add_role_to_instance_profile(InstanceProfileName="empty", RoleName="ours")


def associate(actor: Actor) -> Any:
    return actor.client("ec2").associate_iam_instance_profile(
        IamInstanceProfile={"Name": "full"}, InstanceId=sandbox.INSTANCE_ID
    )


def create_crawler(actor: Actor) -> Any:
    return actor.client("glue").create_crawler(
        Name="c", Role="ours", Targets={"S3Targets": [{"Path": "s3://own-data/"}]}
    )


@pytest.mark.parametrize(
    ("call", "rights", "service"),
    [
        (attach_to_cluster, allow("redshift:*", on=CLUSTER_ARN), "redshift.amazonaws.com"),
        (create_cluster, allow("redshift:*", "secretsmanager:*"), "redshift.amazonaws.com"),
        (
            add_to_profile,
            allow("iam:AddRoleToInstanceProfile", on=f"{ACCOUNT}:instance-profile/empty"),
            "ec2.amazonaws.com",
        ),
        (
            associate,
            allow("ec2:AssociateIamInstanceProfile", on=INSTANCE_ARN),
            "ec2.amazonaws.com",
        ),
        (create_crawler, allow("glue:*"), "glue.amazonaws.com"),
    ],
)
def test_passing_a_role_is_a_right_of_its_own(box: Sandbox, call: Call, rights: dict[str, Any], service: str) -> None:
    principals = ["redshift.amazonaws.com", "ec2.amazonaws.com", "glue.amazonaws.com"]
    trust = service_trust("")
    trust["Statement"][0]["Principal"] = {"Service": principals}
    role(box, "ours", trust, allow("s3:ListBucket"))
    box.client("s3").create_bucket(Bucket="own-data")
    profile(box, "empty")
    profile(box, "full", "ours")
    for number, lacking in enumerate(([], [passing("other", service)], [passing("ours", "lambda.amazonaws.com")])):
        tester = user(box, rights, *lacking, name=f"lacking-{number}")
        assert (
            f"perform: iam:PassRole on resource: {ACCOUNT}:role/ours" in refused(lambda tester=tester: call(tester))[1]
        )
    without = user(box, passing("ours", service), name="without")
    assert "iam:PassRole" not in refused(lambda: call(without))[1]
    call(user(box, rights, passing("ours", service), name="permitted"))


@pytest.mark.parametrize(
    "missing", ["redshift:CreateTags", "secretsmanager:CreateSecret", "secretsmanager:TagResource"]
)
def test_a_new_cluster_needs_its_tags_and_secret(box: Sandbox, missing: str) -> None:
    role(box, "ours", "redshift.amazonaws.com")
    tester = user(box, allow("redshift:*", "secretsmanager:*", "iam:PassRole"), deny(missing))
    assert f"perform: {missing}" in refused(lambda: create_cluster(tester))[1]


def test_an_association_is_a_right_on_its_instance(box: Sandbox) -> None:
    role(box, "ours", "ec2.amazonaws.com")
    profile(box, "full", "ours")
    elsewhere = INSTANCE_ARN.replace(sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID)
    tester = user(box, allow("ec2:*", on=elsewhere), allow("iam:PassRole"))
    code, message = refused(lambda: associate(tester))
    assert code == "UnauthorizedOperation"
    assert f"on resource: {INSTANCE_ARN}" in message
    made = associate(operator(box))["IamInstanceProfileAssociation"]["AssociationId"]
    ec2 = tester.client("ec2")
    assert refused(ec2.disassociate_iam_instance_profile, AssociationId=made)[0] == ("UnauthorizedOperation")
    ours = user(box, allow("ec2:DisassociateIamInstanceProfile", on=INSTANCE_ARN), name="ours")
    ours.client("ec2").disassociate_iam_instance_profile(AssociationId=made)
