"""Which instance profile an EC2 instance has, and what that gives it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..plan import Call, Change, Field
from ..session import Aws
from ..wait import Transient, Wait
from .base import Look, Permission, Resource
from .instance_profiles import Association, instance_profile
from .instance_state import METADATA_OFF, InstanceState, associations_of, instance, lets_ssm_in
from .role_state import attached_policies
from .role_use import RoleUse

OnExisting = Literal["stop", "extend", "replace"]
TAKES_A_PROFILE = ("running", "stopped")
"""The states in which an instance takes a profile."""

# What EC2 says of a profile that it cannot see yet, minutes after IAM's own waiter passed.
_NEW_PROFILE = Transient(
    "InvalidParameterValue", "invalid iam instance profile", "EC2 does not yet see the new profile"
)
_NEW_ROLE = Transient("InvalidParameterValue", "no associated iam roles", "EC2 does not yet see the profile's role")


@dataclass(frozen=True)
class ProfileAssociation(Resource):
    """Our instance profile on an instance. An instance has at most one profile."""

    instance_id: str
    instance_profile: str
    profile_arn: str
    on_existing: OnExisting
    use: RoleUse
    needs_ssm: bool = False

    @staticmethod
    def permissions(
        instance_arns: tuple[str, ...], role_arn: str, any_role_arn: str, on_existing: OnExisting
    ) -> tuple[Permission, ...]:
        """What putting the profile on and off takes, and finding out what a profile that is there gives."""
        changing = ("ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile")
        replacing = ("ec2:ReplaceIamInstanceProfileAssociation",) if on_existing == "replace" else ()
        asking = () if on_existing == "extend" else (Permission(("iam:SimulatePrincipalPolicy",), (any_role_arn,)),)
        return (
            Permission(("ec2:DescribeInstances", "ec2:DescribeIamInstanceProfileAssociations")),
            Permission((*changing, *replacing), instance_arns),
            Permission(("iam:PassRole",), (role_arn,), "ec2"),
            *asking,
        )

    transient = (_NEW_PROFILE, _NEW_ROLE)

    @property
    def key(self) -> str:
        return f"instance profile of {self.instance_id}"

    def changes(self, look: Look) -> list[Change]:
        found = instance(look, self.instance_id)
        if found is None:
            why = "There is no such instance in this account and region. The engineer corrects instance_ids or region."
            return [self.change("blocked", why)]
        if found.profile_arn == self.profile_arn and not self._is_of_a_deleted_profile(look, found):
            return [self.change("nothing", "The instance has the profile.")]
        if found.state not in TAKES_A_PROFILE:
            why = f"The instance is {found.state}; only a running or stopped one accepts a profile."
            return [self.change("blocked", why)]
        if found.profile_arn == self.profile_arn:
            return self._again(found)
        if found.profile_arn:
            return self._existing(look, found)
        return [self._attachment()]

    def removal(self, look: Look) -> list[Change]:
        found = instance(look, self.instance_id)
        if found is None or found.profile_arn != self.profile_arn:
            return [self.change("nothing", "The instance does not have our profile.")]
        profile = instance_profile(look, self.instance_profile)
        if profile is not None and not profile.ours:
            return [self.change("keep", "The instance profile is the client's own.")]
        if profile is not None and profile.roles not in ((), (self.use.role_name,)):
            why = f"The profile holds another role ({', '.join(profile.roles)}), so it stays on the instance."
            return [self.change("keep", why)]
        stays = self.use.why_it_stays_on(look, self.instance_id)
        if stays:
            return [self.change("keep", stays)]
        why = (
            "The profile is ours."
            if profile
            else "The profile was deleted: what the instance still lists gives no access."
        )
        return [self._off(why, found, Field(name="profile", before=self.profile_arn))]

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the association is `associated`, or gone after its removal."""
        wanted = "gone" if change.kind == "detach" else "associated"
        wait.until(self.key, lambda: _state_of(associations_of(aws, self.instance_id), wanted), wanted)

    def unsettled(self, look: Look) -> str:
        found = instance(look, self.instance_id)
        return f"The association is {found.passing}." if found and found.passing else ""

    def fault(self, look: Look) -> str:
        found = instance(look, self.instance_id)
        return METADATA_OFF if found and found.metadata.http_endpoint == "disabled" else ""

    def _is_of_a_deleted_profile(self, look: Look, found: InstanceState) -> bool:
        """A profile that was deleted and made again has the same ARN and another id; the old one gives nothing.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html
        """
        profile = instance_profile(look, self.instance_profile)
        return profile is None or profile.id != found.profile_id

    def _again(self, found: InstanceState) -> list[Change]:
        why = "The instance is associated with a deleted profile of this name, which gives it no credentials."
        return [self._off(why, found, Field(name="profile id", before=found.profile_id)), self._attachment()]

    def _off(self, why: str, found: InstanceState, field: Field) -> Change:
        call = _ec2("disassociate_iam_instance_profile", AssociationId=found.association_id)
        return self.change("detach", why, call, fields=(field,))

    def _attachment(self) -> Change:
        why = "With the profile the instance gets the role's credentials from its metadata service."
        call = _ec2("associate_iam_instance_profile", InstanceId=self.instance_id, IamInstanceProfile=self._named())
        return self.change("attach", why, call, fields=(Field(name="profile", after=self.profile_arn),))

    def _existing(self, look: Look, found: InstanceState) -> list[Change]:
        fields = (Field(name="profile", before=found.profile_arn, after=self.profile_arn),)
        carries, reaches_ssm = self._carried(look, found.profile_arn)
        if self.on_existing == "replace" and self.needs_ssm and reaches_ssm:
            why = (
                f"Systems Manager reaches the instance through its present profile: {carries}. With ours instead, "
                "nothing could be written there. The client decides: on_existing_profile: extend, or configure: manual."
            )
            return [self.change("blocked", why, fields=fields)]
        if self.on_existing != "replace":
            why = (
                f"The instance has another profile; {carries}. The client decides by on_existing_profile: extend "
                "(adds our policy to that role) or replace (the instance loses that role)."
            )
            return [self.change("blocked", why, fields=fields)]
        if found.state == "running":
            why = f"Replaced in one step. What the instance loses: {carries}."
            return [self.change("update", why, self._replace(found.association_id), fields=fields)]
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
        why = f"AWS replaces it in one step on a running instance only; this one loses its profile first: {carries}."
        return [self._off(why, found, Field(name="profile", before=found.profile_arn)), self._attachment()]

    def _carried(self, look: Look, profile_arn: str) -> tuple[str, bool]:
        """What the present profile gives the instance, in words, and whether Systems Manager needs it."""
        found = instance_profile(look, profile_arn.rsplit("/", 1)[1])
        if found is None or not found.roles:
            return "it holds no role", False
        name = found.roles[0]
        policies = [arn.rsplit("/", 1)[1] for arn in attached_policies(look, name)]
        reaches_ssm = lets_ssm_in(look, name)
        ssm = "; Systems Manager reaches the instance by it" if reaches_ssm else ""
        return f"it holds the role {name} with {', '.join(policies) or 'no attached policies'}{ssm}", reaches_ssm

    def _replace(self, association_id: str) -> Call:
        return _ec2(
            "replace_iam_instance_profile_association",
            AssociationId=association_id,
            IamInstanceProfile=self._named(),
        )

    def _named(self) -> dict[str, str]:
        return {"Name": self.instance_profile}


def _ec2(operation: str, **arguments: Any) -> Call:
    return Call(service="ec2", operation=operation, arguments=arguments)


def _state_of(associations: list[Association], wanted: str) -> str:
    """The first state that is not the wanted one; `gone` without an association."""
    states = [each.state for each in associations] or ["gone"]
    return next((state for state in states if state != wanted), wanted)
