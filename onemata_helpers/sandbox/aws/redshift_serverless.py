"""Redshift Serverless: workgroups and namespaces to look at, and the roles of a namespace.

moto has none of it. What is told of roles, and how it is refused, is as users of AWS's have seen it.
https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..iam.need import regional_arn
from ..iam.policy_engine import service_may_assume
from ..iam.signer import Signer, find_role
from ..serverless import Namespace, Serverless, Workgroup
from ..state import state
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from .own_services import serve

_NAME = re.compile(r"[a-z0-9-]{3,64}")
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]+")
# AWS gives up to 100 to a page; with one, whoever does not turn the page sees little.
_PAGE = 1
_SERVED = {"namespaceName", "iamRoles", "defaultIamRoleArn"}
_OF_REDSHIFT = ("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")

Thing = TypeVar("Thing", Namespace, Workgroup)


def install() -> None:
    """Let the sandbox answer for Redshift Serverless."""
    serve(
        "redshift-serverless",
        {
            "GetWorkgroup": _get_workgroup,
            "GetNamespace": _get_namespace,
            "ListWorkgroups": _list_workgroups,
            "ListNamespaces": _list_namespaces,
            "UpdateNamespace": _update_namespace,
        },
    )


def _get_workgroup(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    return {"workgroup": _workgroup_shown(call, _named(call, "workgroupName", _all(call).workgroups))}


def _get_namespace(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    return {"namespace": _looked_at(call, _named(call, "namespaceName", _all(call).namespaces))}


def _list_workgroups(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    found, more = _page(call, list(_all(call).workgroups.values()))
    return {"workgroups": [_workgroup_shown(call, each) for each in found], **more}


def _list_namespaces(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    found, more = _page(call, list(_all(call).namespaces.values()))
    return {"namespaces": [_looked_at(call, each) for each in found], **more}


def _update_namespace(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    """Replace all roles of a namespace; what the call does not name, it loses.

    https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_UpdateNamespace.html
    """
    namespace = _named(call, "namespaceName", _all(call).namespaces)
    if call.params.keys() - _SERVED:
        raise _invalid(
            f"Amazon Redshift Serverless can't update multiple configurations at the same time for namespace "
            f"{namespace.name}."
        )
    if namespace.status != "AVAILABLE":
        raise AwsError(
            "ConflictException",
            "There is an operation running on the namespace. Try updating the namespace again later.",
        )
    roles, default = call.get("iamRoles"), call.get("defaultIamRoleArn", "")
    if roles is None:
        raise _invalid("To change the default IAM role, you must specify the entire list of IAM roles.")
    if default and default not in roles:
        raise _invalid("The list of customer IAM roles must contain the default IAM role.")
    for arn in roles:
        _check_form(arn, call.account)
    for arn in set(roles) - set(namespace.roles):
        _check_delegates(arn)
    namespace.replace_roles(dict.fromkeys(roles), default)
    return {"namespace": _namespace_shown(call, namespace)}


def _all(call: IncomingCall) -> Serverless:
    return state.serverless[call.account, call.region]


def _named(call: IncomingCall, parameter: str, things: Mapping[str, Thing]) -> Thing:
    name = call.get(parameter, "")
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"1 validation error detected: Value at '{parameter}' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: ^[a-z0-9-]+$"
        )
    if name not in things:
        kind = parameter.removesuffix("Name").title()
        raise AwsError("ResourceNotFoundException", f"{kind} {name} doesn't exist.")
    return things[name]


def _page(call: IncomingCall, things: list[Thing]) -> tuple[list[Thing], dict[str, str]]:
    token = call.get("nextToken", "0")
    if not re.fullmatch(r"\d{1,4}", token):
        raise _invalid("The pagination token is not valid.")
    end = int(token) + _PAGE
    return things[int(token) : end], {"nextToken": str(end)} if end < len(things) else {}


def _workgroup_shown(call: IncomingCall, found: Workgroup) -> dict[str, Any]:
    return {
        "workgroupName": found.name,
        "workgroupId": found.id,
        "workgroupArn": regional_arn(call, call.service, f"workgroup/{found.id}"),
        "namespaceName": found.namespace.name,
        "status": found.status,
        "baseCapacity": 8,
    }


def _looked_at(call: IncomingCall, found: Namespace) -> dict[str, Any]:
    """The namespace as it stands now; the next look finds it one step on."""
    shown = _namespace_shown(call, found)
    found.settle()
    return shown


def _namespace_shown(call: IncomingCall, found: Namespace) -> dict[str, Any]:
    default = {"defaultIamRoleArn": found.default_role} if found.default_role else {}
    return {
        "namespaceName": found.name,
        "namespaceId": found.id,
        "namespaceArn": regional_arn(call, call.service, f"namespace/{found.id}"),
        "adminUsername": found.admin,
        "dbName": found.database,
        "iamRoles": list(_role_texts(found.roles.items())),
        "status": found.status,
        **default,
    }


def _role_texts(roles: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Roles as AWS tells of them: no structure, but the text of one, its keys now in this order and now in that."""
    for number, (arn, applied) in enumerate(roles):
        keys = [f"applyStatus={applied}", f"iamRoleArn={arn}"]
        yield f"IamRole({', '.join(keys if number % 2 == 0 else reversed(keys))})"


def _check_form(arn: str, account: str) -> None:
    match = _ROLE.fullmatch(arn)
    if match is None or match[1] != account:
        raise _invalid(f"The IAM role {arn} is not valid.")


def _check_delegates(arn: str) -> None:
    """Refuse a role that Redshift cannot assume (yet), as for a cluster; of a workgroup it is not documented."""
    role = None if state.is_fresh(arn) else find_role(arn)
    trust = json.loads(role.assume_role_policy_document) if role else {"Statement": []}
    if not any(service_may_assume(trust, service) for service in _OF_REDSHIFT):
        raise _invalid(
            f"The IAM role {arn} is not valid. The IAM role must delegate access to an Amazon Redshift account."
        )


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text)
