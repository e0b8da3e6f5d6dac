"""What the operator must be allowed to do, as a policy for the client's admin to paste.

Each resource class says which actions it needs on which resources; here they become one policy.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable

from . import policy_checks, preflight
from .parameters import ServiceParameters
from .policies import Document, Statement, document
from .resources.base import Permission
from .services import every_permission, service_of


def policy(services: Iterable[ServiceParameters]) -> Document:
    """The policy that lets an operator run these services' runbooks, every action of them, and no more."""
    chosen = list(services)
    needed = [each for parameters in chosen for each in (*needed_for(parameters), *preflight.permissions(parameters))]
    return document(*(_statement(*scope, sorted(names)) for scope, names in sorted(_by_scope(needed).items())))


def unscoped() -> Document:
    """The same for parameters that are not known yet: every action of every service, on all resources."""
    possible = [*every_permission(), *policy_checks.every_permission()]
    actions = {action for each in possible for action in each.actions}
    return document({"Effect": "Allow", "Action": sorted(actions), "Resource": "*"})


def needed_for(parameters: ServiceParameters) -> list[Permission]:
    """What a run may need, whatever its action, but to ask whether it is allowed."""
    return [*service_of(parameters).permissions(), *policy_checks.permissions(parameters)]


def _by_scope(needed: Iterable[Permission]) -> dict[tuple[tuple[str, ...], tuple[str, ...]], set[str]]:
    """The actions that go into one statement: those on the same resources, with the same condition."""
    resources: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for each in needed:
        for action in each.actions:
            resources.setdefault((action, each.condition), set()).update(each.resources)
    scopes: dict[tuple[tuple[str, ...], tuple[str, ...]], set[str]] = {}
    for (action, condition), found in resources.items():
        scopes.setdefault((_without_covered(found), condition), set()).add(action)
    return scopes


def _without_covered(arns: set[str]) -> tuple[str, ...]:
    """The ARNs without those that another, which ends in `*`, covers."""
    wide = [arn for arn in arns if arn.endswith("*")]
    return tuple(sorted(a for a in arns if not any(a != w and a.startswith(w.removesuffix("*")) for w in wide)))


def _statement(resources: tuple[str, ...], condition: tuple[str, ...], actions: list[str]) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    if not condition:
        return statement
    operator, key, *values = condition
    return statement | {"Condition": {operator: {key: values}}}
