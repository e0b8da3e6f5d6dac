"""What a role's own policies allow, as IAM's simulator says. It knows no policy of a bucket or key.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from ..answers import Answer, Plain
from ..session import Aws
from .role_state import same_thing


class _Result(Answer):
    eval_action_name: Plain
    eval_decision: Plain


class _Simulation(Answer):
    evaluation_results: list[_Result]


def allows(aws: Aws, role_arn: str, action: str, resource: str, **context: str) -> bool:
    """Whether the role's policies allow an action on a resource. `context` are condition keys, `__` for their `:`.

    Raises as `Aws.call` does, and OddAnswer if the answer is about anything else.
    """
    arguments = {"PolicySourceArn": role_arn, "ActionNames": [action], "ResourceArns": [resource]}
    entries = [
        {"ContextKeyName": key.replace("__", ":"), "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context.items()
    ]
    answer = aws.ask("iam", "simulate_principal_policy", _Simulation, **arguments, ContextEntries=entries)
    same_thing(
        "iam:SimulatePrincipalPolicy", ", ".join(each.eval_action_name for each in answer.evaluation_results), action
    )
    return answer.evaluation_results[0].eval_decision == "allowed"
