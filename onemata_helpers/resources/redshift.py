"""A Redshift cluster's role, and a cluster launched with one.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_ModifyClusterIamRoles.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..plan import Call, Change, Field
from ..session import Aws
from ..wait import Transient, Wait
from .base import OWNER_TAG, Look, Permission, Resource
from .cluster_state import ClusterState, cluster, fault_of, read_cluster
from .role_state import as_tags, role
from .role_use import RoleUse

CHANGE_SECONDS = 900
LAUNCH_SECONDS = 3600
_NEW_ROLE = Transient("InvalidParameterValue", "must delegate access", "Redshift does not yet see the new role")
_ROLE_NOT_VALID = Transient("InvalidParameterValue", "is not valid", "Redshift does not yet see the new role")
# The cluster's own waiter can pass while a change is still refused.
_BUSY = Transient("InvalidClusterState", "", "the cluster is busy with another change")


@dataclass(frozen=True)
class ClusterRole(Resource):
    """Our role, attached to a provisioned cluster. Its default role and its other roles are never touched."""

    cluster_identifier: str
    role_arn: str
    use: RoleUse
    launched_by_plan: bool = False

    @staticmethod
    def permissions(cluster_arn: str, role_arn: str) -> tuple[Permission, ...]:
        """What attaching and detaching takes."""
        return (
            Permission(("redshift:DescribeClusters",)),
            Permission(("redshift:ModifyClusterIamRoles",), (cluster_arn,)),
            Permission(("iam:PassRole",), (role_arn,), "redshift"),
        )

    transient = (_NEW_ROLE, _ROLE_NOT_VALID, _BUSY)
    settling_seconds = CHANGE_SECONDS

    @property
    def key(self) -> str:
        return f"role {self.use.role_name} on cluster {self.cluster_identifier}"

    def changes(self, look: Look) -> list[Change]:
        found = cluster(look, self.cluster_identifier)
        if found is None:
            return [self._no_cluster()]
        if self.role_arn in found.roles:
            return [self.change("nothing", "The cluster has the role.")]
        if fault_of(found):
            return [self.change("blocked", fault_of(found))]
        why = "With the role attached, the cluster's COPY statements can read Onemata's bucket."
        return [self.change("attach", why, self._modify("AddIamRoles"), fields=(self._roles_field(found, add=True),))]

    def removal(self, look: Look) -> list[Change]:
        found = cluster(look, self.cluster_identifier)
        if found is None or self.role_arn not in found.roles:
            return [self.change("nothing", "The role is not on the cluster.")]
        if not self.use.ours(look):
            return [self.change("keep", "The role is the client's own, so it stays where it is.")]
        stays = self.use.why_it_stays_on(look, self.cluster_identifier)
        if stays:
            return [self.change("keep", stays)]
        if found.default_role == self.role_arn:
            why = "The client made it the cluster's default role. The client's admin chooses another default first."
            return [self.change("blocked", why)]
        there = role(look, self.use.role_name) is not None
        why = "The role is ours." if there else "The role was deleted: what the cluster still lists gives no access."
        call = self._modify("RemoveIamRoles")
        return [self.change("detach", why, call, fields=(self._roles_field(found, add=False),))]

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the role is `in-sync`, or gone after its removal."""

        def status() -> str:
            found = read_cluster(aws, self.cluster_identifier)
            at_rest = "in-sync" if found and self.role_arn in found.roles else "gone"
            return found.passing.get(self.role_arn, at_rest) if found else "gone"

        wait.until(self.key, status, "gone" if change.kind == "detach" else "in-sync", CHANGE_SECONDS)

    def unsettled(self, look: Look) -> str:
        found = cluster(look, self.cluster_identifier)
        passing = found.passing.get(self.role_arn, "") if found else ""
        return f"The role is {passing}." if passing else ""

    def fault(self, look: Look) -> str:
        return fault_of(cluster(look, self.cluster_identifier))

    def _no_cluster(self) -> Change:
        if self.launched_by_plan:
            return self.change("nothing", "The cluster is launched with the role.")
        why = (
            f"There is no provisioned cluster {self.cluster_identifier} in this account and region. The engineer "
            "corrects cluster_identifiers or region, or agrees with the client on launch: true."
        )
        return self.change("blocked", why)

    def _modify(self, argument: str) -> Call:
        arguments = {"ClusterIdentifier": self.cluster_identifier, argument: [self.role_arn]}
        return Call(service="redshift", operation="modify_cluster_iam_roles", arguments=arguments)

    def _roles_field(self, found: ClusterState, *, add: bool) -> Field:
        before = sorted(found.roles)
        after = sorted({*before, self.role_arn}) if add else [arn for arn in before if arn != self.role_arn]
        return Field(name="roles of the cluster", before=before or None, after=after or None)


@dataclass(frozen=True)
class LaunchedCluster(Resource):
    """A new cluster, launched with the role. Redshift makes and keeps the admin password (Secrets Manager).

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
    """

    cluster_identifier: str
    role_arn: str
    node_type: str
    nodes: int
    database: str
    admin: str
    subnet_group: str
    confirmed: bool
    tags: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def permissions(cluster_arn: str, secret_arn: str, role_arn: str) -> tuple[Permission, ...]:
        """What a launch takes. The caller, not Redshift, must be allowed to create the admin's secret.

        https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-permissions.html
        """
        return (
            Permission(("redshift:CreateCluster", "redshift:CreateTags"), (cluster_arn,)),
            Permission(("secretsmanager:CreateSecret", "secretsmanager:TagResource"), (secret_arn,)),
            Permission(("iam:PassRole",), (role_arn,), "redshift"),
        )

    transient = (_NEW_ROLE, _ROLE_NOT_VALID)
    settling_seconds = LAUNCH_SECONDS

    @property
    def key(self) -> str:
        return f"cluster {self.cluster_identifier}"

    def changes(self, look: Look) -> list[Change]:
        if cluster(look, self.cluster_identifier) is not None:
            return [self.change("nothing", "The cluster is there.")]
        size = f"{self.nodes} × {self.node_type}"
        if not self.confirmed:
            why = f"A new cluster ({size}) costs money. When the client agrees to that: confirm_launch_costs: true."
            return [self.change("blocked", why)]
        call = Call(service="redshift", operation="create_cluster", arguments=self._arguments())
        why = f"A new cluster ({size}), encrypted and not public. It costs the client money until it is deleted."
        fields = tuple(Field(name=name, after=value) for name, value in self._arguments().items())
        return [self.change("create", why, call, fields=fields)]

    def removal(self, look: Look) -> list[Change]:
        if cluster(look, self.cluster_identifier) is None:
            return [self.change("nothing", "There is no such cluster.")]
        why = "It may hold the client's data, and costs money while it runs: the client's admin deletes it."
        return [self.change("keep", why)]

    def left_to_do(self, look: Look, change: Change, *, removing: bool) -> list[Call] | None:
        """A cluster that appeared meanwhile counts as launched only if it carries our tag."""
        found = cluster(look, self.cluster_identifier)
        if found is not None and found.tags.get(OWNER_TAG) != "redshift":
            return None
        return super().left_to_do(look, change, removing=removing)

    def unsettled(self, look: Look) -> str:
        found = cluster(look, self.cluster_identifier)
        if found is None or found.status == "available" or fault_of(found):
            return ""
        return f"The cluster is {found.status}."

    def fault(self, look: Look) -> str:
        return fault_of(cluster(look, self.cluster_identifier))

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the new cluster is available with the role in-sync."""

        def status() -> str:
            found = read_cluster(aws, self.cluster_identifier)
            if found is None or found.status != "available":
                return found.status if found else "not there"
            at_rest = "in-sync" if self.role_arn in found.roles else "missing"
            return f"available, role {found.passing.get(self.role_arn, at_rest)}"

        wait.until(self.key, status, "available, role in-sync", LAUNCH_SECONDS)

    def _arguments(self) -> dict[str, Any]:
        size = (
            {"ClusterType": "single-node"}
            if self.nodes == 1
            else {"ClusterType": "multi-node", "NumberOfNodes": self.nodes}
        )
        network = {"ClusterSubnetGroupName": self.subnet_group} if self.subnet_group else {}
        return {
            "ClusterIdentifier": self.cluster_identifier,
            "NodeType": self.node_type,
            **size,
            "DBName": self.database,
            "MasterUsername": self.admin,
            "ManageMasterPassword": True,
            "IamRoles": [self.role_arn],
            "Encrypted": True,
            "PubliclyAccessible": False,
            **network,
            "Tags": as_tags(self.tags | {OWNER_TAG: "redshift"}),
        }
