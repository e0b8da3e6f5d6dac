"""Redshift: a role that reads S3, attached to the client's cluster. Its ARN goes to Onemata."""

from __future__ import annotations

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import RedshiftParameters
from ..plan import Proof
from ..resources import choices, data_api
from ..resources.base import Look, Permission, Resource
from ..resources.cluster_state import cluster, clusters_with
from ..resources.data_api import Target
from ..resources.redshift import ClusterRole, LaunchedCluster
from ..wait import Wait
from .base import ASSUME_POLICY, DECRYPT_POLICY, SCOPED_POLICY, Choices, Service
from .copy_statement import CopyStatement
from .redshift_proof import RedshiftProof


class Redshift(Service[RedshiftParameters]):
    """The guide's part on Redshift."""

    title = "Redshift"
    apis = ("iam", "redshift", "redshift-data")

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
        found = [*self.role_permissions(), *(each for some in attaching for each in some), *self._launch_permissions()]
        return [*found, *self._proof_permissions()] if p.prove == "copy" else found

    def _proof_permissions(self) -> list[Permission]:
        p = self.parameters
        found = [each for name in p.cluster_identifiers for each in data_api.permissions(self._cluster_arn(name))]
        found += [self._login(name) for name in p.cluster_identifiers]
        return found if p.role_chain else [*found, Permission(("iam:SimulatePrincipalPolicy",), (p.role_arn,))]

    def _login(self, name: str) -> Permission:
        """What it takes to be the database user of the proof.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
        """
        p = self.parameters
        if p.database_secret_arn:
            return Permission(("secretsmanager:GetSecretValue",), (p.database_secret_arn,))
        first = p.launch_database if p.launch else "*"  # which one it is, only the cluster says
        database = self._arn("dbname", f"{name}/{p.database or first}")
        if p.database_user:
            return Permission(("redshift:GetClusterCredentials",), (self._user_arn(name, p.database_user), database))
        return Permission(("redshift:GetClusterCredentialsWithIAM",), (database,))

    def _launch_permissions(self) -> tuple[Permission, ...]:
        p = self.parameters
        if not p.launch:
            return ()
        (name,) = p.cluster_identifiers
        secret = f"arn:{p.partition}:secretsmanager:{p.region}:{p.account_id}:secret:redshift!{name}-*"
        return LaunchedCluster.permissions(self._cluster_arn(name), secret, p.role_arn)

    def choices(self, look: Look) -> dict[str, Choices]:
        return {"cluster_identifiers": choices.clusters(look)}

    def waiting_for(self) -> str:
        p = self.parameters
        return (
            "Onemata's role (onemata_role_arn), for role_chain: true" if p.role_chain and not p.onemata_role_arn else ""
        )

    def notes(self, look: Look) -> tuple[str, ...]:
        p = self.parameters
        if p.role_chain and p.onemata_external_id:
            warning = (
                "COPY cannot send onemata_external_id. The external ID that Redshift sends is the ARN of the database "
                "user: Onemata's role must ask for that one, or for none."
            )
            return (*super().notes(look), warning, *self._about_the_region())
        return (*super().notes(look), *self._about_the_region())

    def _about_the_region(self) -> tuple[str, ...]:
        """https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html"""
        if not self.parameters.other_region:
            return ()
        return (
            "COPY reads Parquet only from a bucket in the cluster's own region, and Onemata's is in another. The proof "
            "reads CSV, which COPY reads from any region.",
        )

    def hand_over(self, look: Look) -> HandOver:
        p = self.parameters
        return HandOver(
            account_id=p.account_id,
            region=p.region,
            roles=(p.role_arn,),
            for_onemata=self._chained_trusts() if p.role_chain else self.bucket_statements([p.role_arn]),
            for_client=(Snippet(title="COPY statement for the cluster", text=self.copy_statement),),
        )

    def _chained_trusts(self) -> tuple[Snippet, ...]:
        """The statement for the trust of Onemata's role, and a narrower one that asks for Redshift's external ID.

        https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html (restricting access to roles)
        """
        role = self.parameters.role_arn
        users = [self._user_arn(name, user) for name in self.parameters.cluster_identifiers for user in self._users]
        title = (
            "Or instead, for these database users only (Redshift sends the user's ARN as external ID; each user who "
            "loads data must be among them): trust policy of Onemata's role"
        )
        narrower = self.onemata_trust([role], external_ids_like=users)
        return (self.onemata_trust([role]), narrower.model_copy(update={"title": title}))

    @property
    def _users(self) -> tuple[str, ...]:
        """The database users of the proof: the one that is named, or those that IAM identities are, as a pattern.

        https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html (their names)
        """
        p = self.parameters
        by_identity = ("IAM:*", "IAMR:*")
        return ("*",) if p.database_secret_arn else (p.database_user,) if p.database_user else by_identity

    def proofs(self, look: Look) -> tuple[Proof, ...]:
        if self.parameters.prove == "none":
            return ()
        return tuple(each for proof in self._proofs(look) for each in proof.proofs())

    def prove(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        if self.parameters.prove == "none":
            return [each.not_made("prove is `none`, so it was not tried.") for each in self._proofs(look)]
        return [check for each in self._proofs(look) for check in each.checks(look.aws, wait, patient=patient)]

    def _proofs(self, look: Look) -> list[RedshiftProof]:
        return [self._proof(look, name) for name in self.parameters.cluster_identifiers]

    def _proof(self, look: Look, name: str) -> RedshiftProof:
        p = self.parameters
        found = cluster(look, name)
        first = found.database if found else p.launch_database if p.launch else ""
        database = p.database or first if found or p.launch else ""
        target = Target(
            f"cluster {name}", {"ClusterIdentifier": name}, database, p.database_user, p.database_secret_arn
        )
        return RedshiftProof(
            target=target,
            copy=self._copy,
            probe=p.probe,
            users_arn=self._arn("dbuser", name),
            kms_key_arn=p.kms_key_arn,
            negative_checks=p.negative_checks,
        )

    @property
    def copy_statement(self) -> str:
        """COPY for the client's own tables."""
        return self._copy.load("your_schema.your_table", self.parameters.location)

    @property
    def _copy(self) -> CopyStatement:
        p = self.parameters
        return CopyStatement((p.role_arn, p.onemata_role_arn) if p.role_chain else (p.role_arn,), p.other_region)

    def _cluster_arn(self, name: str) -> str:
        return self._arn("cluster", name)

    def _user_arn(self, cluster_identifier: str, user: str) -> str:
        return self._arn("dbuser", f"{cluster_identifier}/{user}")

    def _arn(self, kind: str, name: str) -> str:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html"""
        p = self.parameters
        return f"arn:{p.partition}:redshift:{p.region}:{p.account_id}:{kind}:{name}"

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
