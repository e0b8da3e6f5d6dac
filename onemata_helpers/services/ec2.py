"""EC2: a role that may assume Onemata's, handed to the client's instances by an instance profile."""

from __future__ import annotations

from .. import policies
from ..parameters import Ec2Parameters
from ..resources.base import Look, Resource
from ..resources.grants import InlinePolicy
from ..resources.instances import InstanceProfile, ProfileAssociation, instance, instance_profile
from ..resources.roles import Role, role
from ..resources.undecided import Undecided
from .base import ASSUME_POLICY, SCOPED_POLICY, Check, HandOver, Service, Snippet


class Ec2(Service[Ec2Parameters]):
    """The guide's part on EC2."""

    title = "EC2"
    guide = "Configuring AWS IAM Instance Profile's for EC2"

    def resources(self, look: Look) -> list[Resource]:
        extended = self._extended_instances(look)
        ours = [each for each in self.parameters.instance_ids if each not in extended]
        found: list[Resource] = []
        if ours:
            found += [self._role(), *self._policies(self.parameters.role_name), self._profile()]
            found += [self._association(instance_id) for instance_id in ours]
        return found + self._extensions(look, extended)

    def kinds(self) -> tuple[type[Resource], ...]:
        return (Role, InlinePolicy, InstanceProfile, ProfileAssociation)

    def waiting_for(self) -> str:
        return "" if self.parameters.onemata_role_arn else "the role that Onemata provides (onemata_role_arn)"

    def notes(self) -> tuple[str, ...]:
        through = "The instance reads S3 as Onemata's role, so its own role needs no S3 policy for that."
        return (*super().notes(), through)

    def hand_over(self, look: Look) -> HandOver:
        p = self.parameters
        roles = self._reading_roles(look)
        return HandOver(
            account_id=p.account_id,
            region=p.region,
            roles=tuple(roles),
            for_onemata=(Snippet(title="Trust policy of Onemata's role", text=self._onemata_trust(roles)),),
            for_client=self._on_the_instance(),
        )

    def open_checks(self) -> list[Check]:
        p = self.parameters
        how = f"On the instance: aws sts get-caller-identity --profile {p.config_profile}"
        listing = f"On the instance: aws s3 ls {self.location} --profile {p.config_profile}"
        checks = []
        for instance_id in p.instance_ids:
            names = (f"{instance_id} assumes Onemata's role", f"{instance_id} lists Onemata's bucket")
            for name, evidence in zip(names, (how, listing), strict=True):
                checks.append(Check(name=name, result="not provable from here", evidence=evidence))
        return checks

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
        )

    def _association(self, instance_id: str) -> Resource:
        p = self.parameters
        return ProfileAssociation(
            step="EC2 18",
            instance_id=instance_id,
            profile_name=p.instance_profile,
            profile_arn=p.arn("instance-profile", p.instance_profile),
            on_existing=p.on_existing_profile,
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
                found[instance_id] = Undecided(step="EC2 18", name=f"instance profile of {instance_id}", why=why)
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

    def _onemata_trust(self, roles: list[str]) -> str:
        p = self.parameters
        who = policies.grant_to(roles, p.account_id, p.partition)
        external = {"StringEquals": {"sts:ExternalId": p.onemata_external_id}} if p.onemata_external_id else {}
        statement = {"Effect": "Allow", "Principal": who["Principal"], "Action": "sts:AssumeRole"}
        return policies.pretty(statement | {"Condition": who["Condition"] | external})

    def _on_the_instance(self) -> tuple[Snippet, ...]:
        p = self.parameters
        if not p.onemata_role_arn:
            return ()
        proof = (
            f"aws sts get-caller-identity --profile {p.config_profile}\n"
            f"aws s3 ls {self.location} --profile {p.config_profile}"
        )
        return (
            Snippet(title="Section for ~/.aws/config on the instance", text=self.config_section),
            Snippet(title="Proof, on the instance", text=proof),
        )

    @property
    def config_section(self) -> str:
        """The profile as the AWS CLI reads it; the value of credential_source is case-sensitive.

        https://docs.aws.amazon.com/cli/latest/topic/config-vars.html
        """
        p = self.parameters
        name = f'"{p.config_profile}"' if " " in p.config_profile else p.config_profile
        lines = [
            f"[profile {name}]",
            f"role_arn = {p.onemata_role_arn}",
            "credential_source = Ec2InstanceMetadata",
        ]
        if p.onemata_external_id:
            lines.append(f"external_id = {p.onemata_external_id}")
        return "\n".join([*lines, f"region = {p.region}"]) + "\n"
