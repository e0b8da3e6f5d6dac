"""Redshift: a role that reads S3, attached to the client's cluster. Its ARN goes to Onemata."""

from __future__ import annotations

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import RedshiftParameters
from ..resources.base import Look, Permission, Resource
from ..resources.cluster_state import clusters_with
from ..resources.redshift import ClusterRole, LaunchedCluster
from ..wait import Wait
from .base import ASSUME_POLICY, DECRYPT_POLICY, SCOPED_POLICY, Service


class Redshift(Service[RedshiftParameters]):
    """The guide's part on Redshift."""

    title = "Redshift"
    apis = ("iam", "redshift")

    def resources(self, look: Look) -> list[Resource]:
        p = self.parameters
        inline = (SCOPED_POLICY, DECRYPT_POLICY, ASSUME_POLICY)
        found: list[Resource] = [
            self.role("Redshift 3–5, 7–9", (p.managed_s3_policy,), inline),
            *self.s3_access("Redshift 6"),
        ]
        why = "The cluster reads as Onemata's role (role chaining)."
        chain = policies.assume_role(p.onemata_role_arn)
        found.append(self.inline_policy("Redshift 6", ASSUME_POLICY, chain, why, p.role_chain))
        if p.launch:
            found.append(self._launched())
        return [*found, *map(self._on_cluster, p.cluster_identifiers)]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.parameters.cluster_identifiers)

    def having(self, look: Look) -> list[str]:
        return clusters_with(look, self.parameters.role_arn)

    def permissions(self) -> list[Permission]:
        p = self.parameters
        attaching = [ClusterRole.permissions(self._cluster_arn(each), p.role_arn) for each in p.cluster_identifiers]
        return [*self.role_permissions(), *(each for some in attaching for each in some), *self._launch_permissions()]

    def _launch_permissions(self) -> tuple[Permission, ...]:
        p = self.parameters
        if not p.launch:
            return ()
        (name,) = p.cluster_identifiers
        secret = f"arn:{p.partition}:secretsmanager:{p.region}:{p.account_id}:secret:redshift!{name}-*"
        return LaunchedCluster.permissions(self._cluster_arn(name), secret, p.role_arn)

    def waiting_for(self) -> str:
        p = self.parameters
        return (
            "Onemata's role (onemata_role_arn), for role_chain: true" if p.role_chain and not p.onemata_role_arn else ""
        )

    def notes(self, look: Look) -> tuple[str, ...]:
        p = self.parameters
        if p.role_chain and p.onemata_external_id:
            warning = "COPY cannot send an external ID: Onemata's role must trust the Redshift role without one."
            return (*super().notes(look), warning)
        return super().notes(look)

    def hand_over(self, look: Look) -> HandOver:
        p = self.parameters
        return HandOver(
            account_id=p.account_id,
            region=p.region,
            roles=(p.role_arn,),
            for_onemata=(self.onemata_trust([p.role_arn]),) if p.role_chain else self.bucket_statements([p.role_arn]),
            from_onemata=(self.probe_object,),
            for_client=(Snippet(title="COPY statement for the cluster", text=self.copy_statement),),
        )

    def prove(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        evidence = f"The client proves it in the cluster by loading the first files: {self.copy_statement}"
        return [Check(name="The cluster reads Onemata's data", result="not provable from here", evidence=evidence)]

    @property
    def copy_statement(self) -> str:
        """COPY with the role, or with the role chain: one quoted string, no spaces.

        https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html
        """
        p = self.parameters
        roles = f"{p.role_arn},{p.onemata_role_arn}" if p.role_chain else p.role_arn
        return f"COPY your_schema.your_table FROM '{p.location.uri}' IAM_ROLE '{roles}' FORMAT AS PARQUET;"

    def _cluster_arn(self, name: str) -> str:
        p = self.parameters
        return f"arn:{p.partition}:redshift:{p.region}:{p.account_id}:cluster:{name}"

    def _on_cluster(self, name: str) -> ClusterRole:
        p = self.parameters
        return ClusterRole(
            step="Redshift 12",
            cluster_identifier=name,
            role_arn=p.role_arn,
            use=self.use,
            launched_by_plan=p.launch,
        )

    def _launched(self) -> LaunchedCluster:
        p = self.parameters
        return LaunchedCluster(
            step="Redshift 12",
            cluster_identifier=p.cluster_identifiers[0],
            role_arn=p.role_arn,
            node_type=p.launch_node_type,
            nodes=p.launch_nodes,
            database=p.launch_database,
            admin=p.launch_admin,
            subnet_group=p.launch_subnet_group,
            confirmed=p.confirm_launch_costs,
            tags=p.tags,
        )
