"""Do exactly what a plan says, one call after the other, and stop at the first failure.

An answer may get lost on its way, and the call have gone through. So after a failure we look: what is there as the
plan wants it is done, whatever came back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from .errors import AwsRefused, Interrupted, OddAnswer, OnemataError
from .frozen import Frozen
from .plan import Call, Change, Plan
from .refusal import aws_refusal
from .resources.base import Look, Resource
from .session import Aws
from .wait import Wait

_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")
_TAKES_AWAY = ("delete", "detach")
# With one of these AWS has not carried the call out, so there is nothing to look for.
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# IAM may show a change only seconds after it was made.
_LOOKING_SECONDS = 10


class Done(Frozen):
    """A change that was carried out, or begun: its calls that went through, and the failure if there was one.

    `begun` stays only where the run was killed in the middle of it: the call under way may have gone through.

    `unanswered` are those of the calls whose answer was lost, and whose effect was seen.
    """

    time: str
    change: Change
    status: Literal["begun", "done", "failed"]
    calls: tuple[str, ...]
    unanswered: tuple[str, ...] = ()
    error: str = ""


def apply(
    plan: Plan,
    resources: Mapping[str, Resource],
    aws: Aws,
    wait: Wait,
    on_change: Callable[[Done], None],
    may_go_on: Callable[[], None],
) -> None:
    """Carry out the plan's pending changes in order, each until it is usable; tell `on_change` of each.

    `resources` are those that the plan was made of, by key. `may_go_on` is called before each call, and raises if
    no more may be changed. Raises AwsRefused, OddAnswer, Overtaken, NotUsable or Interrupted at the first failure,
    after `on_change` was told of it; what was done before stays, and a second run resumes from there.
    """
    for change in plan.pending:
        work = _Work(change, resources[change.resource], aws, wait, plan.action == "remove", may_go_on)
        on_change(work.done("begun"))
        try:
            work.carry_out()
        except KeyboardInterrupt:
            failure = Interrupted(f"Interrupted while working on {change.resource}.")
            on_change(work.done("failed", str(failure)))
            raise failure from None
        except BaseException as error:
            on_change(work.done("failed", str(error) or type(error).__name__))
            raise
        on_change(work.done("done"))


@dataclass
class _Work:
    """One change as it is carried out."""

    change: Change
    resource: Resource
    aws: Aws
    wait: Wait
    removing: bool
    may_go_on: Callable[[], None]
    gone_through: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def carry_out(self) -> None:
        answer: dict[str, Any] = {}
        calls = list(self.change.calls)
        while calls:
            self.may_go_on()
            call = calls.pop(0)
            try:
                answer = self._perform(call)
            except (ClientError, BotoCoreError, OddAnswer) as error:
                calls, answer = self._after_failure(call, error), {}
                self.unanswered.append(str(call))
            self.gone_through.append(str(call))
        try:
            self.resource.settle(self.aws, self.wait, self.change, answer)
        except (ClientError, BotoCoreError) as error:
            raise aws_refusal(f"Waiting for {self.resource.key}", self.aws.where, error) from None

    def done(self, status: Literal["begun", "done", "failed"], error: str = "") -> Done:
        return Done(
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            change=self.change,
            status=status,
            calls=tuple(self.gone_through),
            unanswered=tuple(self.unanswered),
            error=error,
        )

    def _perform(self, call: Call) -> dict[str, Any]:
        arguments = {key: json.dumps(value) if key in _DOCUMENTS else value for key, value in call.arguments.items()}
        sent = call.model_copy(update={"arguments": arguments})
        taking = self.change.kind in _TAKES_AWAY
        passing = tuple(each for each in self.resource.transient if each.removing in (None, taking))
        return self.wait.retry(lambda: self.resource.send(self.aws, self.wait, self.change, sent), passing)

    def _after_failure(self, call: Call, error: ClientError | BotoCoreError | OddAnswer) -> list[Call]:
        """The calls that are left, if a look shows that this one went through; else raises the failure."""
        failure: OnemataError = (
            error
            if isinstance(error, OddAnswer)
            else aws_refusal(f"{call} for {self.resource.key}", self.aws.where, error)
        )
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _NOT_ALLOWED:
            raise failure from None

        def still_needed(left: list[Call] | None) -> bool:
            return left is None or str(call) in map(str, left)

        seconds = _LOOKING_SECONDS if _may_have_gone_through(error) else 0
        saying = f"the answer to {call} was lost; checking whether it went through"
        left = self.wait.patiently(saying, self._left, lambda left: not still_needed(left), seconds)
        if left is None or still_needed(left):
            raise failure from None
        return left

    def _left(self) -> list[Call] | None:
        """What a new look says is still to do of this change; None if it cannot be seen, or is in the way."""
        try:
            return self.resource.left_to_do(Look(self.aws), self.change, removing=self.removing)
        except (ClientError, BotoCoreError, AwsRefused, OddAnswer):
            return None


def _may_have_gone_through(error: ClientError | BotoCoreError | OddAnswer) -> bool:
    """Whether AWS may have carried out a call that ended so: no answer came, or an earlier try had none."""
    if isinstance(error, ClientError):
        return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts"))
    return True
