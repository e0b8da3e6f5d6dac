"""The roles of a cluster, step by step, and what Redshift refuses."""

from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.aws.strict_redshift import ROLE_QUOTA
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import refused, role, trusting

ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"


@pytest.fixture
def redshift(box: Sandbox) -> Any:
    role(box, "onemata-redshift", "redshift.amazonaws.com")
    return box.client("redshift")


def cluster(redshift: Any, name: str = sandbox.CLUSTER) -> dict[str, Any]:
    found: dict[str, Any] = redshift.describe_clusters(ClusterIdentifier=name)["Clusters"][0]
    return found


def statuses(described: dict[str, Any]) -> dict[str, str]:
    return {one["IamRoleArn"]: one["ApplyStatus"] for one in described["IamRoles"]}


def modify(redshift: Any, **changes: Any) -> dict[str, str]:
    answer = redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, **changes)
    return statuses(answer["Cluster"])


def test_a_role_is_added_and_removed_step_by_step(redshift: Any) -> None:
    others = {world.CLUSTER_ROLE_ARN: "in-sync"}
    assert modify(redshift, AddIamRoles=[ARN]) == others | {ARN: "adding"}
    assert statuses(cluster(redshift)) == others | {ARN: "adding"}
    assert statuses(cluster(redshift)) == others | {ARN: "in-sync"}
    assert modify(redshift, RemoveIamRoles=[ARN]) == others | {ARN: "removing"}
    assert statuses(cluster(redshift)) == others | {ARN: "removing"}
    assert statuses(cluster(redshift)) == others


def test_what_is_there_stays_as_it_is(redshift: Any) -> None:
    assert modify(redshift, AddIamRoles=[world.CLUSTER_ROLE_ARN]) == {world.CLUSTER_ROLE_ARN: "in-sync"}
    modify(redshift, AddIamRoles=[ARN])
    assert cluster(redshift)["DefaultIamRoleArn"] == world.CLUSTER_ROLE_ARN
    cluster(redshift)
    modify(redshift, DefaultIamRoleArn=ARN)
    assert cluster(redshift)["DefaultIamRoleArn"] == ARN


def test_one_change_at_a_time(redshift: Any) -> None:
    modify(redshift, AddIamRoles=[ARN])
    arguments = {"ClusterIdentifier": sandbox.CLUSTER, "RemoveIamRoles": [ARN]}
    assert refused(redshift.modify_cluster_iam_roles, **arguments)[0] == "InvalidClusterState"
    modify(redshift, RemoveIamRoles=[ARN])  # asking again is one way to wait


def test_a_cluster_that_is_paused_or_not_there(redshift: Any) -> None:
    redshift.pause_cluster(ClusterIdentifier=sandbox.CLUSTER)
    arguments = {"ClusterIdentifier": sandbox.CLUSTER, "AddIamRoles": [ARN]}
    for _ in range(2):
        assert refused(redshift.modify_cluster_iam_roles, **arguments)[0] == "InvalidClusterState"
    redshift.resume_cluster(ClusterIdentifier=sandbox.CLUSTER)
    modify(redshift, AddIamRoles=[ARN])
    arguments["ClusterIdentifier"] = "not-there"
    assert refused(redshift.modify_cluster_iam_roles, **arguments)[0] == "ClusterNotFound"


def refusal(redshift: Any, arn: str) -> tuple[str, str]:
    arguments = {"ClusterIdentifier": sandbox.CLUSTER, "AddIamRoles": [arn]}
    return refused(redshift.modify_cluster_iam_roles, **arguments)


def test_roles_that_redshift_cannot_assume(box: Sandbox, redshift: Any) -> None:
    arns = [
        role(box, "for-ec2", "ec2.amazonaws.com"),
        role(box, "for-people", trusting("*")),
        f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/not-there",
        sandbox.ONEMATA_ROLE_ARN,
        "onemata-redshift",
    ]
    for arn in arns:
        assert refusal(redshift, arn) == (
            "InvalidParameterValue",
            f"The IAM role {arn} is not valid. The IAM role must delegate access to an Amazon Redshift account.",
        )


def test_the_quota(box: Sandbox, redshift: Any) -> None:
    arns = [role(box, f"r{number}", "redshift.amazonaws.com") for number in range(ROLE_QUOTA - 1)]
    modify(redshift, AddIamRoles=arns)
    assert len(cluster(redshift)["IamRoles"]) == ROLE_QUOTA
    code, message = refusal(redshift, ARN)
    assert (code, str(ROLE_QUOTA) in message) == ("InvalidParameterValue", True)


NEW = {"ClusterIdentifier": "new", "NodeType": "ra3.large", "MasterUsername": "awsuser"}


def test_a_new_cluster(redshift: Any) -> None:
    made = redshift.create_cluster(**NEW, ManageMasterPassword=True, IamRoles=[ARN], ClusterType="single-node")[
        "Cluster"
    ]
    assert made["ClusterStatus"] == "creating"
    assert made["MasterPasswordSecretArn"].startswith(
        f"arn:aws:secretsmanager:us-east-1:{sandbox.CLIENT_ACCOUNT}:secret:redshift!new-awsuser-"
    )
    assert cluster(redshift, "new")["ClusterStatus"] == "creating"
    described = cluster(redshift, "new")
    assert described["ClusterStatus"] == "available"
    assert statuses(described) == {ARN: "in-sync"}
    assert "DefaultIamRoleArn" not in described
    assert refused(redshift.create_cluster, **NEW)[0] == "ClusterAlreadyExists"


def test_a_new_cluster_is_busy_at_first(redshift: Any) -> None:
    redshift.create_cluster(**NEW, ManageMasterPassword=True)
    arguments = {"ClusterIdentifier": "new", "AddIamRoles": [ARN]}
    assert refused(redshift.modify_cluster_iam_roles, **arguments)[0] == "InvalidClusterState"


def test_a_new_cluster_with_a_role_that_is_not_there(redshift: Any) -> None:
    arguments = NEW | {"ManageMasterPassword": True, "IamRoles": [ARN + "x"]}
    assert refused(redshift.create_cluster, **arguments)[0] == "InvalidParameterValue"
    assert refused(redshift.describe_clusters, ClusterIdentifier="new")[0] == "ClusterNotFound"
