"""What a plan needs of what the operator is denied: its calls decide, and those of its scripts and proofs.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic.alias_generators import to_pascal

from .permitted import Missing, Permitted
from .plan import Call, Plan
from .resources.run_command import send

# What a call takes besides the action of its own name, or what following it takes.
_BESIDES = {
    "iam:CreateRole": ("iam:TagRole",),
    "iam:CreateInstanceProfile": ("iam:TagInstanceProfile",),
    "iam:AddRoleToInstanceProfile": ("iam:PassRole",),
    "ec2:AssociateIamInstanceProfile": ("iam:PassRole",),
    "ec2:ReplaceIamInstanceProfileAssociation": ("iam:PassRole",),
    "glue:CreateCrawler": ("iam:PassRole", "glue:TagResource"),
    "redshift:CreateCluster": (
        "iam:PassRole",
        "redshift:CreateTags",
        "secretsmanager:CreateSecret",
        "secretsmanager:TagResource",
    ),
    "redshift-data:BatchExecuteStatement": (
        "redshift-data:DescribeStatement",
        "redshift:GetClusterCredentials",
        "redshift:GetClusterCredentialsWithIAM",
        "redshift-serverless:GetCredentials",
        "secretsmanager:GetSecretValue",
    ),
    "redshift-serverless:UpdateNamespace": ("iam:PassRole",),
    "ssm:SendCommand": ("ssm:GetCommandInvocation",),
}
_PARTS = re.compile("[/:]")


def missing(plan: Plan, permitted: Iterable[Permitted]) -> tuple[Missing, ...]:
    """The denied permissions that the plan needs, each with what needs it."""
    known = list(permitted)
    needs = list(_calls(plan))
    found = []
    for each in known:
        if each.verdict == "denied":
            needing = dict.fromkeys(thing for thing, call in needs if _takes(call, each, known))
            found += [Missing(permission=each, needed_for=tuple(needing))] if needing else []
    return tuple(found)


def _calls(plan: Plan) -> Iterator[tuple[str, Call]]:
    """All calls that the plan makes, each with the change, script or proof that it is for."""
    for change in plan.pending:
        yield from ((change.resource, call) for call in change.calls)
    for script in plan.scripts:
        yield f"a script on {script.instance_id}", send(script)
    for proof in plan.proofs:
        yield from ((f"the proof: {proof.proves}", call) for call in proof.calls)


def _takes(call: Call, permission: Permitted, known: list[Permitted]) -> bool:
    """Whether a call takes this permission.

    Where the call names one of the things that the action was asked for, it takes the permission on that one only.
    """
    action = f"{call.service}:{to_pascal(call.operation)}"
    besides = ("iam:PassRole",) if call.arguments.get("AddIamRoles") else _BESIDES.get(action, ())
    if permission.action in besides:
        return True
    if permission.action != action:
        return False
    named = {_name(each) for each in known if each.action == action} & set(_texts(call.arguments))
    return not named or _name(permission) in named


def _name(permission: Permitted) -> str:
    return _PARTS.split(permission.resource)[-1]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
