"""Redshift: a role that reads S3, on the client's clusters and workgroups. Its ARN goes to Onemata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import RedshiftParameters
from ..permitted import Readiness
from ..plan import Proof
from ..resources import choices
from ..resources.base import Look, Permission, Resource
from ..resources.cluster_state import clusters_with
from ..resources.delivery import SERVERLESS, workgroup_target
from ..resources.redshift import LaunchedCluster
from ..resources.workgroup_state import workgroups_with
from ..wait import Wait
from .base import ASSUME_POLICY, DECRYPT_POLICY, SCOPED_POLICY, Choices, Service
from .copy_statement import CopyStatement
from .redshift_proof import RedshiftProof
from .warehouses import Cluster, Warehouse, Workgroup


class Redshift(Service[RedshiftParameters]):
    """The guide's part on Redshift."""

    title = "Redshift"

    @property
    def apis(self) -> tuple[str, ...]:
        serverless = (SERVERLESS,) if self.parameters.workgroup_names else ()
        return ("iam", "redshift", "redshift-data", *serverless)

    @property
    def trust(self) -> policies.Document:
        """With workgroups it names Redshift Serverless, too.

        https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-security-other-services.html
        """
        if not self.parameters.workgroup_names:
            return super().trust
        return policies.with_statements(super().trust, policies.service_trust(SERVERLESS, self.parameters.partition))

    def resources(self, look: Look) -> list[Resource]:
        p = self.parameters
        inline = (SCOPED_POLICY, DECRYPT_POLICY, ASSUME_POLICY)
        found: list[Resource] = [
            self.role("Redshift 3–5, 7–9", (p.managed_s3_policy,), inline),
            *self.s3_access("Redshift 6"),
        ]
        why = "Redshift reads as Onemata's role (role chaining)."
        chain = policies.assume_role(p.onemata_role_arn)
        found.append(self.inline_policy("Redshift 6", ASSUME_POLICY, chain, why, p.role_chain))
        if p.launch:
            found.append(self._launched())
        return [*found, *(each.role(self.use) for each in self._warehouses)]

    @property
    def _warehouses(self) -> list[Warehouse]:
        p = self.parameters
        workgroups = [Workgroup(p, name) for name in p.workgroup_names]
        return [*(Cluster(p, name) for name in p.cluster_identifiers), *workgroups]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(each.target for each in self._warehouses)

    def having(self, look: Look) -> list[str]:
        """Where no workgroup is named, none is looked for: of those that have the role, its registrations tell."""
        p = self.parameters
        workgroups = workgroups_with(look, p.role_arn) if p.workgroup_names else []
        return [*clusters_with(look, p.role_arn), *map(workgroup_target, workgroups)]

    def permissions(self) -> list[Permission]:
        p = self.parameters
        proven = [each for each in self._warehouses if not each.unproven]
        asking = Permission(("iam:SimulatePrincipalPolicy",), (p.role_arn,))
        return [
            *self.role_permissions(),
            *(permission for each in self._warehouses for permission in each.permissions()),
            *self._launch_permissions(),
            *(permission for each in proven for permission in each.proof_permissions()),
            *([asking] if proven and not p.role_chain else ()),
        ]

    def _launch_permissions(self) -> tuple[Permission, ...]:
        p = self.parameters
        if not p.launch:
            return ()
        (name,) = p.cluster_identifiers
        secret = f"arn:{p.partition}:secretsmanager:{p.region}:{p.account_id}:secret:redshift!{name}-*"
        cluster = f"arn:{p.partition}:redshift:{p.region}:{p.account_id}:cluster:{name}"
        return LaunchedCluster.permissions(cluster, secret, p.role_arn)

    def choices(self, look: Look) -> dict[str, Choices]:
        return {"cluster_identifiers": choices.clusters(look)}

    def readiness(self, look: Look) -> tuple[Readiness, ...]:
        return tuple(each.readiness(look) for each in self._warehouses)

    def waiting_for(self) -> str:
        p = self.parameters
        return (
            "Onemata's role (onemata_role_arn), for role_chain: true" if p.role_chain and not p.onemata_role_arn else ""
        )

    def notes(self, look: Look) -> tuple[str, ...]:
        return (*super().notes(look), *self._about_the_chain(), *self._about_the_region(), *self._about_the_proofs())

    def _about_the_chain(self) -> tuple[str, ...]:
        p = self.parameters
        if not (p.role_chain and p.onemata_external_id):
            return ()
        return (
            "COPY cannot send onemata_external_id. The external ID that Redshift sends is the ARN of the database "
            "user: Onemata's role must ask for that one, or for none.",
        )

    def _about_the_proofs(self) -> tuple[str, ...]:
        """What costs something and is not agreed to is not tried in silence."""
        left_out = [each for each in self._warehouses if each.unproven and self.parameters.prove == "copy"]
        return tuple(f"workgroup {each.name} is not asked for proof. {each.unproven}" for each in left_out)

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
            for_onemata=self._chained_trusts(look) if p.role_chain else self.bucket_statements([p.role_arn]),
            for_client=(Snippet(title=f"COPY statement for the {self._kinds}", text=self.copy_statement),),
        )

    @property
    def _kinds(self) -> str:
        p = self.parameters
        return " and the ".join(["cluster"] * bool(p.cluster_identifiers) + ["workgroup"] * bool(p.workgroup_names))

    def _chained_trusts(self, look: Look) -> tuple[Snippet, ...]:
        """The statement for the trust of Onemata's role, and a narrower one that asks for Redshift's external ID.

        Of a workgroup, that ID is documented; nobody is known to have seen it.
        """
        p = self.parameters
        users = [f"{each.users_arn(look)}/{user}" for each in self._warehouses for user in each.users]
        documented = "; a workgroup's as AWS documents it: if it is refused, only the statement above will do"
        title = (
            f"Or instead, for these database users only (Redshift sends the user's ARN as external ID"
            f"{documented if p.workgroup_names else ''}; each user who loads data must be among them): trust policy of "
            "Onemata's role"
        )
        narrower = self.onemata_trust([p.role_arn], external_ids_like=users)
        return (self.onemata_trust([p.role_arn]), narrower.model_copy(update={"title": title}))

    def proofs(self, look: Look) -> tuple[Proof, ...]:
        made = [self._proof(each, look) for each in self._warehouses if not each.unproven]
        return tuple(each for proof in made for each in proof.proofs())

    def prove(self, look: Look, wait: Wait, *, patient: bool) -> Iterator[Check]:
        for each in self._warehouses:
            yield from self._proven(each, look, wait, patient=patient)

    def _proven(self, warehouse: Warehouse, look: Look, wait: Wait, *, patient: bool) -> Iterable[Check]:
        proof = self._proof(warehouse, look)
        if warehouse.unproven:
            return [proof.not_made(warehouse.unproven)]
        return proof.checks(look.aws, wait, patient=patient)

    def _proof(self, warehouse: Warehouse, look: Look) -> RedshiftProof:
        p = self.parameters
        return RedshiftProof(
            target=warehouse.proof_target(look),
            copy=self._copy,
            probe=p.probe,
            users_arn=warehouse.users_arn(look),
            kms_key_arn=p.kms_key_arn,
            negative_checks=p.negative_checks,
            cost=warehouse.cost,
        )

    @property
    def copy_statement(self) -> str:
        """COPY for the client's own tables."""
        return self._copy.load("your_schema.your_table", self.parameters.location)

    @property
    def _copy(self) -> CopyStatement:
        p = self.parameters
        return CopyStatement((p.role_arn, p.onemata_role_arn) if p.role_chain else (p.role_arn,), p.other_region)

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
