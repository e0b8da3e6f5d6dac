"""IAM roles for a service.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..plan import Change, Field, Kind
from ..policies import Document, difference, pretty, same
from .base import OWNER_TAG, STILL_ON_IT, Look, Permission, Resource, iam
from .role_state import RoleState, as_tags, attached_policies, inline_policy_names, profiles_of, role
from .role_trust import has_drifted, trust_adopted, trust_left, trust_of_all
from .role_use import RoleUse


@dataclass(frozen=True)
class Role(Resource):
    """A role that a service may assume, tagged as ours, and with a tag for each delivery that uses it.

    A role of this name that no runbook made belongs to the client: it is never rewritten. With `adopt`, it is let
    assume by the service, too, and not changed otherwise. `policies` are the ARNs and names of the policies, and
    `profiles` the instance profiles, that the runbook gives it: a role that has others is not removed. `marks` are more
    tags of ours.
    """

    use: RoleUse
    path: str
    region: str
    trust: Document
    description: str
    boundary: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    adopt: bool = False
    policies: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    marks: dict[str, str] = field(default_factory=dict)

    transient = (STILL_ON_IT,)

    @staticmethod
    def permissions(role_arn: str, *, bounded: bool) -> tuple[Permission, ...]:
        """What making, repairing and removing the role takes."""
        actions = (
            "iam:GetRole",
            "iam:CreateRole",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:DeleteRole",
        )
        return (Permission((*actions, "iam:PutRolePermissionsBoundary") if bounded else actions, (role_arn,)),)

    @property
    def name(self) -> str:
        """The role's name."""
        return self.use.role_name

    @property
    def service(self) -> str:
        """The service that is to assume it."""
        return self.use.delivery.service

    @property
    def key(self) -> str:
        return f"role {self.name}"

    def changes(self, look: Look) -> list[Change]:
        found = role(look, self.name)
        if found is None:
            return [self._creation(look)]
        if found.path != self.path:
            why = (
                f"A role of this name is at the path {found.path}, and a role's path cannot be changed. "
                f"Choose another role_name, or set role_path to {found.path}."
            )
            return [self.change("blocked", why, fields=(Field(name="path", before=found.path, after=self.path),))]
        if found.ours and (found.tags[OWNER_TAG] == self.service or self.service in found.services or self.adopt):
            return self._repairs(look, found) or [self._in_order(look)]
        return self._adoption(found) if self.adopt else [self._foreign(found)]

    def removal(self, look: Look) -> list[Change]:
        found = role(look, self.name)
        if found is None:
            return [self.change("nothing", "There is no role of this name.")]
        if not found.ours:
            return [self.change("keep", f"{self._why_not_ours(found)} It is the client's, and stays as it is.")]
        others = self.use.others(look)
        serving = f"The role stays, since it serves others: {'; '.join(others)}." if others else ""
        why = self.use.why_all_stays(look) or serving
        return self._leaving(look, found, why) if why else [self._deletion(look, found)]

    def _in_order(self, look: Look) -> Change:
        others = self.use.others(look)
        also = f" It also serves {'; '.join(others)}." if others else ""
        return self.change("nothing", f"The role exists, with the right settings.{also}")

    def _creation(self, look: Look) -> Change:
        tags = self.tags | {OWNER_TAG: self.service} | self.use.registered(look).tag | self.marks
        arguments: dict[str, Any] = {
            "RoleName": self.name,
            "Path": self.path,
            "AssumeRolePolicyDocument": self.trust,
            "Description": self.description,
            "Tags": as_tags(tags),
        }
        fields = [
            Field(name="trust policy", after=self.trust),
            Field(name="path", after=self.path),
            Field(name="tags", after=tags),
        ]
        if self.boundary:
            arguments["PermissionsBoundary"] = self.boundary
            fields.append(Field(name="permissions boundary", after=self.boundary))
        return self.change("create", f"{self.description}.", iam("create_role", **arguments), fields=tuple(fields))

    def _repairs(self, look: Look, found: RoleState) -> list[Change]:
        changes = self._missing_tags(found, self._tags_wanted(look, found))
        wanted = self._trusts_of_all(found)
        if has_drifted(found.trust, self.trust, wanted):
            changes.append(self._new_trust("update", "Its trust policy has drifted.", found, wanted))
        if self.boundary and found.boundary != self.boundary:
            changes.append(
                self.change(
                    "update",
                    "The client's roles must carry this permissions boundary.",
                    iam("put_role_permissions_boundary", RoleName=self.name, PermissionsBoundary=self.boundary),
                    fields=(Field(name="permissions boundary", before=found.boundary or None, after=self.boundary),),
                )
            )
        return changes

    def _trusts_of_all(self, found: RoleState) -> Document:
        """The trust of this service, and of each other service whose deliveries use the role."""
        return trust_of_all(self.trust, found.services - {self.service}, found.arn.split(":")[1])

    def _tags_wanted(self, look: Look, found: RoleState) -> dict[str, str]:
        own = self.tags if found.tags[OWNER_TAG] == self.service else {}
        return own | self.use.registered(look).tag | self.marks

    def _adoption(self, found: RoleState) -> list[Change]:
        if self.boundary and found.boundary != self.boundary:
            return [self._unbounded(found)]
        wanted = trust_adopted(found.trust, self.trust, self.region)
        if same(found.trust, wanted):
            return [self.change("nothing", "The client's own role trusts the service already (adopt_existing).")]
        why = f"adopt_existing: {self.service} is added to the trust policy; those whom it trusts already stay."
        return [self._new_trust("add", why, found, wanted)]

    def _unbounded(self, found: RoleState) -> Change:
        why = (
            "This role of the client's would get more access, but lacks the permissions boundary that the parameters "
            "demand (permissions_boundary_arn). The client's admin sets it on the role, or another role_name is chosen."
        )
        field_ = Field(name="permissions boundary", before=found.boundary or None, after=self.boundary)
        return self.change("blocked", why, fields=(field_,))

    def _foreign(self, found: RoleState) -> Change:
        fields = [Field(name=f"tag {OWNER_TAG}", before=found.tags.get(OWNER_TAG), after=self.service)]
        if found.description != self.description:
            fields.append(Field(name="description", before=found.description or None, after=self.description))
        if not same(found.trust, self.trust):
            fields.append(_trust_field(found.trust, self.trust))
        adopted = "which adds what is missing and removes nothing"
        shared = f"which adds {self.service} to its trust policy"
        why = (
            f"A role of this name exists already. {self._why_not_ours(found)} The client decides: another "
            f"role_name, or adopt_existing: true, {shared if found.ours else adopted}."
        )
        return self.change("blocked", why, fields=tuple(fields))

    def _why_not_ours(self, found: RoleState) -> str:
        if found.ours:
            return f"The runbook for {found.tags[OWNER_TAG]} made it."
        if OWNER_TAG in found.tags:
            return f"It carries our tag {OWNER_TAG}, but not our description, so no runbook made it."
        return f"It lacks our tag {OWNER_TAG}, so no runbook made it."

    def _leaving(self, look: Look, found: RoleState, why: str) -> list[Change]:
        """The role stays; this run's targets leave it, and so does each service of which they were the last."""
        changes = [*self._untrusted(look, found, why), *self._unregistered(look, found, why)]
        return changes or [self.change("keep", why)]

    def _untrusted(self, look: Look, found: RoleState, why: str) -> list[Change]:
        """The services that no registered delivery needs any more leave the trust, unless that would leave none."""
        needed = self.use.services_left(look)
        trust = trust_left(found.trust, self._trusts_of_all(found), needed, found.arn.split(":")[1])
        if not needed or not trust["Statement"] or same(trust, found.trust):
            return []
        return [self._new_trust("update", why, found, trust)]

    def _unregistered(self, look: Look, found: RoleState, why: str) -> list[Change]:
        """This run's targets leave the delivery's registration, and with the last of them it goes."""
        left = self.use.left(look)
        if left is None or (left.tag.items() <= found.tags.items() and left.marks):
            return []
        before = {left.key: found.tags[left.key]}
        if left.marks:
            call = iam("tag_role", RoleName=self.name, Tags=as_tags(left.tag))
            return [self.change("update", why, call, fields=(Field(name="tags", before=before, after=left.tag),))]
        call = iam("untag_role", RoleName=self.name, TagKeys=[left.key])
        return [self.change("detach", why, call, fields=(Field(name="tags", before=before),))]

    def _deletion(self, look: Look, found: RoleState) -> Change:
        others = self._used_otherwise(look, found)
        if others:
            why = f"The client uses the role for more: {'; '.join(others)}. The client's admin removes that first."
            return self.change("blocked", why)
        why = (
            "A runbook made it (our tag, our description, our trust), and nothing else is on it. Whether another "
            "region uses it cannot be seen from here."
        )
        return self.change(
            "delete", why, iam("delete_role", RoleName=self.name), fields=(Field(name="role", before=found.arn),)
        )

    def _used_otherwise(self, look: Look, found: RoleState) -> list[str]:
        policies = [*attached_policies(look, self.name), *inline_policy_names(look, self.name)]
        profiles = [arn.rsplit("/", 1)[1] for arn in profiles_of(look, self.name)]
        trusted, _ = difference(found.trust, self._trusts_of_all(found))
        return [
            *(f"policy {name}" for name in policies if name not in self.policies),
            *(f"instance profile {name}" for name in profiles if name not in self.profiles),
            *(f"it trusts {pretty(each.get('Principal'))}" for each in trusted),
        ]

    def _new_trust(self, kind: Kind, why: str, found: RoleState, trust: Document) -> Change:
        call = iam("update_assume_role_policy", RoleName=self.name, PolicyDocument=trust)
        return self.change(kind, why, call, fields=(_trust_field(found.trust, trust),))

    def _missing_tags(self, found: RoleState, wanted: dict[str, str]) -> list[Change]:
        missing = {key: value for key, value in wanted.items() if found.tags.get(key) != value}
        if not missing:
            return []
        # IAM takes keys that differ only in case for the same tag, and replaces it.
        replaced = {key.lower() for key in missing}
        before = {key: value for key, value in found.tags.items() if key.lower() in replaced}
        call = iam("tag_role", RoleName=self.name, Tags=as_tags(missing))
        fields = (Field(name="tags", before=before or None, after=missing),)
        return [self.change("add", "These tags are missing or have drifted.", call, fields=fields)]


def _trust_field(before: Document, after: Document) -> Field:
    gone, new = difference(before, after)
    return Field(name="trust policy statements", before=gone or None, after=new or None)
