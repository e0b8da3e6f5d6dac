"""Instance profiles: what hands a role to an EC2 instance.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..plan import Call, Change, Field
from ..session import Aws
from .base import NOT_YET_IN_IAM, OWNER_TAG, STILL_ON_IT, Look, Resource
from .roles import as_tags, owned_by, role

ProfileState = dict[str, Any]
"""`arn`, `id`, `path`, `roles` (names), `tags`."""


def instance_profile(look: Look, name: str) -> ProfileState | None:
    """The instance profile of this name; None if there is none."""
    return look.once(f"instance profile {name}", lambda aws: _read_profile(aws, name))


def instances_with(look: Look, profile_arn: str) -> list[str]:
    """The instances of the region that have an instance profile."""
    return look.once(f"instances with {profile_arn}", lambda aws: _read_instances_with(aws, profile_arn))


@dataclass(frozen=True)
class InstanceProfile(Resource):
    """An instance profile that holds our role. A profile can hold one role only."""

    name: str
    path: str
    role_name: str
    tags: dict[str, str] = field(default_factory=dict)
    adopt: bool = False
    instance_ids: tuple[str, ...] = ()

    permissions = (
        "iam:GetInstanceProfile",
        "iam:CreateInstanceProfile",
        "iam:TagInstanceProfile",
        "iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:PassRole",
    )
    transient = (NOT_YET_IN_IAM, STILL_ON_IT)

    @property
    def key(self) -> str:
        return f"instance profile {self.name}"

    def changes(self, look: Look) -> list[Change]:
        found = instance_profile(look, self.name)
        if found is None:
            return [self._creation(), self._role_added(None)]
        if not owned_by(found, "ec2") and not self.adopt:
            why = (
                "An instance profile of this name is there already and was not made by this runbook. The client "
                "decides: another instance_profile_name, or adopt_existing: true, which removes nothing."
            )
            return [self.change("blocked", why, fields=(Field(name=f"tag {OWNER_TAG}", after="ec2"),))]
        if found["path"] != self.path:
            why = f"It is at the path {found['path']}, which cannot be changed. Choose another instance_profile_name."
            return [self.change("blocked", why, fields=(Field(name="path", before=found["path"], after=self.path),))]
        if found["roles"] == [self.role_name]:
            return [self.change("nothing", "It holds the role.")]
        return [self._role_added(None)] if not found["roles"] else [self._holds_another(found["roles"])]

    def removal(self, look: Look) -> list[Change]:
        found = instance_profile(look, self.name)
        if found is None:
            return [self.change("nothing", "There is no instance profile of this name.")]
        our_role = owned_by(role(look, self.role_name), "ec2")
        if not owned_by(found, "ec2") and our_role and found["roles"] == [self.role_name]:
            call = self._call("remove_role_from_instance_profile", RoleName=self.role_name)
            why = "The profile is the client's own and stays; our role is taken out of it, since the role is deleted."
            fields = (Field(name="role in the profile", before=self.role_name),)
            return [self.change("detach", why, call, fields=fields)]
        if not owned_by(found, "ec2"):
            return [self.change("keep", f"It lacks our tag {OWNER_TAG} = ec2: it is the client's.")]
        if found["roles"] not in ([], [self.role_name]):
            return [self._holds_another(found["roles"])]
        others = [each for each in instances_with(look, found["arn"]) if each not in self.instance_ids]
        if others:
            why = (
                f"It is also on {', '.join(others)}, which would lose it. The client's admin takes it off there first."
            )
            return [self.change("blocked", why)]
        calls = [self._call("remove_role_from_instance_profile", RoleName=name) for name in found["roles"]]
        calls.append(self._call("delete_instance_profile"))
        why = "Our tag marks it as made by this runbook."
        return [self.change("delete", why, *calls, fields=(Field(name="instance profile", before=found["arn"]),))]

    def _creation(self) -> Change:
        tags = self.tags | {OWNER_TAG: "ec2"}
        call = self._call("create_instance_profile", Path=self.path, Tags=as_tags(tags))
        fields = (Field(name="path", after=self.path), Field(name="tags", after=tags))
        return self.change("create", "An instance takes a role by way of an instance profile.", call, fields=fields)

    def _role_added(self, before: str | None) -> Change:
        call = self._call("add_role_to_instance_profile", RoleName=self.role_name)
        fields = (Field(name="role in the profile", before=before, after=self.role_name),)
        return self.change("add", "The profile hands this role to the instance.", call, fields=fields)

    def _holds_another(self, roles: list[str]) -> Change:
        why = "It holds another role, and a profile can hold only one. The client's admin decides which it shall be."
        fields = (Field(name="role in the profile", before=roles, after=[self.role_name]),)
        return self.change("blocked", why, fields=fields)

    def _call(self, operation: str, **arguments: Any) -> Call:
        return Call(service="iam", operation=operation, arguments={"InstanceProfileName": self.name} | arguments)


def _read_profile(aws: Aws, name: str) -> ProfileState | None:
    iam = aws.client("iam")
    try:
        found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return {
        "arn": found["Arn"],
        "id": found["InstanceProfileId"],
        "path": found["Path"],
        "roles": [each["RoleName"] for each in found["Roles"]],
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
    }


def _read_instances_with(aws: Aws, profile_arn: str) -> list[str]:
    pages = aws.client("ec2").get_paginator("describe_iam_instance_profile_associations").paginate()
    associations = [each for page in pages for each in page["IamInstanceProfileAssociations"]]
    return sorted(
        each["InstanceId"]
        for each in associations
        if each["IamInstanceProfile"]["Arn"] == profile_arn and each["State"] in ("associating", "associated")
    )
