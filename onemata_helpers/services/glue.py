"""Glue and Athena: a service role with the right name, or permission to pass one with another name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from .. import policies
from ..checks import Check
from ..hand_over import HandOver, Snippet
from ..parameters import GlueParameters
from ..plan import Proof
from ..resources.attached_policies import AttachedPolicy
from ..resources.base import Look, Permission, Resource
from ..resources.delivery import TAG_PREFIX
from ..resources.inline_policies import Holder, InlinePolicy, SharedPolicy
from ..resources.open_question import OpenQuestion
from ..resources.probe_crawler import ProbeCrawler
from ..resources.proof_remains import ProofRemains, forget_remains
from ..resources.role_state import role
from ..resources.roles import Role
from ..wait import Wait
from .athena import Athena
from .base import DECRYPT_POLICY, SCOPED_POLICY, Service
from .glue_proof import GlueProof

PREFIX = "AWSGlueServiceRole"
# AWSGlueConsoleFullAccess lets its holder pass only role/AWSGlueServiceRole* and role/service-role/AWSGlueServiceRole*.
# https://docs.aws.amazon.com/glue/latest/dg/create-service-policy.html
_PASSABLE_PATHS = ("/", "/service-role/")
_SERVICE_POLICY = "service-role/AWSGlueServiceRole"
_MAY_PASS = f"{TAG_PREFIX}may-pass:"
_HOLDER = re.compile(r"(user|group|role)/[A-Za-z0-9_+=.@-]{1,128}")


class Glue(Service[GlueParameters]):
    """The guide's part on Glue and Athena."""

    title = "Glue"
    apis = ("iam", "athena", "glue", "logs")

    def resources(self, look: Look) -> list[Resource]:
        p = self.parameters
        managed = (_SERVICE_POLICY, p.managed_s3_policy)
        return [
            *self._proof_remains,
            self.role("Glue 3–4, 6", managed, (SCOPED_POLICY, DECRYPT_POLICY), marks=self._may_pass()),
            self._glue_policy(),
            *self.s3_access("Glue 5"),
            *self._pass_role(),
        ]

    def removals(self, look: Look) -> list[Resource]:
        """With the policies of all whom any earlier run let pass the role, as the role's tags remember them."""
        found = role(look, self.parameters.role_name)
        remembered = [words for key, words in (found.tags if found else {}).items() if key.startswith(_MAY_PASS)]
        named = [_holder(arn) for arn in self.parameters.pass_role_to]
        holders = dict.fromkeys([*named, *(_remembered(each) for each in remembered if _HOLDER.fullmatch(each))])
        made = [each for each in self.resources(look) if isinstance(each, Role | AttachedPolicy | InlinePolicy)]
        remains = [*self._proof_remains, *self._athena.removals()]
        return [*made, *(self._pass_role_policy(*holder) for holder in holders), *remains]

    def permissions(self) -> list[Permission]:
        passing = [each for arn in self._passers() for each in SharedPolicy.permissions(_holder(arn)[0], arn)]
        return [*self.role_permissions(), *passing, *self._proof_permissions(), *self._athena.permissions()]

    def hand_over(self, look: Look) -> HandOver:
        p = self.parameters
        readers = [p.role_arn, *p.athena_principals]
        return HandOver(
            account_id=p.account_id,
            region=p.region,
            roles=(p.role_arn,),
            principals=tuple(p.athena_principals),
            for_onemata=self.bucket_statements(readers),
            from_onemata=(self.probe_object,),
            for_client=(Snippet(title="Path for a Glue crawler", text=p.location.uri),),
        )

    def notes(self, look: Look) -> tuple[str, ...]:
        notes = [*super().notes(look), *self._about_costs()]
        if self.parameters.athena_principals:
            return (*notes, *self._athena.notes(look))
        athena = (
            "Athena reads with the permissions of whoever queries, not with the Glue role. If the client uses Athena, "
            "name those users and roles in athena_principals, so that Onemata can give them access."
        )
        return (*notes, athena)

    def proofs(self, look: Look) -> tuple[Proof, ...]:
        glue = self._proof.proofs() if self._proves else ()
        return (*glue, *self._athena.proofs(look))

    def prove(self, look: Look, wait: Wait, *, patient: bool) -> Iterator[Check]:
        if self._proves:
            yield from self._proof.checks(look.aws, wait, patient=patient)
            forget_remains(look, self._probe_crawler)
        else:
            why = self._about_costs() or ("prove is `none`, so it was not tried.",)
            yield self._proof.not_made(why[0])
        yield from self._athena.checks(look, wait)

    @property
    def _athena(self) -> Athena:
        return Athena(self.parameters, self.delivery.id)

    @property
    def _proves(self) -> bool:
        p = self.parameters
        return p.prove == "crawler" or (p.prove == "crawl" and p.confirm_proof_costs)

    def _about_costs(self) -> tuple[str, ...]:
        if self._proves or self.parameters.prove == "none":
            return ()
        return ("prove is `crawl`, which costs money, and confirm_proof_costs is not true: no crawler is made or run.",)

    @property
    def _proof(self) -> GlueProof:
        p = self.parameters
        return GlueProof(
            probe=p.probe,
            crawler=self._probe_crawler,
            crawls=p.prove == "crawl",
            scoped=p.s3_access == "scoped",
            kms_key_arn=p.kms_key_arn,
            negative_checks=p.negative_checks,
        )

    @property
    def _probe_crawler(self) -> ProbeCrawler:
        p = self.parameters
        return ProbeCrawler(self.delivery.id, p.role_arn, p.partition, p.region, p.account_id, p.tags)

    @property
    def _proof_remains(self) -> list[Resource]:
        """What an earlier proof left behind, if it was cut off. With `prove: none` Glue is not called at all."""
        return [] if self.parameters.prove == "none" else [ProofRemains(step="Proof", probe=self._probe_crawler)]

    def _proof_permissions(self) -> list[Permission]:
        p = self.parameters
        if p.prove == "none":
            return []
        found = self._probe_crawler.permissions(to_run=p.prove == "crawl")
        simulating = Permission(("iam:SimulatePrincipalPolicy",), (p.role_arn,))
        return [*found, simulating] if self._proof.simulates else found

    @property
    def passable_by_name(self) -> bool:
        """Whether AWS's own Glue policies let console users pass the role."""
        p = self.parameters
        return p.role_name.startswith(PREFIX) and p.role_path in _PASSABLE_PATHS

    def _glue_policy(self) -> Resource:
        return AttachedPolicy(
            step="Glue 5",
            use=self.use,
            policy_arn=self.managed_policy(_SERVICE_POLICY),
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
            return [OpenQuestion(step="Glue 6", name=f"permission to pass role {p.role_name}", why=why)]
        return [self._pass_role_policy(*_holder(arn)) for arn in self._passers()]

    def _passers(self) -> list[str]:
        return [] if self.passable_by_name else self.parameters.pass_role_to

    def _may_pass(self) -> dict[str, str]:
        """Tags on our role that say who was let pass it, so that a removal finds them all."""
        holders = ("/".join(_holder(arn)) for arn in self._passers())
        return {_MAY_PASS + hashlib.sha256(each.encode()).hexdigest()[:8]: each for each in holders}

    def _pass_role_policy(self, holder: Holder, name: str) -> SharedPolicy:
        p = self.parameters
        return SharedPolicy(
            step="Glue 6",
            holder=holder,
            holder_name=name,
            name=f"onemata-pass-{p.role_name}",
            document=policies.pass_role(p.role_arn, "glue"),
            marks=(self.delivery.id,),
            why="The role's name lacks the prefix, so whoever works with Glue needs permission to pass it.",
            boundary=p.permissions_boundary_arn,
        )


def _holder(arn: str) -> tuple[Holder, str]:
    """Kind and name of a user, group or role, by its ARN."""
    return _remembered(f"{arn.split(':')[5].split('/')[0]}/{arn.rsplit('/', 1)[1]}")


def _remembered(words: str) -> tuple[Holder, str]:
    kind, name = words.split("/")
    holder: Holder = "user" if kind == "user" else "group" if kind == "group" else "role"
    return holder, name
