"""IAM roles for a service, and what is looked up about a role.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..plan import Call, Change, Field
from ..policies import Document, difference, same, with_statements
from ..session import Aws
from .base import OWNER_TAG, STILL_ON_IT, Look, Resource

RoleState = dict[str, Any]
"""`arn`, `path`, `trust` (a document), `boundary` (an ARN or ""), `tags` (a dict)."""


def role(look: Look, name: str) -> RoleState | None:
    """The role of this name; None if there is none. Tags and boundary included."""
    return look.once(f"role {name}", lambda aws: _read_role(aws, name))


def attached_policies(look: Look, name: str) -> list[str]:
    """The ARNs of the managed policies attached to a role; none for a role that is not there."""
    if role(look, name) is None:
        return []
    return look.once(f"policies attached to role {name}", lambda aws: _read_attached(aws, name))


def inline_policy_names(look: Look, name: str) -> list[str]:
    """The names of a role's inline policies; none for a role that is not there."""
    if role(look, name) is None:
        return []
    return look.once(f"inline policies of role {name}", lambda aws: _read_inline_names(aws, name))


def profiles_of(look: Look, name: str) -> list[str]:
    """The ARNs of the instance profiles that hold a role; none for a role that is not there."""
    if role(look, name) is None:
        return []
    return look.once(f"instance profiles of role {name}", lambda aws: _read_profiles_of(aws, name))


def owned_by(state: RoleState | None, service: str) -> bool:
    """Whether our tag marks a role or instance profile as made by this service's runbook."""
    return state is not None and state["tags"].get(OWNER_TAG) == service


def as_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags in IAM's form."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@dataclass(frozen=True)
class Role(Resource):
    """A role that a service may assume, tagged as ours.

    A role of this name that does not carry our tag belongs to the client: it is never rewritten.
    With `adopt` what it lacks is added to it. `policies` are the ARNs and names of the policies, and
    `profiles` the instance profiles, that the runbook gives it: a role that has others is not removed.
    """

    name: str
    path: str
    service: str
    trust: Document
    description: str
    boundary: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    adopt: bool = False
    policies: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    transient = (STILL_ON_IT,)
    permissions = (
        "iam:GetRole",
        "iam:CreateRole",
        "iam:TagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:DeleteRole",
    )

    @property
    def key(self) -> str:
        return f"role {self.name}"

    @property
    def all_tags(self) -> dict[str, str]:
        """The client's tags and ours."""
        return self.tags | {OWNER_TAG: self.service}

    def changes(self, look: Look) -> list[Change]:
        found = role(look, self.name)
        if found is None:
            return [self._creation()]
        if found["path"] != self.path:
            why = (
                f"A role of this name is at the path {found['path']}, and a role's path cannot be changed. "
                f"Choose another role_name, or set role_path to {found['path']}."
            )
            return [self.change("blocked", why, fields=(Field(name="path", before=found["path"], after=self.path),))]
        if owned_by(found, self.service):
            return self._mending(found) or [self.change("nothing", "The role is there, as it should be.")]
        return self._adoption(found) if self.adopt else [self._foreign(found)]

    def removal(self, look: Look) -> list[Change]:
        found = role(look, self.name)
        if found is None:
            return [self.change("nothing", "There is no role of this name.")]
        if not owned_by(found, self.service):
            return [self.change("keep", f"It lacks our tag {OWNER_TAG} = {self.service}: it is the client's.")]
        others = self._used_otherwise(look)
        if others:
            why = f"The client uses the role for more: {', '.join(others)}. The client's admin takes that away first."
            return [self.change("blocked", why)]
        return [
            self.change(
                "delete",
                "Our tag marks it as made by this runbook. Whether another region uses it is not seen from here.",
                _iam("delete_role", RoleName=self.name),
                fields=(Field(name="role", before=found["arn"]),),
            )
        ]

    def _used_otherwise(self, look: Look) -> list[str]:
        policies = [*attached_policies(look, self.name), *inline_policy_names(look, self.name)]
        profiles = [arn.rsplit("/", 1)[1] for arn in profiles_of(look, self.name)]
        return [f"policy {name}" for name in policies if name not in self.policies] + [
            f"instance profile {name}" for name in profiles if name not in self.profiles
        ]

    def _creation(self) -> Change:
        arguments: dict[str, Any] = {
            "RoleName": self.name,
            "Path": self.path,
            "AssumeRolePolicyDocument": self.trust,
            "Description": self.description,
            "Tags": as_tags(self.all_tags),
        }
        fields = [
            Field(name="trust policy", after=self.trust),
            Field(name="path", after=self.path),
            Field(name="tags", after=self.all_tags),
        ]
        if self.boundary:
            arguments["PermissionsBoundary"] = self.boundary
            fields.append(Field(name="permissions boundary", after=self.boundary))
        return self.change("create", self.description, _iam("create_role", **arguments), fields=tuple(fields))

    def _mending(self, found: RoleState) -> list[Change]:
        changes = []
        if not same(found["trust"], self.trust):
            changes.append(self._new_trust("update", "Its trust policy was changed.", found, self.trust))
        if self.boundary and found["boundary"] != self.boundary:
            changes.append(
                self.change(
                    "update",
                    "The client's roles must carry this permissions boundary.",
                    _iam("put_role_permissions_boundary", RoleName=self.name, PermissionsBoundary=self.boundary),
                    fields=(Field(name="permissions boundary", before=found["boundary"] or None, after=self.boundary),),
                )
            )
        return changes + self._missing_tags(found, self.all_tags)

    def _adoption(self, found: RoleState) -> list[Change]:
        changes = []
        wanted = with_statements(found["trust"], self.trust)
        if not same(found["trust"], wanted):
            why = f"adopt_existing: {self.service} is let in beside those whom the role trusts already."
            changes.append(self._new_trust("add", why, found, wanted))
        there = {key.lower() for key in found["tags"]}
        changes += self._missing_tags(found, {k: v for k, v in self.tags.items() if k.lower() not in there})
        return changes or [self.change("nothing", "The client's own role has what is needed (adopt_existing).")]

    def _foreign(self, found: RoleState) -> Change:
        fields = [Field(name=f"tag {OWNER_TAG}", before=found["tags"].get(OWNER_TAG), after=self.service)]
        if not same(found["trust"], self.trust):
            fields.append(_trust_field(found["trust"], self.trust))
        why = (
            "A role of this name is there already and was not made by this runbook. The client decides: another "
            "role_name, or adopt_existing: true, which adds what is missing and removes nothing."
        )
        return self.change("blocked", why, fields=tuple(fields))

    def _new_trust(self, kind: Any, why: str, found: RoleState, trust: Document) -> Change:
        call = _iam("update_assume_role_policy", RoleName=self.name, PolicyDocument=trust)
        return self.change(kind, why, call, fields=(_trust_field(found["trust"], trust),))

    def _missing_tags(self, found: RoleState, wanted: dict[str, str]) -> list[Change]:
        missing = {key: value for key, value in wanted.items() if found["tags"].get(key) != value}
        if not missing:
            return []
        # IAM takes keys that differ only in case for the same tag, and replaces it.
        replaced = {key.lower() for key in missing}
        before = {key: value for key, value in found["tags"].items() if key.lower() in replaced}
        call = _iam("tag_role", RoleName=self.name, Tags=as_tags(missing))
        return [
            self.change(
                "add",
                "These tags are missing or differ.",
                call,
                fields=(Field(name="tags", before=before or None, after=missing),),
            )
        ]


def _trust_field(before: Document, after: Document) -> Field:
    gone, new = difference(before, after)
    return Field(name="trust policy statements", before=gone or None, after=new or None)


def _iam(operation: str, **arguments: Any) -> Call:
    return Call(service="iam", operation=operation, arguments=arguments)


def _read_role(aws: Aws, name: str) -> RoleState | None:
    iam = aws.client("iam")
    try:
        found = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return {
        "arn": found["Arn"],
        "path": found["Path"],
        "trust": found["AssumeRolePolicyDocument"],
        "boundary": found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
    }


def _read_attached(aws: Aws, name: str) -> list[str]:
    pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


def _read_inline_names(aws: Aws, name: str) -> list[str]:
    pages = aws.client("iam").get_paginator("list_role_policies").paginate(RoleName=name)
    return sorted(policy for page in pages for policy in page["PolicyNames"])


def _read_profiles_of(aws: Aws, name: str) -> list[str]:
    pages = aws.client("iam").get_paginator("list_instance_profiles_for_role").paginate(RoleName=name)
    return sorted(profile["Arn"] for page in pages for profile in page["InstanceProfiles"])
