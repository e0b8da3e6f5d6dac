"""AWS's own policies on our role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ..plan import Call, Change, Field
from .base import NOT_YET_IN_IAM, Look, Permission, Resource, iam
from .role_state import attached_policies
from .role_use import RoleUse


@dataclass(frozen=True)
class AttachedPolicy(Resource):
    """An AWS managed policy on a role of this runbook's.

    With `wanted=False` it is what the other choice of s3_access attached: taken off, if the role is ours.
    """

    use: RoleUse
    policy_arn: str
    why: str
    wanted: bool = True

    transient = (NOT_YET_IN_IAM,)

    @staticmethod
    def permissions(role_arn: str) -> tuple[Permission, ...]:
        """What attaching and detaching takes."""
        actions = ("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:AttachRolePolicy", "iam:DetachRolePolicy")
        return (Permission(actions, (role_arn,)),)

    @property
    def key(self) -> str:
        return f"policy {self.policy_arn.rsplit('/', 1)[1]} on role {self.use.role_name}"

    def changes(self, look: Look) -> list[Change]:
        attached = self.policy_arn in attached_policies(look, self.use.role_name)
        if self.wanted and not attached:
            call = self._call("attach_role_policy")
            return [self.change("attach", self.why, call, fields=(Field(name="policy", after=self.policy_arn),))]
        if self.wanted:
            return [self.change("nothing", "It is attached.")]
        return self._taken_off(look, "s3_access chooses the other kind of access.") if attached else []

    def removal(self, look: Look) -> list[Change]:
        if self.policy_arn not in attached_policies(look, self.use.role_name):
            return [self.change("nothing", "It is not attached.")]
        return self._taken_off(look, "The role is ours.")

    def _taken_off(self, look: Look, why: str) -> list[Change]:
        if not self.use.ours(look):
            return [
                self.change("keep", "The role is the client's own: the policy stays on it, and still gives access.")
            ]
        shared = self.use.why_the_services_part_stays(look)
        if shared:
            return [self.change("keep", shared)]
        field = Field(name="policy", before=self.policy_arn)
        return [self.change("detach", why, self._call("detach_role_policy"), fields=(field,))]

    def _call(self, operation: str) -> Call:
        return iam(operation, RoleName=self.use.role_name, PolicyArn=self.policy_arn)
