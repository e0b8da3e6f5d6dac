"""EC2: a role that may assume Onemata's, handed to the client's instances by an instance profile."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from .. import policies
from ..checks import Check
from ..errors import RunFailed
from ..hand_over import HandOver, Snippet
from ..instance.profile_section import ProfileSection
from ..instance.scripts import identity_arguments, listing_arguments, manual_block
from ..parameters import Ec2Parameters
from ..resources.base import Look, Resource
from ..resources.instance_config import InstanceConfig
from ..resources.instance_profiles import InstanceProfile, instance_profile
from ..resources.instances import ProfileAssociation, instance, metadata_notes
from ..resources.open_question import OpenQuestion
from ..resources.policies import InlinePolicy
from ..resources.roles import Role, role
from ..wait import Wait
from .base import ASSUME_POLICY, SCOPED_POLICY, Service
from .instance_proof import InstanceProof


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
        return found + self._extensions(look, extended) + self._configs()

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
            for_client=self._on_the_instance(look),
        )

    def proofs(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        p = self.parameters
        checks: list[Check] = []
        for proof in self._proofs():
            if p.configure == "ssm":
                checks += proof.by_command(look, wait, patient=patient)
            else:
                commands = "\n".join(self._commands())
                checks += proof.unseen(f"On the instance, as {p.instance_user}:\n{commands}")
        return checks

    def judge(self, pasted: Mapping[str, str]) -> list[Check]:
        if self.parameters.configure != "manual":
            raise RunFailed(
                "What is pasted counts with configure: manual only, so that it never stands in for a proof."
            )
        if not self.parameters.onemata_role_arn:
            raise RunFailed("Onemata has not yet named its role (onemata_role_arn), so there is nothing to judge.")
        proofs = {proof.instance_id: proof for proof in self._proofs()}
        unknown = sorted(pasted.keys() - proofs)
        if unknown:
            raise RunFailed(f"{', '.join(unknown)}: not among instance_ids. The engineer corrects the id in the cell.")
        return [check for instance_id, text in pasted.items() for check in proofs[instance_id].by_paste(text)]

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

    def _configs(self) -> list[Resource]:
        """The profile on each instance, when Systems Manager is to write it and Onemata has given its role."""
        p = self.parameters
        if p.configure != "ssm" or not p.onemata_role_arn:
            return []
        step = "EC2, on the instance 1–6"
        return [InstanceConfig(step, each, p.instance_user, self.section) for each in p.instance_ids]

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

    def _on_the_instance(self, look: Look) -> tuple[Snippet, ...]:
        p = self.parameters
        if not p.onemata_role_arn:
            return ()
        section = Snippet(title="Section for ~/.aws/config on the instance", text=self.section.render())
        proof = Snippet(title="Proof, on the instance", text="\n".join(self._commands()))
        return (section, proof, *(self._blocks(look) if p.configure == "manual" else ()))

    def _blocks(self, look: Look) -> tuple[Snippet, ...]:
        """The block to paste on the instance, for each platform among the instances."""
        p = self.parameters
        states = [instance(look, each) for each in p.instance_ids]
        platforms = sorted({state["platform"] for state in states if state})
        shells = {"linux": "a shell", "windows": "PowerShell"}
        return tuple(
            Snippet(
                title=f"Or all at once: paste this into {shells[platform]} on the instance, as {p.instance_user}",
                text=manual_block(platform, self.section, p.bucket, p.prefix),
            )
            for platform in platforms
        )

    def _proofs(self) -> list[InstanceProof]:
        return [InstanceProof(each, self.parameters, self.section) for each in self.parameters.instance_ids]

    def _commands(self) -> list[str]:
        """The guide's two commands."""
        p = self.parameters
        name = self.section.name
        return [shlex.join(identity_arguments(name)), shlex.join(listing_arguments(name, p.bucket, p.prefix))]

    @property
    def section(self) -> ProfileSection:
        """The profile for `~/.aws/config`."""
        p = self.parameters
        return ProfileSection(p.config_profile, p.onemata_role_arn, p.onemata_external_id, p.region)
