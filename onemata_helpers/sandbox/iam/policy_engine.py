"""Who may do what: IAM's evaluation logic as pure functions of policies and a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .conditions import Context, expand, holds, lower_keys, many, variables, wildcard

Policy = Mapping[str, Any]
"""A policy document."""

Name = tuple[str, str]
"""A principal as a policy names it: ("AWS", an ARN or account) or ("Service", its address)."""


class Verdict(StrEnum):
    """What policies say of a request, in the words of IAM's simulator."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


@dataclass(frozen=True)
class Request:
    """One action on one resource, with the condition keys that go with it."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """A principal with its policies. For a session, `entity_arn` is the ARN of its role."""

    account: str
    arn: str
    entity_arn: str
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session_policy: Policy | None = None


@dataclass(frozen=True)
class ResourceSide:
    """The account that owns a resource, and the policy on it.

    A role's trust policy has to allow the caller (`must_allow`); a bucket's may stay silent about
    callers of its own account.
    """

    account: str
    policy: Policy | None = None
    must_allow: bool = False


@dataclass(frozen=True)
class Decision:
    """The verdict, and the end of the sentence in which AWS explains it."""

    verdict: Verdict
    reason: str = ""


def judge(policies: Iterable[Policy], request: Request, names: frozenset[Name] | None = None) -> Verdict:
    """What these policies say. With `names`, only statements for these principals count."""
    keyed = Request(request.action, request.resource, lower_keys(request.context))
    effects = {
        statement["Effect"]
        for statement in _statements(policies)
        if _concerns(statement, names) and _applies(statement, keyed)
    }
    if "Deny" in effects:
        return Verdict.EXPLICIT_DENY
    return Verdict.ALLOWED if "Allow" in effects else Verdict.IMPLICIT_DENY


def about(policy: Policy, action: str) -> Policy:
    """The policy without its statements about other actions, which says the same of this one."""
    return {**policy, "Statement": [each for each in _statements([policy]) if _covers_action(each, action)]}


def untold_keys(policies: Iterable[Policy], request: Request) -> set[str]:
    """The condition keys, and policy variables, of statements about this action that the request does not carry."""
    told = lower_keys(request.context)
    found: set[str] = set()
    for statement in _statements(policies):
        if _covers_action(statement, request.action):
            resources = many(statement.get("Resource", statement.get("NotResource", [])))
            found |= {key for each in resources for key in variables(each)}
            if _covers_resource(statement, Request(request.action, request.resource, told)):
                conditions = statement.get("Condition", {}).values()
                found |= {key for tests in conditions for key in tests}
                wanted = [value for tests in conditions for values in tests.values() for value in many(values)]
                found |= {key for value in wanted for key in variables(value)}
    return {key for key in found if key.lower() not in told}


def service_may_assume(trust: Policy, service: str) -> bool:
    """Whether a role with this trust policy can be used by an AWS service."""
    request = Request("sts:AssumeRole", "*")
    return judge([trust], request, frozenset({("Service", service)})) is Verdict.ALLOWED


def decide(caller: Caller, request: Request, owner: ResourceSide | None = None) -> Decision:
    """Whether the caller may do this.

    An explicit deny anywhere decides. Within an account, the caller's policies or the resource's
    suffice; across accounts, both sides must allow. Boundary and session policy limit either.
    """
    layers = _layers(caller)
    said = [(kind, judge(policies, request)) for kind, policies in layers]
    if owner and owner.policy:
        said.append(("resource-based", judge([owner.policy], request, _all_names(caller))))
    for kind, verdict in said:
        if verdict is Verdict.EXPLICIT_DENY:
            return Decision(verdict, f"with an explicit deny in {_KINDS[kind]}")
    missing = [kind for kind, verdict in said[: len(layers)] if verdict is not Verdict.ALLOWED]
    if owner:
        missing = _with_owner(caller, request, owner, missing)
    if not missing:
        return Decision(Verdict.ALLOWED)
    reason = f"because no {_KINDS[missing[0]].split(' ', 1)[1]} allows the {request.action} action"
    return Decision(Verdict.IMPLICIT_DENY, reason)


_KINDS = {
    "identity-based": "an identity-based policy",
    "boundary": "a permissions boundary",
    "session": "a session policy",
    "resource-based": "a resource-based policy",
}


def _layers(caller: Caller) -> list[tuple[str, tuple[Policy, ...]]]:
    """The caller's own policies: each layer has to allow."""
    limits = (("boundary", caller.boundary), ("session", caller.session_policy))
    return [
        ("identity-based", caller.policies),
        *((kind, (policy,)) for kind, policy in limits if policy is not None),
    ]


def _with_owner(caller: Caller, request: Request, owner: ResourceSide, missing: list[str]) -> list[str]:
    """What is still missing when the resource's side has been heard."""
    policies = [owner.policy] if owner.policy else []
    if caller.account == owner.account:
        # Naming the principal itself is a grant; naming its account only hands over to IAM.
        if judge(policies, request, _own_names(caller)) is Verdict.ALLOWED:
            return [kind for kind in missing if kind != "identity-based"]
        if not owner.must_allow:
            return missing
    if judge(policies, request, _all_names(caller)) is Verdict.ALLOWED:
        return missing
    return [*missing, "resource-based"]


def _own_names(caller: Caller) -> frozenset[Name]:
    return frozenset({("AWS", caller.arn), ("AWS", caller.entity_arn)})


def _all_names(caller: Caller) -> frozenset[Name]:
    partition = caller.arn.split(":")[1]
    root = f"arn:{partition}:iam::{caller.account}:root"
    return _own_names(caller) | {("AWS", caller.account), ("AWS", root)}


def _statements(policies: Iterable[Policy]) -> Iterator[Mapping[str, Any]]:
    for policy in policies:
        statements = policy["Statement"]
        yield from statements if isinstance(statements, list) else [statements]


def _concerns(statement: Mapping[str, Any], names: frozenset[Name] | None) -> bool:
    if names is None:
        return True
    if "NotPrincipal" in statement:
        return not _named(statement["NotPrincipal"], names)
    return _named(statement.get("Principal", {}), names)


def _named(principal: Any, names: frozenset[Name]) -> bool:
    if principal == "*":
        return True
    kinds = {kind for kind, _ in names}
    return any(
        (kind, value) in names or (value == "*" and kind in kinds)
        for kind, values in principal.items()
        for value in many(values)
    )


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _covers_action(statement, request.action)
        and _covers_resource(statement, request)
        and holds(statement.get("Condition", {}), request.context)
    )


def _covers_action(statement: Mapping[str, Any], action: str) -> bool:
    def listed(element: Any) -> bool:
        return any(wildcard(pattern.lower(), action.lower()) for pattern in many(element))

    if "NotAction" in statement:
        return not listed(statement["NotAction"])
    return listed(statement["Action"])


def _covers_resource(statement: Mapping[str, Any], request: Request) -> bool:
    """A trust policy names no resource: it is about the role that it belongs to."""

    def listed(element: Any) -> bool:
        patterns = (expand(pattern, request.context) for pattern in many(element))
        return any(wildcard(pattern, request.resource) for pattern in patterns)

    if "NotResource" in statement:
        return not listed(statement["NotResource"])
    return "Resource" not in statement or listed(statement["Resource"])
