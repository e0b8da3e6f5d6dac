"""Glue and Athena: a service role with the right name, or leave to pass one with another name."""

from __future__ import annotations

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import GlueParameters
from ..resources.base import Look, Resource
from ..resources.open_question import OpenQuestion
from ..resources.policies import AttachedPolicy, Holder, InlinePolicy, holder_permissions
from ..resources.roles import Role
from ..wait import Wait
from .base import DECRYPT_POLICY, SCOPED_POLICY, Service

PREFIX = "AWSGlueServiceRole"
# AWSGlueConsoleFullAccess lets its holder pass only role/AWSGlueServiceRole* and role/service-role/AWSGlueServiceRole*.
# https://docs.aws.amazon.com/glue/latest/dg/create-service-policy.html
_PASSABLE_PATHS = ("/", "/service-role/")


class Glue(Service[GlueParameters]):
    """The guide's part on Glue and Athena."""

    title = "Glue"

    def resources(self, look: Look) -> list[Resource]:
        p = self.parameters
        ours = (self._service_policy, self.managed_policy(p.managed_s3_policy), SCOPED_POLICY, DECRYPT_POLICY)
        return [
            self.role("Glue 3–4, 6", ours),
            self._glue_policy(),
            *self.s3_access("Glue 5"),
            *self._pass_role(),
        ]

    def kinds(self) -> tuple[type[Resource], ...]:
        return (Role, AttachedPolicy, InlinePolicy)

    def permissions(self) -> set[str]:
        holders = {_holder(arn) for arn in self._holders()} - {"role"}
        return super().permissions() | {action for holder in holders for action in holder_permissions(holder)}

    def hand_over(self, look: Look) -> HandOver:
        p = self.parameters
        readers = [p.role_arn, *p.athena_principals]
        return HandOver(
            account_id=p.account_id,
            region=p.region,
            roles=(p.role_arn,),
            principals=tuple(p.athena_principals),
            for_onemata=self.bucket_statements(readers),
            for_client=(Snippet(title="Path for a Glue crawler", text=self.location),),
        )

    def notes(self, look: Look) -> tuple[str, ...]:
        if self.parameters.athena_principals:
            return super().notes(look)
        athena = (
            "Athena reads with the permissions of whoever queries, not with the Glue role. If the client uses Athena, "
            "name those users and roles in athena_principals, so that Onemata can let them in."
        )
        return (*super().notes(look), athena)

    def proofs(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        evidence = f"A crawler over {self.location} with the role {self.parameters.role_name}, in Glue's console."
        checks = [Check(name="Glue reads Onemata's data", result="not provable from here", evidence=evidence)]
        for arn in self.parameters.athena_principals:
            query = "A query over the crawled table by that user or role; it needs S3 read access of its own."
            checks.append(Check(name=f"Athena reads for {arn}", result="not provable from here", evidence=query))
        return checks

    @property
    def passable_by_name(self) -> bool:
        """Whether AWS's own Glue policies let console users pass the role."""
        p = self.parameters
        return p.role_name.startswith(PREFIX) and p.role_path in _PASSABLE_PATHS

    @property
    def _service_policy(self) -> str:
        return self.managed_policy("service-role/AWSGlueServiceRole")

    def _glue_policy(self) -> Resource:
        return AttachedPolicy(
            step="Glue 5",
            role_name=self.parameters.role_name,
            service="glue",
            policy_arn=self._service_policy,
            why="What Glue itself needs: its catalog, logs and its own buckets.",
        )

    def _pass_role(self) -> list[Resource]:
        p = self.parameters
        if self.passable_by_name:
            return []
        if not p.pass_role_to:
            why = (
                f"AWS's Glue policies only let users pass roles whose names begin with {PREFIX} (at the path / or "
                f"/service-role/). {p.role_path}{p.role_name} does not: name in pass_role_to the users, groups or "
                "roles that work with Glue, or choose a name with the prefix."
            )
            return [OpenQuestion(step="Glue 6", name=f"leave to pass role {p.role_name}", why=why)]
        return [self._pass_role_policy(arn) for arn in self._holders()]

    def _holders(self) -> list[str]:
        return [] if self.passable_by_name else self.parameters.pass_role_to

    def _pass_role_policy(self, holder_arn: str) -> InlinePolicy:
        p = self.parameters
        return InlinePolicy(
            step="Glue 6",
            holder=_holder(holder_arn),
            holder_name=holder_arn.rsplit("/", 1)[1],
            service="glue",
            name=f"onemata-pass-{p.role_name}",
            document=policies.pass_role(p.role_arn, "glue"),
            ours=False,
            why="The role's name lacks the prefix, so whoever works with Glue needs leave to pass it.",
        )


def _holder(arn: str) -> Holder:
    return "user" if ":user/" in arn else "group" if ":group/" in arn else "role"
