"""IAM's simulator, which moto lacks: what a user's, group's or role's policies say, as the policy engine reads them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from moto.iam.exceptions import InvalidInput, NoSuchEntity, ValidationError

from ..iam.conditions import Context
from ..iam.policy_engine import Caller, Request, Verdict, about, decide, judge, untold_keys
from ..iam.signer import caller_of

_ENTITY = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(user|group|role)/.+")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")
_RESOURCE = re.compile(r"\*|arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:[^:]*:.+")
# Of a resource that is named, the result of an action as a whole names the form of its ARN, and never the ARN.
_FORM = "arn:${Partition}:${Service}:${Region}:${Account}:${Name}"
_TYPES = ("string", "numeric", "boolean", "ip", "binary", "date")
_NOT_SIMULATED = ("PolicyInputList", "PermissionsBoundaryPolicyInputList", "PolicyExclusionList", "ResourcePolicy")
_STRICTEST_FIRST = (Verdict.EXPLICIT_DENY, Verdict.IMPLICIT_DENY, Verdict.ALLOWED)
_USUAL_ITEMS, _MOST_ITEMS = 100, 1000


def simulate(account: str, parameter: Callable[..., Any]) -> dict[str, Any]:
    """The answer to a call in an account. `parameter` gives the call's parameters by name, else what to take instead.

    Raises moto's exceptions for what AWS refuses, and for what is not simulated here.
    """
    for name in _NOT_SIMULATED:
        if parameter(name, None):
            raise InvalidInput(f"The sandbox does not simulate with {name}.")
    caller = _caller(account, parameter("PolicySourceArn"))
    actions, resources = parameter("ActionNames"), parameter("ResourceArns", None) or ["*"]
    _check(actions, resources)
    context = _context(parameter("ContextEntries", []))
    start, most = int(parameter("Marker", "0")), int(parameter("MaxItems", _USUAL_ITEMS))
    if not 1 <= most <= _MOST_ITEMS:
        raise ValidationError("1 validation error detected: Value at 'maxItems' failed to satisfy constraint")
    page = [_of_action(caller, action, resources, context) for action in actions[start : start + most]]
    rest = start + most < len(actions)
    return {"EvaluationResults": page, "IsTruncated": rest} | ({"Marker": str(start + most)} if rest else {})


def _caller(account: str, arn: str) -> Caller:
    if not _ENTITY.fullmatch(arn):
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    caller = caller_of(arn)
    if caller is None or caller.account != account:
        raise NoSuchEntity(f"No entity found with the ARN {arn}.")
    return caller


def _check(actions: Sequence[str], resources: Sequence[str]) -> None:
    for action in actions:
        if not 3 <= len(action) <= 128:
            raise ValidationError("1 validation error detected: Value at 'actionNames' failed to satisfy constraint")
        if not _ACTION.fullmatch(action):
            raise InvalidInput(f"Invalid Action: {action}")
    for resource in resources:
        if not _RESOURCE.fullmatch(resource):
            raise InvalidInput(f"Invalid Resource: {resource}")


def _context(entries: Sequence[Mapping[str, Any]]) -> Context:
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        name, values, kind = (entry.get(f"ContextKey{each}") for each in ("Name", "Values", "Type"))
        if not (name and 5 <= len(name) <= 256 and ":" in name):
            raise InvalidInput(f"Invalid Context Key Name: {name}")
        if kind not in (*_TYPES, *(f"{each}List" for each in _TYPES)):
            raise InvalidInput(f"Invalid Context Key Type: {kind}")
        if not values or (len(values) > 1 and not str(kind).endswith("List")):
            raise InvalidInput(f"Invalid Context Key Values of {name}")
        found[name] = tuple(values)
    return found


def _of_action(caller: Caller, action: str, resources: Sequence[str], context: Context) -> dict[str, Any]:
    """The result of an action: the strictest of all resources, and that of each, but where no resource is named."""
    heard = _about(caller, action)
    by_resource = {each: _said(heard, Request(action, each, context)) for each in resources}
    strictest = min(by_resource.values(), key=lambda said: _STRICTEST_FIRST.index(said["Decision"]))
    found = {
        "EvalActionName": action,
        "EvalResourceName": "*" if list(resources) == ["*"] else _FORM,
        "EvalDecision": strictest["Decision"].value,
        "MatchedStatements": [],
        "MissingContextValues": sorted({key for said in by_resource.values() for key in said["Untold"]}),
    } | _detail(strictest)
    if list(resources) == ["*"]:
        return found
    specific = [
        {
            "EvalResourceName": resource,
            "EvalResourceDecision": said["Decision"].value,
            "MatchedStatements": [],
            "MissingContextValues": sorted(said["Untold"]),
        }
        | _detail(said)
        for resource, said in by_resource.items()
    ]
    return found | {"ResourceSpecificResults": specific}


def _about(caller: Caller, action: str) -> Caller:
    """The caller with what its policies say of this action, looked for once and not with each resource."""
    policies = tuple(about(policy, action) for policy in caller.policies)
    return replace(caller, policies=policies, boundary=about(caller.boundary, action) if caller.boundary else None)


def _said(caller: Caller, request: Request) -> dict[str, Any]:
    policies = [*caller.policies, *([caller.boundary] if caller.boundary else [])]
    said: dict[str, Any] = {
        "Decision": decide(caller, request).verdict,
        "Untold": untold_keys(policies, request),
    }
    if caller.boundary:
        said["ByBoundary"] = judge([caller.boundary], request) is Verdict.ALLOWED
    return said


def _detail(said: Mapping[str, Any]) -> dict[str, Any]:
    if "ByBoundary" not in said:
        return {}
    return {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": said["ByBoundary"]}}
