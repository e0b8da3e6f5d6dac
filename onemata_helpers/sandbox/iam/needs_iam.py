"""What calls of IAM and STS need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

import json

from moto.iam.models import InstanceProfile, Role, User

from ..state import state
from ..wire.incoming_call import IncomingCall
from .conditions import Context
from .need import Need, need, own_action, pass_role, request_tags, tag_keys
from .policy_engine import Request, ResourceSide
from .signer import find_role, iam

_TAG_ON_CREATE = {
    "CreateRole": "iam:TagRole",
    "CreateInstanceProfile": "iam:TagInstanceProfile",
    "CreatePolicy": "iam:TagPolicy",
    "CreateUser": "iam:TagUser",
}
_FREE = frozenset({"GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"})
_NOBODY = ResourceSide("", None, must_allow=True)
_EVERYWHERE = frozenset({"ListRoles", "ListUsers", "ListGroups", "ListPolicies"})
_NAMES = (
    ("InstanceProfileName", "instance-profile"),
    ("RoleName", "role"),
    ("UserName", "user"),
    ("GroupName", "group"),
    ("PolicyName", "policy"),
)


def iam_needs(call: IncomingCall) -> list[Need]:
    """The operation's own action, and with it tagging and passing a role."""
    arn, context = _resource(call), _context(call)
    needs = [need(own_action(call), arn, context)]
    if call.get("Tags") and call.operation in _TAG_ON_CREATE:
        needs.append(need(_TAG_ON_CREATE[call.operation], arn, context))
    if call.operation == "AddRoleToInstanceProfile":
        role_arn = _named(call, "role", call.get("RoleName", ""))
        needs.append(pass_role(role_arn, "ec2.amazonaws.com"))
    return needs


def sts_needs(call: IncomingCall) -> list[Need]:
    """For AssumeRole, the caller's right and the role's trust. Nobody is trusted by other means."""
    if call.operation in _FREE:
        return []
    arn = call.get("RoleArn", "")
    if call.operation != "AssumeRole":
        return [Need(Request(own_action(call), arn), _NOBODY)]
    context = {"sts:RoleSessionName": (call.get("RoleSessionName", ""),)}
    if external_id := call.get("ExternalId"):
        context["sts:ExternalId"] = (external_id,)
    return [Need(Request("sts:AssumeRole", arn, context), _trust(arn))]


def _trust(arn: str) -> ResourceSide:
    """A role that is not there, or not yet, trusts nobody."""
    role = None if state.is_fresh(arn) else find_role(arn)
    policy = json.loads(role.assume_role_policy_document) if role else None
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    return ResourceSide(account, policy, must_allow=True)


def _resource(call: IncomingCall) -> str:
    for parameter in ("PolicySourceArn", "PolicyArn"):
        if (arn := call.get(parameter)) and not _on_holder(call):
            return str(arn)
    if call.operation in _EVERYWHERE:
        return "*"
    for parameter, kind in _NAMES:
        if name := call.get(parameter):
            return _named(call, kind, name)
    return "*"


def _on_holder(call: IncomingCall) -> bool:
    """Attaching and detaching is a right on the role or user, not on the policy."""
    return call.operation.startswith(("Attach", "Detach"))


def _named(call: IncomingCall, kind: str, name: str) -> str:
    return f"arn:aws:iam::{call.account}:{kind}{_path(call, kind, name)}{name}"


def _path(call: IncomingCall, kind: str, name: str) -> str:
    """The path of what is there, or else the one that is asked for."""
    backend = iam(call.account)
    entities: list[Role | InstanceProfile | User] = [
        *(backend.get_roles() if kind == "role" else ()),
        *(backend.get_instance_profiles() if kind == "instance-profile" else ()),
        *(backend.users.values() if kind == "user" else ()),
    ]
    paths = (entity.path for entity in entities if entity.name == name)
    return next(paths, str(call.get("Path", "/")))


def _context(call: IncomingCall) -> Context:
    context = dict(request_tags(call))
    if policy_arn := call.get("PolicyArn"):
        context["iam:PolicyARN"] = (policy_arn,)
    role = find_role(_named(call, "role", call.get("RoleName", "")))
    boundary = role.permissions_boundary_arn if role else call.get("PermissionsBoundary")
    if boundary:
        context["iam:PermissionsBoundary"] = (boundary,)
    tags = [(tag["Key"], tag["Value"]) for tag in role.tags] if role else []
    return context | tag_keys("aws:ResourceTag", tags) | tag_keys("iam:ResourceTag", tags)
