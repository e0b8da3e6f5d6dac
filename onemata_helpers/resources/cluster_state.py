"""What a provisioned Redshift cluster is: its state, and the roles that it has.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_Cluster.html
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..answers import Answer, Arn, Plain
from ..frozen import Frozen
from ..session import Aws
from .base import Look
from .role_state import Tag, same_thing, tags_of

# States that pass, or from which a change is accepted; in the others only a person helps.
_WORKABLE = (
    "available",
    "modifying",
    "creating",
    "resizing",
    "rebooting",
    "renaming",
    "updating-hsm",
    "rotating-keys",
)


class ClusterState(Frozen):
    """A cluster. `roles` are the ARNs of the roles that it has or is about to have.

    `passing` is what AWS is still carrying out: ARN to `adding` or `removing`. A role that is being removed is not
    there any more. `database` is its first database.
    """

    status: str
    database: str
    roles: tuple[str, ...]
    passing: dict[str, str]
    default_role: str
    tags: dict[str, str]


def cluster(look: Look, identifier: str) -> ClusterState | None:
    """The cluster of this identifier; None if there is none."""
    return look.once(f"cluster {identifier}", lambda aws: read_cluster(aws, identifier))


def clusters_with(look: Look, role_arn: str) -> list[str]:
    """The clusters of the region that have a role."""
    return look.once(f"clusters with {role_arn}", lambda aws: _read_clusters_with(aws, role_arn))


class _ClusterRole(Answer):
    iam_role_arn: Arn
    apply_status: Plain


class _Cluster(Answer):
    # https://docs.aws.amazon.com/redshift/latest/APIReference/API_Cluster.html
    cluster_identifier: Plain
    cluster_status: Plain
    db_name: Annotated[Plain, Field(alias="DBName")] = ""
    iam_roles: list[_ClusterRole] | None = None
    default_iam_role_arn: str = ""
    tags: list[Tag] | None = None


class _Clusters(Answer):
    clusters: list[_Cluster]


def read_cluster(aws: Aws, identifier: str) -> ClusterState | None:
    """The cluster as it is now; None if there is none."""
    try:
        found = aws.ask("redshift", "describe_clusters", _Clusters, ClusterIdentifier=identifier).clusters
    except aws.client("redshift").exceptions.ClusterNotFoundFault:
        return None
    for each in found:
        same_thing("redshift:DescribeClusters", each.cluster_identifier, identifier)
    return _state_of(found[0]) if found else None


def _state_of(found: _Cluster) -> ClusterState:
    states = {each.iam_role_arn: each.apply_status for each in found.iam_roles or ()}
    return ClusterState(
        status=found.cluster_status,
        database=found.db_name,
        roles=tuple(arn for arn, state in states.items() if state != "removing"),
        passing={arn: state for arn, state in states.items() if state != "in-sync"},
        default_role=found.default_iam_role_arn,
        tags=tags_of(found.tags),
    )


def _read_clusters_with(aws: Aws, role_arn: str) -> list[str]:
    pages = aws.pages("redshift", "describe_clusters", _Clusters)
    found = [each for page in pages for each in page.clusters]
    return sorted(each.cluster_identifier for each in found if role_arn in _state_of(each).roles)


def fault_of(found: ClusterState | None) -> str:
    """What keeps a cluster from any change and does not pass by itself; empty if nothing."""
    if found is None or found.status in _WORKABLE:
        return ""
    return f"The cluster is {found.status} and accepts no change now. The client's admin brings it to 'available'."
