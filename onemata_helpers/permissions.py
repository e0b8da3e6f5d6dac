"""What the operator must be allowed to do, as a policy for the client's admin to paste.

Each resource class names the actions that it needs; here they get the narrowest resources that AWS allows.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .parameters import Ec2Parameters, GlueParameters, RedshiftParameters, ServiceParameters
from .policies import Document, Statement, document
from .resources.base import Resource
from .resources.instance_config import InstanceConfig
from .resources.instance_profiles import InstanceProfile
from .resources.instances import ProfileAssociation
from .resources.policies import AttachedPolicy, InlinePolicy, holder_permissions
from .resources.redshift import ClusterRole, LaunchedCluster
from .resources.roles import Role
from .resources.run_command import DOCUMENT
from .services import service_of

_ALL_KINDS: tuple[type[Resource], ...] = (
    Role, AttachedPolicy, InlinePolicy, ClusterRole, LaunchedCluster, InstanceProfile,
    ProfileAssociation, InstanceConfig,
)  # fmt: skip
# AWS knows no narrower resource for these.
_EVERYTHING = re.compile(r"(ec2|redshift):Describe|ssm:(Describe|Get)")
_READS = re.compile(r"iam:(Get|List|Simulate)")
_HOLDERS = re.compile(r"iam:(?:Get|Put|Delete)(User|Group)(?:Policy)?$")


def policy(services: Iterable[ServiceParameters]) -> Document:
    """The policy that lets an operator run these services' runbooks, every action of them, and no more."""
    actions: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for parameters in services:
        for action in service_of(parameters).permissions():
            passed_to = parameters.service if action == "iam:PassRole" else ""
            actions.setdefault((tuple(_resources(action, parameters)), passed_to), set()).add(action)
    return document(*(_statement(sorted(names), *scope) for scope, names in sorted(actions.items())))


def unscoped() -> Document:
    """The same for parameters that are not known yet: every action of every service, on all resources."""
    actions = {action for kind in _ALL_KINDS for action in kind.permissions}
    actions |= {*holder_permissions("user"), *holder_permissions("group")}
    return document({"Effect": "Allow", "Action": sorted(actions), "Resource": "*"})


def _statement(actions: list[str], resources: tuple[str, ...], passed_to: str) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    if passed_to:
        condition = {"iam:PassedToService": [f"{passed_to}.amazonaws.com", f"{passed_to}.amazonaws.com.cn"]}
        return statement | {"Condition": {"StringEquals": condition}}
    return statement


def _resources(action: str, p: ServiceParameters) -> list[str]:
    if _EVERYTHING.match(action):
        return ["*"]
    if action.startswith("iam:"):
        return _iam_resources(action, p)
    if isinstance(p, RedshiftParameters):
        return _redshift_resources(action, p)
    ids = p.instance_ids if isinstance(p, Ec2Parameters) else []
    instances = [f"arn:{p.partition}:ec2:{p.region}:{p.account_id}:instance/{each}" for each in ids]
    if action == "ssm:SendCommand":
        return [*instances, f"arn:{p.partition}:ssm:{p.region}::document/{DOCUMENT}"]
    return instances


def _iam_resources(action: str, p: ServiceParameters) -> list[str]:
    anywhere = f"arn:{p.partition}:iam::{p.account_id}"
    if isinstance(p, GlueParameters):
        holder = _HOLDERS.match(action)
        if holder:
            return [arn for arn in p.pass_role_to if f":{holder[1].lower()}/" in arn]
        return [p.role_arn, *(arn for arn in p.pass_role_to if ":role/" in arn)]
    if not isinstance(p, Ec2Parameters):
        return [p.role_arn]
    kind = "instance-profile" if re.search(r"InstanceProfile$", action) else "role"
    if _READS.match(action) or (p.on_existing_profile == "extend" and action.endswith("RolePolicy")):
        return [f"{anywhere}:{kind}/*"]  # what the instances have already has any name
    return [p.arn("instance-profile", p.instance_profile) if kind == "instance-profile" else p.role_arn]


def _redshift_resources(action: str, p: RedshiftParameters) -> list[str]:
    if action.startswith("secretsmanager:"):
        return [f"arn:{p.partition}:secretsmanager:{p.region}:{p.account_id}:secret:redshift!{p.cluster_identifier}-*"]
    return [f"arn:{p.partition}:redshift:{p.region}:{p.account_id}:cluster:{p.cluster_identifier}"]
