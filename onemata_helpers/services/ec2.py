"""EC2: a role that may assume Onemata's, handed to the client's instances by an instance profile."""

from __future__ import annotations

from collections.abc import Mapping

from .. import policies
from ..checks import Check
from ..hand_over import HandOver
from ..parameters import Ec2Parameters
from ..plan import Script
from ..resources.base import Look, Resource
from ..resources.instance_config import InstanceConfig
from ..resources.instance_profiles import InstanceProfile, instance_profile
from ..resources.instances import ProfileAssociation, instance, metadata_notes
from ..resources.open_question import OpenQuestion
from ..resources.policies import InlinePolicy
from ..resources.roles import Role, role
from ..wait import Wait
from .base import ASSUME_POLICY, SCOPED_POLICY, Service
from .on_instance import OnInstances


class Ec2(Service[Ec2Parameters]):
    """The guide's part on EC2."""

    title = "EC2"

    def resources(self, look: Look) -> list[Resource]:
        extended = self._extended_instances(look)
        ours = [each for each in self.parameters.instance_ids if each not in extended]
        found: list[Resource] = []
        if ours:
            found += [self._role(), *self._policies(self.parameters.role_name), self._profile()]
            found += [self._association(instance_id) for instance_id in ours]
        return found + self._extensions(look, extended) + [*self._on_instances.configs()]

    def kinds(self) -> tuple[type[Resource], ...]:
        config = (InstanceConfig,) if self.parameters.configure == "ssm" else ()
        return (Role, InlinePolicy, InstanceProfile, ProfileAssociation, *config)

    def permissions(self) -> set[str]:
        unused = {
            "stop": {"ec2:ReplaceIamInstanceProfileAssociation"},
            "extend": {"ec2:ReplaceIamInstanceProfileAssociation", "iam:SimulatePrincipalPolicy"},
            "replace": set[str](),
        }
        return super().permissions() - unused[self.parameters.on_existing_profile]

    def waiting_for(self) -> str:
        return "" if self.parameters.onemata_role_arn else "the role that Onemata provides (onemata_role_arn)"

    def notes(self, look: Look) -> tuple[str, ...]:
        through = "The instance reads S3 as Onemata's role, so its own role needs no S3 policy for that."
        metadata = [note for each in self.parameters.instance_ids for note in metadata_notes(look, each)]
        return (*super().notes(look), through, *metadata)

    def hand_over(self, look: Look) -> HandOver:
        p = self.parameters
        roles = self._reading_roles(look)
        return HandOver(
            account_id=p.account_id,
            region=p.region,
            roles=tuple(roles),
            for_onemata=(self.onemata_trust(roles, p.onemata_external_id),),
            for_client=self._on_instances.snippets(look),
        )

    def proofs(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        return self._on_instances.checks(look, wait, patient=patient)

    def scripts(self, look: Look) -> tuple[Script, ...]:
        return self._on_instances.scripts(look)

    def judge(self, pasted: Mapping[str, str]) -> list[Check]:
        return self._on_instances.judge(pasted)

    @property
    def _on_instances(self) -> OnInstances:
        return OnInstances(self.parameters)

    def _role(self) -> Resource:
        profiles = (self.parameters.instance_profile,)
        return self.role("EC2 3–11", (ASSUME_POLICY, SCOPED_POLICY), profiles)

    def _policies(self, role_name: str) -> list[Resource]:
        p = self.parameters
        why = "The instance may assume the role that Onemata provides, and no other."
        assume = policies.assume_role(p.onemata_role_arn)
        found: list[Resource] = [self.inline_policy("EC2 12–17", ASSUME_POLICY, assume, why, role_name=role_name)]
        return found + (self.s3_access("EC2 12–17") if role_name == p.role_name else [])

    def _profile(self) -> Resource:
        p = self.parameters
        return InstanceProfile(
            step="EC2 18",
            name=p.instance_profile,
            path=p.role_path,
            role_name=p.role_name,
            tags=p.tags,
            adopt=p.adopt_existing,
            instance_ids=tuple(p.instance_ids),
        )

    def _association(self, instance_id: str) -> Resource:
        p = self.parameters
        return ProfileAssociation(
            step="EC2 18",
            instance_id=instance_id,
            profile_name=p.instance_profile,
            profile_arn=p.arn("instance-profile", p.instance_profile),
            on_existing=p.on_existing_profile,
            needs_ssm=p.configure == "ssm",
        )

    def _extended_instances(self, look: Look) -> dict[str, str]:
        """The instances whose present profile stays (on_existing_profile: extend), each with that profile's name."""
        p = self.parameters
        if p.on_existing_profile != "extend":
            return {}
        ours = ("", p.arn("instance-profile", p.instance_profile))
        states = {each: instance(look, each) for each in p.instance_ids}
        return {
            each: state["profile_arn"].rsplit("/", 1)[1]
            for each, state in states.items()
            if state and state["profile_arn"] not in ours
        }

    def _extensions(self, look: Look, extended: dict[str, str]) -> list[Resource]:
        found: dict[str, Resource] = {}
        for instance_id, profile_name in extended.items():
            role_name = self._role_in(look, profile_name)
            if role_name:
                found |= {each.key: each for each in self._policies(role_name)}
            else:
                why = f"The instance profile {profile_name} holds no role, so there is none to extend."
                found[instance_id] = OpenQuestion(step="EC2 18", name=f"instance profile of {instance_id}", why=why)
        return list(found.values())

    def _role_in(self, look: Look, profile_name: str) -> str:
        profile = instance_profile(look, profile_name)
        return profile["roles"][0] if profile and profile["roles"] else ""

    def _reading_roles(self, look: Look) -> list[str]:
        """The ARNs of the roles that the instances have, ours or those that were extended."""
        extended = self._extended_instances(look)
        p = self.parameters
        arns = [p.role_arn] if len(extended) < len(p.instance_ids) else []
        for profile_name in extended.values():
            name = self._role_in(look, profile_name)
            state = role(look, name) if name else None
            arns += [state["arn"]] if state else []
        return list(dict.fromkeys(arns))
