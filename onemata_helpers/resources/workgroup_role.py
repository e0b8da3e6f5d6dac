"""A Redshift Serverless workgroup's role: it is on the workgroup's namespace, whose roles AWS replaces all at once.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_UpdateNamespace.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import Overtaken, who_acts
from ..plan import Call, Change, Field, Kind
from ..session import Aws
from ..wait import Transient, Wait
from .base import Look, Permission, Resource
from .delivery import workgroup_target
from .redshift import CHANGE_SECONDS
from .role_state import role
from .role_use import RoleUse
from .workgroup_state import (
    AT_REST,
    SERVICE,
    NamespaceState,
    WorkgroupState,
    fault_of,
    read_namespace,
    read_workgroup,
    workgroup,
)

_BUSY = Transient("ConflictException", "", "the namespace is busy with another change")
_LIMITED = Transient("ThrottlingException", "", "AWS is limiting calls to this account")
# As for a cluster; what a namespace answers to a role that it cannot see yet is not documented.
_NEW_ROLE = Transient("ValidationException", "must delegate access", "Redshift does not yet see the new role")
_ROLE_NOT_VALID = Transient("ValidationException", "is not valid", "Redshift does not yet see the new role")
_ROLES = "roles of the namespace"


@dataclass(frozen=True)
class WorkgroupRole(Resource):
    """Our role, on the namespace of a workgroup. Its default role and its other roles are never touched."""

    workgroup_name: str
    role_arn: str
    use: RoleUse

    @staticmethod
    def permissions(workgroup_arn: str, namespace_arn: str, any_role_arn: str) -> tuple[Permission, ...]:
        """What attaching and detaching takes, with the right to pass each role that the namespace keeps."""
        return (
            Permission(("redshift-serverless:GetWorkgroup",), (workgroup_arn,)),
            Permission(("redshift-serverless:GetNamespace", "redshift-serverless:UpdateNamespace"), (namespace_arn,)),
            Permission(("redshift-serverless:ListNamespaces", "redshift-serverless:ListWorkgroups")),
            Permission(("iam:PassRole",), (any_role_arn,), SERVICE),
        )

    transient = (_BUSY, _LIMITED, _NEW_ROLE, _ROLE_NOT_VALID)
    settling_seconds = CHANGE_SECONDS

    @property
    def key(self) -> str:
        return f"role {self.use.role_name} on workgroup {self.workgroup_name}"

    def changes(self, look: Look) -> list[Change]:
        found = workgroup(look, self.workgroup_name)
        if found is None:
            why = (
                f"There is no workgroup {self.workgroup_name} in this account and region. The engineer corrects "
                "workgroup_names or region."
            )
            return [self.change("blocked", why)]
        if self.role_arn in found.namespace.roles:
            return [self.change("nothing", f"Its namespace {found.namespace.name} has the role.")]
        if fault_of(found):
            return [self.change("blocked", fault_of(found))]
        why = f"With the role on its namespace, the workgroup's COPY can read Onemata's bucket. {_all_at_once(found)}"
        return [self._replacement("attach", why, found.namespace, {*found.namespace.roles, self.role_arn})]

    def removal(self, look: Look) -> list[Change]:
        found = workgroup(look, self.workgroup_name)
        if found is None or self.role_arn not in found.namespace.roles:
            return [self.change("nothing", "The role is not on the workgroup's namespace.")]
        if not self.use.ours(look):
            return [self.change("keep", "The role is the client's own, so it stays where it is.")]
        stays = self.use.why_it_stays_on(look, workgroup_target(self.workgroup_name))
        if stays:
            return [self.change("keep", stays)]
        if found.namespace.default_role == self.role_arn:
            why = "The client made it the namespace's default role. The client's admin chooses another default first."
            return [self.change("blocked", why)]
        there = role(look, self.use.role_name) is not None
        why = "The role is ours." if there else "The role was deleted: what the namespace still lists gives no access."
        left = {arn for arn in found.namespace.roles if arn != self.role_arn}
        return [self._replacement("detach", f"{why} {_all_at_once(found)}", found.namespace, left)]

    def send(self, aws: Aws, wait: Wait, change: Change, call: Call) -> dict[str, Any]:
        """Replace the roles only while they are those that the plan showed, and nobody is changing them.

        AWS offers no condition for that, so the moment between this look and the write remains.
        """
        found = _at_rest(aws, wait, call.arguments["namespaceName"])
        if found.roles == tuple(call.arguments["iamRoles"]):
            return {}
        shown = tuple(change.fields[0].before or ())
        if found.roles != shown or found.default_role != call.arguments.get("defaultIamRoleArn", ""):
            raise _overtaken(found.name, shown, found)
        return super().send(aws, wait, change, call)

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the role is `in-sync` or gone, and workgroup and namespace are at rest."""
        gone = change.kind == "detach"

        def status() -> str:
            found = read_workgroup(aws, self.workgroup_name)
            if found is None:
                return "not there"
            namespace = found.namespace
            at_rest = "in-sync" if self.role_arn in namespace.roles else "gone"
            passing = namespace.passing.get(self.role_arn, at_rest)
            return f"{found.status}, its namespace {namespace.status}, role {passing}"

        wanted = f"{AT_REST}, its namespace {AT_REST}, role {'gone' if gone else 'in-sync'}"
        wait.until(f"workgroup {self.workgroup_name}", status, wanted, CHANGE_SECONDS)

    def unsettled(self, look: Look) -> str:
        found = workgroup(look, self.workgroup_name)
        passing = found.namespace.passing.get(self.role_arn, "") if found else ""
        return f"The role is {passing}." if passing else ""

    def fault(self, look: Look) -> str:
        return fault_of(workgroup(look, self.workgroup_name))

    def _replacement(self, kind: Kind, why: str, found: NamespaceState, roles: set[str]) -> Change:
        """The default role goes with the roles, unchanged. Without one it is left out, as Terraform's provider does."""
        default = {"defaultIamRoleArn": found.default_role} if found.default_role else {}
        arguments = {"namespaceName": found.name, "iamRoles": sorted(roles), **default}
        fields = (Field(name=_ROLES, before=list(found.roles) or None, after=sorted(roles) or None),)
        call = Call(service=SERVICE, operation="update_namespace", arguments=arguments)
        return self.change(kind, why, call, fields=fields)


def _at_rest(aws: Aws, wait: Wait, name: str) -> NamespaceState:
    """The namespace when no change of it is under way. Raises NotUsable if one does not end."""
    seen: list[NamespaceState] = []

    def status() -> str:
        seen.append(read_namespace(aws, name))
        return seen[-1].status

    wait.until(f"namespace {name}", status, AT_REST, CHANGE_SECONDS)
    return seen[-1]


def _all_at_once(found: WorkgroupState) -> str:
    """What the client should know of a call that names all roles."""
    default = found.namespace.default_role
    stays = f"The default role stays {default}. " if default else ""
    return f"{stays}AWS replaces the whole list at once: if anybody changes it meanwhile, nothing is written."


def _overtaken(namespace: str, shown: tuple[str, ...], found: NamespaceState) -> Overtaken:
    happened = (
        f"The roles of namespace {namespace} have changed since the plan was shown, so nothing was written to it: they "
        f"were {_named(shown)}, and are {_named(found.roles)} with {found.default_role or 'none'} as default"
    )
    return Overtaken(who_acts(happened, "the engineer runs it again, and has the new plan approved"))


def _named(roles: tuple[str, ...]) -> str:
    return ", ".join(roles) or "none"
