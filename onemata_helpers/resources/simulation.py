"""What the policies of a user or role allow, as IAM's simulator says. It knows no policy of a bucket, key or session.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from ..answers import Answer, Plain
from ..errors import OddAnswer
from ..session import Aws

SIMULATE = "iam:SimulatePrincipalPolicy"
ANYTHING = "*"

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]


@dataclass(frozen=True)
class Simulated:
    """What the simulator says of one action on one resource.

    `untold` are the condition keys that policies ask for and that it was not told. `by_boundary` and
    `by_organization` say whether these let it through; where there is none, they do.
    """

    decision: Decision
    untold: tuple[str, ...] = ()
    by_boundary: bool = True
    by_organization: bool = True


def allows(aws: Aws, role_arn: str, action: str, resource: str = ANYTHING, **context: str) -> bool:
    """Whether the role's policies allow an action on a resource. `context` are condition keys, `__` for their `:`.

    Raises as `Aws.call` does, and OddAnswer if the answer is about anything else.
    """
    told = {key.replace("__", ":"): value for key, value in context.items()}
    return simulate(aws, role_arn, [action], [resource], told)[action, resource].decision == "allowed"


def simulate(
    aws: Aws, source_arn: str, actions: Sequence[str], resources: Sequence[str], context: Mapping[str, str]
) -> dict[tuple[str, str], Simulated]:
    """What the policies of a user or role say of each action on each resource, under these condition keys.

    `*` must be the only resource. Raises as `Aws.call` does, and OddAnswer if the answer lacks one of them.
    """
    arguments: dict[str, Any] = {"PolicySourceArn": source_arn, "ActionNames": list(actions)}
    if list(resources) != [ANYTHING]:
        arguments["ResourceArns"] = list(resources)
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context.items()
    ]
    pages = aws.pages("iam", "simulate_principal_policy", _Simulation, **arguments, ContextEntries=entries)
    found = dict(each for page in pages for one in page.evaluation_results for each in one.by_resource(resources))
    lacking = [f"{action} on {on}" for action in actions for on in resources if (action, on) not in found]
    if lacking:
        raise OddAnswer(SIMULATE, f"it says nothing of {lacking[0]}")
    return found


class _Boundary(Answer):
    allowed_by_permissions_boundary: bool


class _Organization(Answer):
    allowed_by_organizations: bool


class _OfResource(Answer):
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResourceSpecificResult.html
    eval_resource_name: Plain
    eval_resource_decision: Decision
    missing_context_values: list[Plain] = Field(default_factory=list)
    permissions_boundary_decision_detail: _Boundary | None = None


class _Result(Answer):
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
    eval_action_name: Plain
    eval_resource_name: Plain = ANYTHING
    eval_decision: Decision
    missing_context_values: list[Plain] = Field(default_factory=list)
    permissions_boundary_decision_detail: _Boundary | None = None
    organizations_decision_detail: _Organization | None = None
    resource_specific_results: list[_OfResource] = Field(default_factory=list)

    def by_resource(self, asked: Sequence[str]) -> Iterable[tuple[tuple[str, str], Simulated]]:
        """The decisions, by action and resource. Where none is told by resource, it is of the only one, or named."""
        organization = self.organizations_decision_detail
        by_organization = organization is None or organization.allowed_by_organizations
        for each in self.resource_specific_results:
            boundary = each.permissions_boundary_decision_detail or self.permissions_boundary_decision_detail
            said = _simulated(each.eval_resource_decision, each.missing_context_values, boundary, by_organization)
            yield (self.eval_action_name, each.eval_resource_name), said
        if not self.resource_specific_results:
            boundary = self.permissions_boundary_decision_detail
            said = _simulated(self.eval_decision, self.missing_context_values, boundary, by_organization)
            yield (self.eval_action_name, asked[0] if len(asked) == 1 else self.eval_resource_name), said


class _Simulation(Answer):
    evaluation_results: list[_Result]


def _simulated(decision: Decision, untold: list[str], boundary: _Boundary | None, by_organization: bool) -> Simulated:
    by_boundary = boundary is None or boundary.allowed_by_permissions_boundary
    return Simulated(decision, tuple(untold), by_boundary, by_organization)
