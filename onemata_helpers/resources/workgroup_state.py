"""What a Redshift Serverless workgroup is: its state, and its namespace with the roles that it has.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_Workgroup.html
https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_Namespace.html
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict
from pydantic.alias_generators import to_camel

from ..answers import Answer, Arn, Plain
from ..frozen import Frozen
from ..session import Aws
from .base import Look
from .role_state import same_thing

SERVICE: Final = "redshift-serverless"
AT_REST: Final = "AVAILABLE"
_ARN = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+"
_ROLE = re.compile(
    rf"(?P<plain>{_ARN})"
    rf"|IamRole\(applyStatus=(?P<first>[a-z-]+), iamRoleArn=(?P<second>{_ARN})\)"
    rf"|IamRole\(iamRoleArn=(?P<before>{_ARN}), applyStatus=(?P<after>[a-z-]+)\)"
)


class NamespaceState(Frozen):
    """A namespace. `roles` are the ARNs of the roles that it has or is about to have, in order.

    `passing` is what AWS is still carrying out, by ARN. A role that is being removed is not there any more.
    `database` is its first database, `default_role` an ARN or empty.
    """

    name: str
    status: str
    database: str
    roles: tuple[str, ...]
    passing: dict[str, str]
    default_role: str


class WorkgroupState(Frozen):
    """A workgroup with its namespace. `id` is what its ARN, and those of its database users, hold."""

    id: str
    status: str
    namespace: NamespaceState


def workgroup(look: Look, name: str) -> WorkgroupState | None:
    """The workgroup of this name; None if there is none."""
    return look.once(f"workgroup {name}", lambda aws: read_workgroup(aws, name))


def workgroups_with(look: Look, role_arn: str) -> list[str]:
    """The names of the workgroups of the region whose namespace has a role."""
    return look.once(f"workgroups with {role_arn}", lambda aws: _read_workgroups_with(aws, role_arn))


def read_workgroup(aws: Aws, name: str) -> WorkgroupState | None:
    """The workgroup as it is now; None if there is none."""
    try:
        found = aws.ask(SERVICE, "get_workgroup", _WorkgroupAnswer, workgroupName=name).workgroup
    except aws.client(SERVICE).exceptions.ResourceNotFoundException:
        return None
    same_thing("redshift-serverless:GetWorkgroup", found.workgroup_name, name)
    return WorkgroupState(
        id=found.workgroup_id, status=found.status, namespace=read_namespace(aws, found.namespace_name)
    )


def read_namespace(aws: Aws, name: str) -> NamespaceState:
    """The namespace as it is now. Raises ClientError if there is none: a workgroup always has one."""
    found = aws.ask(SERVICE, "get_namespace", _NamespaceAnswer, namespaceName=name).namespace
    same_thing("redshift-serverless:GetNamespace", found.namespace_name, name)
    return _state_of(found)


def role_and_state(text: str) -> tuple[str, str]:
    """ARN and apply status of a role as AWS tells of it: the text of a structure, in either order, or a plain ARN.

    The status of a plain ARN is empty. Raises ValueError for any other text. So have users of AWS's seen them:
    https://github.com/aws-solutions-library-samples/guidance-for-clickstream-analytics-on-aws/pull/507
    """
    match = _ROLE.fullmatch(text)
    if match is None:
        raise ValueError("must be a role's ARN, or IamRole(applyStatus=..., iamRoleArn=...)")
    arn = match["plain"] or match["second"] or match["before"]
    return arn, match["first"] or match["after"] or ""


def fault_of(found: WorkgroupState | None) -> str:
    """What keeps a workgroup from use and does not pass by itself; empty if nothing."""
    if found is None or "DELETING" not in (found.status, found.namespace.status):
        return ""
    return "The workgroup or its namespace is being deleted. The engineer takes it out of workgroup_names."


def _role_text(text: str) -> str:
    role_and_state(text)
    return text


class _Camel(Answer):
    """Redshift Serverless writes its names like `workgroupName`."""

    model_config = ConfigDict(alias_generator=to_camel)


class _Workgroup(_Camel):
    workgroup_name: Plain
    workgroup_id: Plain
    namespace_name: Plain
    status: Plain


class _WorkgroupAnswer(_Camel):
    workgroup: _Workgroup


class _Workgroups(_Camel):
    workgroups: list[_Workgroup]


class _Namespace(_Camel):
    namespace_name: Plain
    status: Plain
    db_name: Plain = ""
    iam_roles: list[Annotated[Plain, AfterValidator(_role_text)]] | None = None
    default_iam_role_arn: Arn | None = None


class _NamespaceAnswer(_Camel):
    namespace: _Namespace


class _Namespaces(_Camel):
    namespaces: list[_Namespace]


def _state_of(found: _Namespace) -> NamespaceState:
    # A plain ARN does not say whether it is in use already; the namespace does.
    told = dict(map(role_and_state, found.iam_roles or ()))
    unsaid = "in-sync" if found.status == AT_REST else found.status
    states = {arn: state or unsaid for arn, state in told.items()}
    return NamespaceState(
        name=found.namespace_name,
        status=found.status,
        database=found.db_name,
        roles=tuple(sorted(arn for arn, state in states.items() if state != "removing")),
        passing={arn: state for arn, state in states.items() if state != "in-sync"},
        default_role=found.default_iam_role_arn or "",
    )


def _read_workgroups_with(aws: Aws, role_arn: str) -> list[str]:
    namespaces = [each for page in aws.pages(SERVICE, "list_namespaces", _Namespaces) for each in page.namespaces]
    having = {each.namespace_name for each in namespaces if role_arn in _state_of(each).roles}
    workgroups = [each for page in aws.pages(SERVICE, "list_workgroups", _Workgroups) for each in page.workgroups]
    return sorted(each.workgroup_name for each in workgroups if each.namespace_name in having)
