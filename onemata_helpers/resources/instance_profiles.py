"""Instance profiles: what hands a role to an EC2 instance.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..answers import Answer, Arn, Plain
from ..frozen import Frozen
from ..plan import Call, Change, Field
from ..session import Aws
from .base import NOT_YET_IN_IAM, OWNER_TAG, STILL_ON_IT, Look, Permission, Resource, iam
from .role_state import Tag, as_tags, same_thing, tags_of
from .role_use import RoleUse


class ProfileState(Frozen):
    """An instance profile as IAM shows it; `roles` are names."""

    arn: str
    id: str
    path: str
    roles: tuple[str, ...]
    tags: dict[str, str]

    @property
    def ours(self) -> bool:
        """Whether a runbook made it."""
        return self.tags.get(OWNER_TAG) == "ec2"


def instance_profile(look: Look, name: str) -> ProfileState | None:
    """The instance profile of this name; None if there is none."""
    return look.once(f"instance profile {name}", lambda aws: _read_profile(aws, name))


def instances_with(look: Look, profile_arn: str) -> list[str]:
    """The instances of the region that have an instance profile."""
    return look.once(f"instances with {profile_arn}", lambda aws: _read_instances_with(aws, profile_arn))


@dataclass(frozen=True)
class InstanceProfile(Resource):
    """An instance profile that holds our role, for these instances. A profile can hold one role only."""

    name: str
    path: str
    use: RoleUse
    tags: dict[str, str] = field(default_factory=dict)
    adopt: bool = False
    instance_ids: tuple[str, ...] = ()

    transient = (NOT_YET_IN_IAM, STILL_ON_IT)

    @staticmethod
    def permissions(profile_arn: str, role_arn: str) -> tuple[Permission, ...]:
        """What making, filling and removing it takes."""
        verbs = (
            "GetInstanceProfile",
            "CreateInstanceProfile",
            "TagInstanceProfile",
            "AddRoleToInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            "DeleteInstanceProfile",
        )
        made = Permission(tuple(f"iam:{verb}" for verb in verbs), (profile_arn,))
        return (made, Permission(("iam:PassRole",), (role_arn,), "ec2"))

    @property
    def key(self) -> str:
        return f"instance profile {self.name}"

    @property
    def _role_name(self) -> str:
        return self.use.role_name

    def changes(self, look: Look) -> list[Change]:
        found = instance_profile(look, self.name)
        if found is None:
            return [self._creation(), self._role_added(None)]
        if not found.ours and not self.adopt:
            why = (
                "An instance profile of this name exists already, and no runbook made it. The client "
                "decides: another instance_profile_name, or adopt_existing: true, which removes nothing."
            )
            return [self.change("blocked", why, fields=(Field(name=f"tag {OWNER_TAG}", after="ec2"),))]
        if found.path != self.path:
            why = f"It is at the path {found.path}, which cannot be changed. Choose another instance_profile_name."
            return [self.change("blocked", why, fields=(Field(name="path", before=found.path, after=self.path),))]
        if found.roles == (self._role_name,):
            return [self.change("nothing", "It holds the role.")]
        return [self._role_added(None)] if not found.roles else [self._holds_another(found.roles)]

    def removal(self, look: Look) -> list[Change]:
        found = instance_profile(look, self.name)
        if found is None:
            return [self.change("nothing", "There is no instance profile of this name.")]
        stays = self._why_it_stays(look, found)
        if stays:
            return [self.change("keep", stays)]
        if not found.ours:
            return [self._out_of_the_clients(look, found)]
        if found.roles not in ((), (self._role_name,)):
            return [self.change("keep", f"It holds another role ({', '.join(found.roles)}): somebody else uses it.")]
        calls = [self._call("remove_role_from_instance_profile", RoleName=name) for name in found.roles]
        calls.append(self._call("delete_instance_profile"))
        why = "A runbook made it (our tag)."
        return [self.change("delete", why, *calls, fields=(Field(name="instance profile", before=found.arn),))]

    def _why_it_stays(self, look: Look, found: ProfileState) -> str:
        """Why others need it; empty if nobody does."""
        elsewhere = [each for each in instances_with(look, found.arn) if each not in self.instance_ids]
        if elsewhere:
            return f"It is also on {', '.join(elsewhere)}, which needs it."
        return next(filter(None, (self.use.why_it_stays_on(look, each) for each in self.instance_ids)), "")

    def _out_of_the_clients(self, look: Look, found: ProfileState) -> Change:
        """A profile of the client's stays; a role of ours in it would keep the role from being deleted."""
        if found.roles != (self._role_name,) or not self.use.ours(look):
            return self.change("keep", f"It lacks our tag {OWNER_TAG} = ec2: it is the client's.")
        if not self.adopt:
            why = (
                "This profile of the client's own holds our role, and only with adopt_existing would a runbook have "
                "put it there. The client's admin takes it out, or the engineer sets adopt_existing: true."
            )
            return self.change("blocked", why)
        call = self._call("remove_role_from_instance_profile", RoleName=self._role_name)
        why = "The profile is the client's own and stays; our role is removed from it (adopt_existing)."
        return self.change("detach", why, call, fields=(Field(name="role in the profile", before=self._role_name),))

    def _creation(self) -> Change:
        tags = self.tags | {OWNER_TAG: "ec2"}
        call = self._call("create_instance_profile", Path=self.path, Tags=as_tags(tags))
        fields = (Field(name="path", after=self.path), Field(name="tags", after=tags))
        return self.change("create", "An EC2 instance gets its role through an instance profile.", call, fields=fields)

    def _role_added(self, before: str | None) -> Change:
        call = self._call("add_role_to_instance_profile", RoleName=self._role_name)
        fields = (Field(name="role in the profile", before=before, after=self._role_name),)
        return self.change("add", "The profile passes this role to the instance.", call, fields=fields)

    def _holds_another(self, roles: tuple[str, ...]) -> Change:
        why = "It holds another role, and a profile can hold only one. The client's admin decides which one."
        fields = (Field(name="role in the profile", before=list(roles), after=[self._role_name]),)
        return self.change("blocked", why, fields=fields)

    def _call(self, operation: str, **arguments: Any) -> Call:
        return iam(operation, InstanceProfileName=self.name, **arguments)


class _RoleInProfile(Answer):
    role_name: Plain


class _Profile(Answer):
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html
    instance_profile_name: Plain
    instance_profile_id: Plain
    arn: Arn
    path: Plain
    roles: list[_RoleInProfile]
    tags: list[Tag] | None = None


class _ProfileAnswer(Answer):
    instance_profile: _Profile


class AssociatedProfile(Answer):
    """The profile of an association. EC2 may leave it out while it goes."""

    arn: Arn
    id: Plain


class Association(Answer):
    """A profile on an instance, as EC2 shows it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IamInstanceProfileAssociation.html
    """

    association_id: Plain
    instance_id: Plain
    iam_instance_profile: AssociatedProfile
    state: Plain

    @property
    def holds(self) -> bool:
        """Whether the instance has the profile, or is about to."""
        return self.state in ("associating", "associated")


class Associations(Answer):
    """EC2's answer to DescribeIamInstanceProfileAssociations."""

    iam_instance_profile_associations: list[Association]


def _read_profile(aws: Aws, name: str) -> ProfileState | None:
    try:
        found = aws.ask("iam", "get_instance_profile", _ProfileAnswer, InstanceProfileName=name).instance_profile
    except aws.client("iam").exceptions.NoSuchEntityException:
        return None
    same_thing("iam:GetInstanceProfile", found.instance_profile_name, name)
    return ProfileState(
        arn=found.arn,
        id=found.instance_profile_id,
        path=found.path,
        roles=tuple(each.role_name for each in found.roles),
        tags=tags_of(found.tags),
    )


def _read_instances_with(aws: Aws, profile_arn: str) -> list[str]:
    pages = aws.pages("ec2", "describe_iam_instance_profile_associations", Associations)
    found = [each for page in pages for each in page.iam_instance_profile_associations]
    return sorted(each.instance_id for each in found if each.holds and each.iam_instance_profile.arn == profile_arn)
