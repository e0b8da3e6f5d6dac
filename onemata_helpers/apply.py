"""Do exactly what a plan says, one call after the other, and stop at the first failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from .errors import OnemataError, PlanBlocked, PlanChanged
from .plan import Call, Change, Frozen, Plan
from .refusal import aws_refusal
from .resources.base import Resource
from .session import Aws
from .wait import Wait

_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")


class Done(Frozen):
    """A change that was carried out, or begun: its calls that went through, and the failure if there was one."""

    time: str
    change: Change
    status: Literal["done", "failed"]
    calls: tuple[str, ...]
    error: str = ""


def refuse_unless_approved(plan: Plan, approved: str) -> None:
    """Raise PlanBlocked or PlanChanged when this plan must not be applied.

    `approved` is the digest that was approved; empty when none was given.
    """
    if plan.blocked:
        reasons = "\n".join(f"  - {change.resource}: {change.why}" for change in plan.blocked)
        raise PlanBlocked(f"Nothing was done: a person has to decide first.\n{reasons}")
    if approved and approved != plan.digest:
        raise PlanChanged(
            f"Nothing was done: the plan {approved} was approved, but today's plan is {plan.digest}. "
            "Who acts: the engineer shows the client today's plan and sets approved_plan to its digest."
        )


def apply(
    plan: Plan, resources: Mapping[str, Resource], aws: Aws, wait: Wait, on_change: Callable[[Done], None]
) -> None:
    """Carry out the plan's pending changes in order, each until it is usable; tell `on_change` of each.

    `resources` are those that the plan was made of, by key. Raises AwsRefused or NotUsable at the
    first failure, after `on_change` was told of it; what was done before stays, and a second run goes on from there.
    """
    for change in plan.pending:
        gone_through: list[str] = []
        answer: dict[str, Any] = {}
        resource = resources[change.resource]
        try:
            for call in change.calls:
                answer = _perform(call, resource, aws, wait)
                gone_through.append(str(call))
            resource.settle(aws, wait, change, answer)
        except (ClientError, BotoCoreError) as error:
            failure: OnemataError = aws_refusal(f"Waiting for {change.resource}", aws.where, error)
        except OnemataError as error:
            failure = error
        else:
            on_change(_done(change, gone_through))
            continue
        on_change(_done(change, gone_through, str(failure)))
        raise failure


def _perform(call: Call, resource: Resource, aws: Aws, wait: Wait) -> dict[str, Any]:
    operation = getattr(aws.client(call.service), call.operation)
    arguments = {key: json.dumps(value) if key in _DOCUMENTS else value for key, value in call.arguments.items()}
    try:
        answer: dict[str, Any] = wait.retry(lambda: operation(**arguments), resource.transient)
    except (ClientError, BotoCoreError) as error:
        raise aws_refusal(f"{call} for {resource.key}", aws.where, error) from None
    return answer


def _done(change: Change, calls: list[str], error: str = "") -> Done:
    return Done(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        change=change,
        status="failed" if error else "done",
        calls=tuple(calls),
        error=error,
    )
