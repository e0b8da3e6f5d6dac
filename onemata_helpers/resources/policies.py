"""Policies on a role, a user or a group: AWS's own by attaching them, ours as inline policies.

Whatever else the client has attached stays as it is.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..plan import Call, Change, Field
from ..policies import Document, difference, same
from ..session import Aws
from .base import NOT_YET_IN_IAM, Look, Resource
from .roles import attached_policies, owned_by, role

Holder = Literal["role", "user", "group"]


def holder_permissions(holder: Holder) -> tuple[str, ...]:
    """What an inline policy on a holder of this kind needs."""
    kind = holder.title()
    return (f"iam:Get{kind}", f"iam:Get{kind}Policy", f"iam:Put{kind}Policy", f"iam:Delete{kind}Policy")


@dataclass(frozen=True)
class AttachedPolicy(Resource):
    """An AWS managed policy on a role of this runbook's.

    With `wanted=False` it is what the other choice of s3_access attached: taken off, if the role is ours.
    """

    role_name: str
    service: str
    policy_arn: str
    why: str
    wanted: bool = True

    permissions = (
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:AttachRolePolicy",
        "iam:DetachRolePolicy",
    )
    transient = (NOT_YET_IN_IAM,)

    @property
    def key(self) -> str:
        return f"policy {self.policy_arn.rsplit('/', 1)[1]} on role {self.role_name}"

    def changes(self, look: Look) -> list[Change]:
        attached = self.policy_arn in attached_policies(look, self.role_name)
        if self.wanted and not attached:
            call = self._call("attach_role_policy")
            return [self.change("attach", self.why, call, fields=(Field(name="policy", after=self.policy_arn),))]
        if attached and not self.wanted and owned_by(role(look, self.role_name), self.service):
            return [self._detach("s3_access chooses the other kind of access.")]
        if attached and not self.wanted:
            return [self.change("keep", "The role is the client's own: its policy stays, and grants what it grants.")]
        return [self.change("nothing", "It is attached.")] if self.wanted else []

    def removal(self, look: Look) -> list[Change]:
        if self.policy_arn not in attached_policies(look, self.role_name):
            return [self.change("nothing", "It is not attached.")]
        if not owned_by(role(look, self.role_name), self.service):
            return [self.change("keep", "The role is the client's own, so its policies stay.")]
        return [self._detach("It goes with the role.")]

    def _detach(self, why: str) -> Change:
        call = self._call("detach_role_policy")
        return self.change("detach", why, call, fields=(Field(name="policy", before=self.policy_arn),))

    def _call(self, operation: str) -> Call:
        arguments = {"RoleName": self.role_name, "PolicyArn": self.policy_arn}
        return Call(service="iam", operation=operation, arguments=arguments)


@dataclass(frozen=True)
class InlinePolicy(Resource):
    """An inline policy of ours; its name begins with `onemata-`, which is how it is known to be ours.

    With `wanted=False` it is what the other choice of s3_access wrote: taken off, if the role is ours.
    On a role, user or group of the client's it is removed only while it says what we wrote.
    """

    holder: Holder
    holder_name: str
    service: str
    name: str
    document: Document
    why: str
    wanted: bool = True
    ours: bool = True

    permissions = holder_permissions("role")
    transient = (NOT_YET_IN_IAM,)

    @property
    def key(self) -> str:
        return f"inline policy {self.name} on {self.holder} {self.holder_name}"

    def changes(self, look: Look) -> list[Change]:
        found = self._found(look)
        if not self.wanted:
            if found is not None and self._on_our_role(look):
                return [self._delete(found, "s3_access chooses the other kind of access.")]
            return []
        if found is None:
            if not self._holder_exists(look):
                return [self._no_holder()]
            return [self.change("add", self.why, self._put(), fields=(Field(name="policy", after=self.document),))]
        if same(found, self.document):
            return [self.change("nothing", "It says what it should.")]
        gone, new = difference(found, self.document)
        field = Field(name="policy statements", before=gone or None, after=new or None)
        return [self.change("update", self.why, self._put(), fields=(field,))]

    def removal(self, look: Look) -> list[Change]:
        found = self._found(look)
        if found is None:
            return [self.change("nothing", "It is not there.")]
        if self._on_our_role(look) or same(found, self.document):
            return [self._delete(found, "This runbook wrote it.")]
        return [self.change("keep", f"It is on a {self.holder} of the client's and no longer says what we wrote.")]

    def _found(self, look: Look) -> Document | None:
        if self.holder == "role" and role(look, self.holder_name) is None:
            return None
        return look.once(self.key, self._read)

    def _on_our_role(self, look: Look) -> bool:
        return self.holder == "role" and owned_by(role(look, self.holder_name), self.service)

    def _holder_exists(self, look: Look) -> bool:
        """Our own role is created by the same plan; any other holder has to be there."""
        if self.holder == "role":
            return self.ours or role(look, self.holder_name) is not None
        return look.once(f"{self.holder} {self.holder_name}", self._read_holder)

    def _no_holder(self) -> Change:
        why = f"The client has no {self.holder} {self.holder_name}. The engineer corrects the parameters."
        return self.change("blocked", why)

    def _delete(self, found: Document, why: str) -> Change:
        call = self._call("delete")
        return self.change("delete", why, call, fields=(Field(name="policy", before=found),))

    def _put(self) -> Call:
        return self._call("put", PolicyDocument=self.document)

    def _call(self, verb: str, **arguments: Any) -> Call:
        return Call(service="iam", operation=f"{verb}_{self.holder}_policy", arguments=self._address() | arguments)

    def _address(self) -> dict[str, Any]:
        return {f"{self.holder.title()}Name": self.holder_name, "PolicyName": self.name}

    def _read(self, aws: Aws) -> Document | None:
        iam = aws.client("iam")
        try:
            found: Document = getattr(iam, f"get_{self.holder}_policy")(**self._address())["PolicyDocument"]
        except iam.exceptions.NoSuchEntityException:
            return None
        return found

    def _read_holder(self, aws: Aws) -> bool:
        iam = aws.client("iam")
        try:
            getattr(iam, f"get_{self.holder}")(**{f"{self.holder.title()}Name": self.holder_name})
        except iam.exceptions.NoSuchEntityException:
            return False
        return True
