"""Our inline policies: on our role, and on roles, users and groups of the client's.

Whatever else the client has attached stays as it is.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..answers import Answer, Plain, PolicyDocument
from ..plan import Call, Change, Field
from ..policies import Document, difference, document, for_each, same, sid, statements
from ..session import Aws
from .base import NOT_YET_IN_IAM, Look, Permission, Resource, iam
from .role_state import inline_policy_names, role, same_thing
from .role_use import RoleUse

Holder = Literal["role", "user", "group"]


class _PolicyAnswer(Answer):
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
    policy_name: Plain
    policy_document: PolicyDocument


@dataclass(frozen=True)
class InlinePolicy(Resource):
    """An inline policy of ours on our own role. Its name carries the delivery's id, so that each has its own.

    With `wanted=False` it is what the other choice of s3_access wrote: taken off, if the role is ours.
    On a role of the client's (adopt_existing) it is changed and removed only while it says what we wrote.
    """

    use: RoleUse
    name: str
    document: Document
    why: str
    wanted: bool = True

    transient = (NOT_YET_IN_IAM,)

    @staticmethod
    def permissions(role_arn: str) -> tuple[Permission, ...]:
        """What writing and removing it takes."""
        return policy_permissions("role", role_arn)

    @property
    def key(self) -> str:
        return f"inline policy {self.name} on role {self.use.role_name}"

    def changes(self, look: Look) -> list[Change]:
        found = self._found(look)
        if not self.wanted:
            why = "s3_access chooses the other kind of access."
            return [self._delete(found, why)] if found is not None and self.use.ours(look) else []
        if found is None:
            return [self.change("add", self.why, self._put(), fields=(Field(name="policy", after=self.document),))]
        if same(found, self.document):
            return [self.change("nothing", "It has the right content.")]
        kind: Literal["update", "blocked"] = "update" if self.use.ours(look) else "blocked"
        calls, why = ((self._put(),), self.why) if kind == "update" else ((), OTHER_CONTENT)
        return [self.change(kind, why, *calls, fields=(statements_field(found, self.document),))]

    def removal(self, look: Look) -> list[Change]:
        found = self._found(look)
        if found is None:
            return [self.change("nothing", "It is not there.")]
        stays = self.use.why_all_stays(look)
        if stays:
            return [self.change("keep", stays)]
        if self.use.ours(look) or same(found, self.document):
            return [self._delete(found, "A runbook wrote it.")]
        return [self.change("keep", f"It is on a role of the client's. {OTHER_CONTENT}")]

    def _found(self, look: Look) -> Document | None:
        """What is not wanted is seldom there: one list says so of all such policies."""
        if not self.wanted and self.name not in inline_policy_names(look, self.use.role_name):
            return None
        return inline_policy(look, "role", self.use.role_name, self.name)

    def _delete(self, found: Document, why: str) -> Change:
        call = iam("delete_role_policy", RoleName=self.use.role_name, PolicyName=self.name)
        return self.change("delete", why, call, fields=(Field(name="policy", before=found),))

    def _put(self) -> Call:
        return iam("put_role_policy", RoleName=self.use.role_name, PolicyName=self.name, PolicyDocument=self.document)


OTHER_CONTENT = (
    "A policy of this name is there with other content than a runbook wrote, so it stays as it is. The client's admin "
    "removes it or gives it another name; if a run with other parameters wrote it, `remove` with those takes it away."
)


@dataclass(frozen=True)
class SharedPolicy(Resource):
    """An inline policy of ours on somebody whom others share: a role, user or group of the client's.

    It has one statement for each of `marks` (whom or what it is there for), and may have more for the marks of other
    runs. Only statements that we would write count as ours; with any other in it, it is left alone.
    """

    holder: Holder
    holder_name: str
    name: str
    document: Document
    marks: tuple[str, ...]
    why: str
    boundary: str = ""

    transient = (NOT_YET_IN_IAM,)

    @staticmethod
    def permissions(holder: Holder, holder_arn: str) -> tuple[Permission, ...]:
        """What writing and removing it takes, and finding out whether the holder is there."""
        return (*policy_permissions(holder, holder_arn), Permission((f"iam:Get{holder.title()}",), (holder_arn,)))

    @property
    def key(self) -> str:
        return f"inline policy {self.name} on {self.holder} {self.holder_name}"

    def changes(self, look: Look) -> list[Change]:
        if not self._holder_exists(look):
            why = f"The client has no {self.holder} {self.holder_name}. The engineer corrects the parameters."
            return [self.change("blocked", why)]
        found = inline_policy(look, self.holder, self.holder_name, self.name)
        if found is None:
            return [self._unbounded(look) or self._put("add", self.why, None, self._own())]
        if not self._all_ours(found):
            return [self.change("blocked", OTHER_CONTENT, fields=(statements_field(found, self._own()),))]
        new = [each for each in self._own()["Statement"] if each["Sid"] not in _sids(found)]
        if not new:
            return [self.change("nothing", "It has the right content.")]
        return [self._unbounded(look) or self._put("add", self.why, found, document(*statements(found), *new))]

    def removal(self, look: Look) -> list[Change]:
        found = inline_policy(look, self.holder, self.holder_name, self.name) if self._holder_exists(look) else None
        if found is None:
            return [self.change("nothing", "It is not there.")]
        if not self._all_ours(found):
            return [self.change("keep", f"It is on a {self.holder} of the client's. {OTHER_CONTENT}")]
        left = [each for each in statements(found) if each["Sid"] not in _sids(self._own())]
        if len(left) == len(statements(found)):
            return [self.change("keep", "Other runs wrote it, for others than those named here.")]
        if left:
            why = "A runbook wrote these statements. The others in it are there for others than those named here."
            return [self._put("update", why, found, document(*left))]
        call = self._call("delete")
        return [self.change("delete", "A runbook wrote it.", call, fields=(Field(name="policy", before=found),))]

    def _own(self) -> Document:
        return for_each(self.document, self.marks)

    def _all_ours(self, found: Document) -> bool:
        """Whether each statement is the one we write, for whichever mark."""
        (ours,) = statements(self.document)
        return all(
            str(each.get("Sid", "")).startswith(sid("")) and same(document(ours | {"Sid": each["Sid"]}), document(each))
            for each in statements(found)
        )

    def _unbounded(self, look: Look) -> Change | None:
        """A role that lacks the boundary that the client demands gets no access."""
        found = role(look, self.holder_name) if self.holder == "role" and self.boundary else None
        if found is None or found.boundary == self.boundary:
            return None
        why = (
            f"The role {self.holder_name} would get more access, but lacks the permissions boundary that the "
            "parameters demand (permissions_boundary_arn). The client's admin sets it on the role first."
        )
        field = Field(name="permissions boundary", before=found.boundary or None, after=self.boundary)
        return self.change("blocked", why, fields=(field,))

    def _put(self, kind: Literal["add", "update"], why: str, before: Document | None, after: Document) -> Change:
        field = statements_field(before, after) if before else Field(name="policy", after=after)
        return self.change(kind, why, self._call("put", PolicyDocument=after), fields=(field,))

    def _holder_exists(self, look: Look) -> bool:
        if self.holder == "role":
            return role(look, self.holder_name) is not None
        return look.once(f"{self.holder} {self.holder_name}", self._read_holder)

    def _call(self, verb: str, **arguments: Any) -> Call:
        name = {f"{self.holder.title()}Name": self.holder_name, "PolicyName": self.name}
        return iam(f"{verb}_{self.holder}_policy", **name, **arguments)

    def _read_holder(self, aws: Aws) -> bool:
        try:
            aws.call("iam", f"get_{self.holder}", **{f"{self.holder.title()}Name": self.holder_name})
        except aws.client("iam").exceptions.NoSuchEntityException:
            return False
        return True


def inline_policy(look: Look, holder: Holder, holder_name: str, name: str) -> Document | None:
    """An inline policy's document; None if it, or its holder, is not there."""
    if holder == "role" and role(look, holder_name) is None:
        return None
    key = f"inline policy {name} on {holder} {holder_name}"
    return look.once(key, lambda aws: _read_policy(aws, holder, holder_name, name))


def policy_permissions(holder: Holder, holder_arn: str) -> tuple[Permission, ...]:
    """What an inline policy on a holder of this kind takes."""
    return (Permission(tuple(f"iam:{verb}{holder.title()}Policy" for verb in ("Get", "Put", "Delete")), (holder_arn,)),)


def statements_field(before: Document, after: Document) -> Field:
    """How two documents differ, by statements."""
    gone, new = difference(before, after)
    return Field(name="policy statements", before=gone or None, after=new or None)


def _sids(policy: Document) -> Iterable[str]:
    return {each["Sid"] for each in statements(policy)}


def _read_policy(aws: Aws, holder: Holder, holder_name: str, name: str) -> Document | None:
    address = {f"{holder.title()}Name": holder_name, "PolicyName": name}
    try:
        found = aws.ask("iam", f"get_{holder}_policy", _PolicyAnswer, **address)
    except aws.client("iam").exceptions.NoSuchEntityException:
        return None
    same_thing(f"iam:Get{holder.title()}Policy", found.policy_name, name)
    return found.policy_document
