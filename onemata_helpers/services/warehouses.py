"""The clusters and workgroups that the parameters name: what each is to the plan, the policies and the proof."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..parameters import RedshiftParameters
from ..permitted import Readiness
from ..resources import data_api
from ..resources.base import Look, Permission, Resource
from ..resources.cluster_state import cluster
from ..resources.cluster_state import fault_of as fault_of_cluster
from ..resources.data_api import Target
from ..resources.delivery import workgroup_target
from ..resources.redshift import ClusterRole
from ..resources.role_use import RoleUse
from ..resources.workgroup_role import WorkgroupRole
from ..resources.workgroup_state import fault_of, workgroup

_BY_IDENTITY = ("IAM:*", "IAMR:*")
"""The database users that IAM identities are. https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html"""

_WAKES = "wakes the workgroup: AWS charges for its capacity while it is awake, at least for a minute"


@dataclass(frozen=True)
class Warehouse(ABC):
    """A cluster or workgroup that reads the data."""

    parameters: RedshiftParameters
    name: str

    @property
    @abstractmethod
    def target(self) -> str:
        """What it is called among all that may have the role."""

    @abstractmethod
    def role(self, use: RoleUse) -> Resource:
        """Our role on it."""

    @abstractmethod
    def permissions(self) -> list[Permission]:
        """What putting the role on it takes, and off."""

    @abstractmethod
    def readiness(self, look: Look) -> Readiness:
        """How it stands now."""

    def proof_permissions(self) -> list[Permission]:
        """What proving takes: to run statements there, and to log in."""
        return [*data_api.permissions(self._arn), self._login()]

    @abstractmethod
    def proof_target(self, look: Look) -> Target:
        """Where and as whom the proof runs."""

    @abstractmethod
    def users_arn(self, look: Look) -> str:
        """Where the ARNs of its database users begin, which Redshift sends as external ID.

        https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html
        """

    @property
    def users(self) -> tuple[str, ...]:
        """The database users of the proof, as far as they are known: names or patterns."""
        return ("*",) if self.parameters.database_secret_arn else _BY_IDENTITY

    @property
    def cost(self) -> str:
        """What the proof costs, as a sentence; empty for nothing."""
        return ""

    @property
    def unproven(self) -> str:
        """Why no proof is made, as a sentence; empty if one is."""
        return "prove is `none`, so it was not tried." if self.parameters.prove == "none" else ""

    @property
    @abstractmethod
    def _arn(self) -> str:
        """Its ARN."""

    def _login(self) -> Permission:
        """What it takes to be the database user of the proof."""
        secret = self.parameters.database_secret_arn
        return Permission(("secretsmanager:GetSecretValue",), (secret,)) if secret else self._login_without_secret()

    @abstractmethod
    def _login_without_secret(self) -> Permission:
        """The same by the operator's own identity."""

    def _arn_of(self, service: str, thing: str) -> str:
        p = self.parameters
        return f"arn:{p.partition}:{service}:{p.region}:{p.account_id}:{thing}"


class Cluster(Warehouse):
    """A provisioned cluster.

    Its ARNs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
    """

    @property
    def target(self) -> str:
        return self.name

    def role(self, use: RoleUse) -> ClusterRole:
        p = self.parameters
        return ClusterRole(
            step="Redshift 12",
            cluster_identifier=self.name,
            role_arn=p.role_arn,
            use=use,
            launched_by_plan=p.launch,
        )

    def permissions(self) -> list[Permission]:
        return list(ClusterRole.permissions(self._arn, self.parameters.role_arn))

    def proof_target(self, look: Look) -> Target:
        p, found = self.parameters, cluster(look, self.name)
        first = found.database if found else p.launch_database if p.launch else ""
        database = p.database or first if found or p.launch else ""
        address = {"ClusterIdentifier": self.name}
        return Target(f"cluster {self.name}", address, database, p.database_user, p.database_secret_arn)

    def readiness(self, look: Look) -> Readiness:
        found = cluster(look, self.name)
        if found is None and self.parameters.launch:
            return Readiness(about=f"cluster {self.name}", state="to be launched", ready=True)
        ready = found is not None and not fault_of_cluster(found)
        return Readiness(about=f"cluster {self.name}", state=found.status if found else "not there", ready=ready)

    def users_arn(self, look: Look) -> str:
        return self._arn_of("redshift", f"dbuser:{self.name}")

    @property
    def users(self) -> tuple[str, ...]:
        user = self.parameters.database_user
        return (user,) if user else super().users

    @property
    def _arn(self) -> str:
        return self._arn_of("redshift", f"cluster:{self.name}")

    def _login_without_secret(self) -> Permission:
        p = self.parameters
        first = p.launch_database if p.launch else "*"  # which one it is, only the cluster says
        database = self._arn_of("redshift", f"dbname:{self.name}/{p.database or first}")
        if p.database_user:
            user = self._arn_of("redshift", f"dbuser:{self.name}/{p.database_user}")
            return Permission(("redshift:GetClusterCredentials",), (user, database))
        return Permission(("redshift:GetClusterCredentialsWithIAM",), (database,))


class Workgroup(Warehouse):
    """A workgroup of Redshift Serverless.

    Its ARN, and its namespace's, hold ids that only AWS knows, so a policy that is made before names all of a kind.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
    """

    @property
    def target(self) -> str:
        return workgroup_target(self.name)

    def role(self, use: RoleUse) -> WorkgroupRole:
        return WorkgroupRole(step="Redshift 12", workgroup_name=self.name, role_arn=self.parameters.role_arn, use=use)

    def permissions(self) -> list[Permission]:
        p = self.parameters
        any_namespace = self._arn_of("redshift-serverless", "namespace/*")
        any_role = f"arn:{p.partition}:iam::{p.account_id}:role/*"
        return [
            *WorkgroupRole.permissions(self._arn, any_namespace, any_role),
            # A role that is also on clusters is not deleted.
            Permission(("redshift:DescribeClusters",)),
        ]

    def proof_target(self, look: Look) -> Target:
        p, found = self.parameters, workgroup(look, self.name)
        database = p.database or found.namespace.database if found else ""
        address = {"WorkgroupName": self.name}
        return Target(f"workgroup {self.name}", address, database, secret_arn=p.database_secret_arn)

    def readiness(self, look: Look) -> Readiness:
        found = workgroup(look, self.name)
        ready = found is not None and not fault_of(found)
        return Readiness(about=f"workgroup {self.name}", state=found.status if found else "not there", ready=ready)

    def users_arn(self, look: Look) -> str:
        found = workgroup(look, self.name)
        return self._arn_of("redshift", f"dbuser:serverless-{self.parameters.account_id}-{found.id if found else '*'}")

    @property
    def cost(self) -> str:
        """https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing.html"""
        return f"It {_WAKES}."

    @property
    def unproven(self) -> str:
        if super().unproven or self.parameters.confirm_proof_costs:
            return super().unproven
        return f"The proof {_WAKES}. When the client agrees to that: confirm_proof_costs: true."

    @property
    def _arn(self) -> str:
        return self._arn_of("redshift-serverless", "workgroup/*")

    def _login_without_secret(self) -> Permission:
        """https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-access.html"""
        return Permission(("redshift-serverless:GetCredentials",), (self._arn,))
