"""EC2: a role that may assume Onemata's, handed to the client's instances by an instance profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from .. import policies
from ..checks import Check
from ..hand_over import HandOver
from ..parameters import Ec2Parameters
from ..permitted import Readiness
from ..plan import Script
from ..resources import choices
from ..resources.base import Look, Permission, Resource
from ..resources.delivery import Delivery
from ..resources.inline_policies import SharedPolicy
from ..resources.instance_config import InstanceConfig
from ..resources.instance_profiles import InstanceProfile, instance_profile, instances_with
from ..resources.instance_state import instance, metadata_notes
from ..resources.instances import TAKES_A_PROFILE, ProfileAssociation
from ..resources.open_question import OpenQuestion
from ..resources.role_state import role
from ..resources.run_command import DOCUMENT, managed_platform
from ..wait import Wait
from .base import ASSUME_POLICY, SCOPED_POLICY, Choices, Service
from .on_instance import OnInstances

_WHY_ASSUME = "The instance may assume the role that Onemata provides, and no other."


class Ec2(Service[Ec2Parameters]):
    """The guide's part on EC2."""

    title = "EC2"
    apis = ("iam", "ec2", "ssm")

    def resources(self, look: Look) -> list[Resource]:
        extended = self._extended_instances(look)
        ours = [each for each in self.parameters.instance_ids if each not in extended]
        found = [*self._our_role(), *(self._association(each) for each in ours)] if ours else []
        return [*found, *self._extensions(look, extended), *self._on_instances.configs()]

    def removals(self, look: Look) -> list[Resource]:
        """Ours, and what an earlier run may have added to the roles that the instances have now."""
        ids = self.parameters.instance_ids
        extensions = self._extensions(look, self._other_profiles(look))
        found = [each for each in extensions if isinstance(each, SharedPolicy)]
        return [*self._our_role(), *map(self._association, ids), *found, *self._on_instances.configs()]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.parameters.instance_ids)

    def having(self, look: Look) -> list[str]:
        return instances_with(look, self.parameters.arn("instance-profile", self.parameters.instance_profile))

    @property
    def delivery(self) -> Delivery:
        return Delivery("ec2", self.parameters.location, self.parameters.onemata_role_arn)

    def permissions(self) -> list[Permission]:
        p = self.parameters
        instances = tuple(f"arn:{p.partition}:ec2:{p.region}:{p.account_id}:instance/{each}" for each in p.instance_ids)
        profile = p.arn("instance-profile", p.instance_profile)
        # What the instances have already has any name.
        anywhere = f"arn:{p.partition}:iam::{p.account_id}"
        any_role, any_profile = f"{anywhere}:role/*", f"{anywhere}:instance-profile/*"
        reads = (
            Permission(("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:GetRolePolicy"), (any_role,)),
            Permission(("iam:GetInstanceProfile",), (any_profile,)),
        )
        extending = SharedPolicy.permissions("role", any_role) if p.on_existing_profile == "extend" else ()
        return [
            *self.role_permissions(),
            *InstanceProfile.permissions(profile, p.role_arn),
            *ProfileAssociation.permissions(instances, p.role_arn, any_role, p.on_existing_profile),
            *reads,
            *extending,
            *(self._config_permissions(instances) if p.configure == "ssm" else ()),
        ]

    def _config_permissions(self, instance_arns: tuple[str, ...]) -> tuple[Permission, ...]:
        p = self.parameters
        return InstanceConfig.permissions(instance_arns, f"arn:{p.partition}:ssm:{p.region}::document/{DOCUMENT}")

    def choices(self, look: Look) -> dict[str, Choices]:
        return {"instance_ids": choices.instances(look)}

    def readiness(self, look: Look) -> tuple[Readiness, ...]:
        return tuple(self._readiness(look, each) for each in self.parameters.instance_ids)

    def _readiness(self, look: Look, instance_id: str) -> Readiness:
        """Whether it takes a profile, and, where a script is to run on it, whether Systems Manager reaches it."""
        found = instance(look, instance_id)
        state, ready = (found.state, found.state in TAKES_A_PROFILE) if found else ("not there", False)
        if found and self.parameters.configure == "ssm":
            reached = managed_platform(look, instance_id) is not None
            state += f"; Systems Manager {'reaches' if reached else 'does not reach'} it"
            ready = ready and reached
        return Readiness(about=f"instance {instance_id}", state=state, ready=ready)

    def waiting_for(self) -> str:
        return "" if self.parameters.onemata_role_arn else "its role (onemata_role_arn)"

    def notes(self, look: Look) -> tuple[str, ...]:
        through = "The instance reads S3 as Onemata's role, so its own role needs no S3 policy for that."
        metadata = [note for each in self.parameters.instance_ids for note in metadata_notes(look, each)]
        return (*super().notes(look), through, *metadata)

    def removal_notes(self) -> tuple[str, ...]:
        earlier = (
            "A role that an instance had earlier cannot be seen any more. If one was extended "
            "(on_existing_profile: extend), the client's admin looks for the inline policy "
            f"{self.delivery.policy_name(ASSUME_POLICY)} on it."
        )
        return (*super().removal_notes(), earlier)

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

    def prove(self, look: Look, wait: Wait, *, patient: bool) -> Iterator[Check]:
        return self._on_instances.checks(look, wait, patient=patient)

    def proven_by_scripts(self) -> tuple[str, ...]:
        return tuple(name for proof in self._on_instances.proofs() for name in proof.names)

    def scripts(self, look: Look) -> tuple[Script, ...]:
        return self._on_instances.scripts(look)

    def judge(self, pasted: Mapping[str, str]) -> list[Check]:
        return self._on_instances.judge(pasted)

    @property
    def _on_instances(self) -> OnInstances:
        return OnInstances(self.parameters)

    def _our_role(self) -> list[Resource]:
        """The role with its policies, and the profile that hands it to instances."""
        p = self.parameters
        profile = InstanceProfile(
            step="EC2 18",
            name=p.instance_profile,
            path=p.role_path,
            use=self.use,
            tags=p.tags,
            adopt=p.adopt_existing,
            instance_ids=tuple(p.instance_ids),
        )
        assume = policies.assume_role(p.onemata_role_arn)
        return [
            self.role("EC2 3–11", (), (ASSUME_POLICY, SCOPED_POLICY), (p.instance_profile,)),
            self.inline_policy("EC2 12–17", ASSUME_POLICY, assume, _WHY_ASSUME),
            *self.s3_access("EC2 12–17"),
            profile,
        ]

    def _association(self, instance_id: str) -> Resource:
        p = self.parameters
        return ProfileAssociation(
            step="EC2 18",
            instance_id=instance_id,
            instance_profile=p.instance_profile,
            profile_arn=p.arn("instance-profile", p.instance_profile),
            on_existing=p.on_existing_profile,
            use=self.use,
            needs_ssm=p.configure == "ssm",
        )

    def _extended_instances(self, look: Look) -> dict[str, str]:
        """The instances whose present profile stays (on_existing_profile: extend), each with that profile's name."""
        return self._other_profiles(look) if self.parameters.on_existing_profile == "extend" else {}

    def _other_profiles(self, look: Look) -> dict[str, str]:
        """The instances that have another profile than ours, each with that profile's name."""
        p = self.parameters
        ours = ("", p.arn("instance-profile", p.instance_profile))
        look.ahead(partial(instance, instance_id=each) for each in p.instance_ids)
        states = {each: instance(look, each) for each in p.instance_ids}
        return {
            each: state.profile_arn.rsplit("/", 1)[1]
            for each, state in states.items()
            if state and state.profile_arn not in ours
        }

    def _extensions(self, look: Look, extended: dict[str, str]) -> list[Resource]:
        """Our policy on each role that these instances have, for those of them that have it."""
        found: list[Resource] = []
        by_role: dict[str, list[str]] = {}
        for instance_id, profile_name in extended.items():
            role_name = self._role_in(look, profile_name)
            if role_name:
                by_role.setdefault(role_name, []).append(instance_id)
            else:
                why = f"The instance profile {profile_name} holds no role, so there is none to extend."
                found.append(OpenQuestion(step="EC2 18", name=f"instance profile of {instance_id}", why=why))
        return [*(self._extension(name, ids) for name, ids in by_role.items()), *found]

    def _extension(self, role_name: str, instance_ids: list[str]) -> SharedPolicy:
        p = self.parameters
        return SharedPolicy(
            step="EC2 12–17",
            holder="role",
            holder_name=role_name,
            name=self.delivery.policy_name(ASSUME_POLICY),
            document=policies.assume_role(p.onemata_role_arn),
            marks=tuple(instance_ids),
            why=_WHY_ASSUME,
            boundary=p.permissions_boundary_arn,
        )

    def _role_in(self, look: Look, profile_name: str) -> str:
        profile = instance_profile(look, profile_name)
        return profile.roles[0] if profile and profile.roles else ""

    def _reading_roles(self, look: Look) -> list[str]:
        """The ARNs of the roles that the instances have, ours or those that were extended."""
        extended = self._extended_instances(look)
        p = self.parameters
        arns = [p.role_arn] if len(extended) < len(p.instance_ids) else []
        for profile_name in extended.values():
            name = self._role_in(look, profile_name)
            state = role(look, name) if name else None
            arns += [state.arn] if state else []
        return list(dict.fromkeys(arns))
