"""What every resource can do, and the one look at the account that they share."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, ClassVar, TypeVar

from ..plan import Call, Change, Field, Kind
from ..session import Aws
from ..side_by_side import side_by_side
from ..wait import Transient, Wait

OWNER_TAG = "onemata:runbook"
"""Marks what a runbook made; the value is the service. A role is ours only with our description, too."""

# IAM answers from many places, and the next call may reach one that has not heard of the last.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
NOT_YET_IN_IAM = Transient(
    "NoSuchEntity", "cannot be found", "IAM does not show the new role or profile everywhere yet", removing=False
)

# What was just taken off a role or profile can still count as on it.
STILL_ON_IT = Transient(
    "DeleteConflict", "cannot delete entity", "IAM still shows what was just detached", removing=True
)

# As what a role is passed on where AWS does not say it: AWS's own solution, which demanded `redshift.amazonaws.com` for
# a workgroup, had to go without. So either name will do, and none, too.
# https://github.com/aws-solutions-library-samples/guidance-for-clickstream-analytics-on-aws/pull/749
_PASSED_AS = {"redshift-serverless": ("redshift-serverless", "redshift")}

State = TypeVar("State")


@dataclass(frozen=True)
class Permission:
    """IAM actions that the operator needs, the narrowest resources that AWS knows for them, and a condition.

    `passed_to` names the service that a role may be passed to; `owner_key` is a condition key that must name the
    operator as the owner.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    passed_to: str = ""
    owner_key: str = ""

    @property
    def condition(self) -> tuple[str, ...]:
        """An operator, a condition key and the values of which it must have one; empty for no condition."""
        if self.passed_to:
            operator = "StringEqualsIfExists" if self.passed_to in _PASSED_AS else "StringEquals"
            named = _PASSED_AS.get(self.passed_to, (self.passed_to,))
            services = (f"{each}.amazonaws.com{end}" for each in named for end in ("", ".cn"))
            return operator, "iam:PassedToService", *services
        return ("StringEquals", self.owner_key, "${aws:userid}") if self.owner_key else ()


class Look:
    """One look at the account. Each thing is read once, and a failure to read it is remembered, too.

    `seen` keeps what was found, for the record.
    """

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.seen: dict[str, Any] = {}
        self._began = _clocks()
        self._reads: dict[str, Future[Any]] = {}
        self._beginning = Lock()

    def once(self, key: str, read: Callable[[Aws], State]) -> State:
        """What `read` finds, read at the first call for this key and remembered for the next."""
        with self._beginning:
            is_first = key not in self.seen and key not in self._reads
            if is_first:
                self._reads[key] = Future()
        if is_first:
            self._read(key, read)
        found: State = self.seen[key] if key in self.seen else self._reads[key].result()
        return found

    def ahead(self, readers: Iterable[Callable[[Look], object]]) -> None:
        """Let all of these read what they need, side by side. What fails is told to whoever asks for it first."""
        side_by_side([partial(_read_ahead, each, self) for each in readers])

    def forget(self, key: str) -> None:
        """It may be another now: who asks for it next reads it again."""
        self._reads.pop(key, None)
        self.seen.pop(key, None)

    def holds(self, seconds: float) -> bool:
        """Whether it began no longer ago than that, and all could be read."""
        ages = (now - began for now, began in zip(_clocks(), self._began, strict=True))
        return set(self._reads) <= set(self.seen) and all(0 <= age <= seconds for age in ages)

    def _read(self, key: str, read: Callable[[Aws], Any]) -> None:
        try:
            self.seen[key] = read(self.aws)
            self._reads[key].set_result(self.seen[key])
        except BaseException as error:
            self._reads[key].set_exception(error)


def _clocks() -> tuple[float, float]:
    """One that nobody sets, but that stands still while the machine sleeps, and one that goes on."""
    return time.monotonic(), time.time()


def _read_ahead(reader: Callable[[Look], object], look: Look) -> None:
    with suppress(Exception):  # it comes again where it is asked for
        reader(look)


@dataclass(frozen=True)
class Resource(ABC):
    """One thing in AWS as it should be.

    `step` is the step of the guide that calls for it, `transient` the refusals that only mean "not yet usable",
    and `settling_seconds` how long AWS may take (None: as long as is usual).
    """

    step: str

    transient: ClassVar[tuple[Transient, ...]] = ()
    settling_seconds: ClassVar[float | None] = None

    @property
    @abstractmethod
    def key(self) -> str:
        """A short name, unique within a plan, like `role onemata-redshift`."""

    @abstractmethod
    def changes(self, look: Look) -> list[Change]:
        """What makes it as it should be; a single `nothing` if it is. Empty for what is rightly absent."""

    @abstractmethod
    def removal(self, look: Look) -> list[Change]:
        """What takes it away again, as far as it is ours; `keep` says why it stays."""

    def send(self, aws: Aws, wait: Wait, change: Change, call: Call) -> dict[str, Any]:
        """Send a call of `change`, and give AWS's answer; again for each try. Raises as `Aws.call` does.

        What overwrites all that is there looks again first, and raises Overtaken unless it is what the plan showed.
        """
        return aws.call(call.service, call.operation, **call.arguments)

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:  # noqa: B027
        """Wait until what `change` did is usable, or gone; most things are at once.

        `answer` is AWS's to the last call of the change, empty if it was lost. Raises NotUsable.
        """

    def left_to_do(self, look: Look, change: Change, *, removing: bool) -> list[Call] | None:
        """The calls of `change` that are still needed, when its outcome is not known: the answer was lost.

        None if it can no longer be done, since something else has come in its way.
        """
        fresh = self.removal(look) if removing else self.changes(look)
        if any(each.kind == "blocked" for each in fresh):
            return None
        asked = {str(call) for call in change.calls}
        return [call for each in fresh for call in each.calls if str(call) in asked]

    def unsettled(self, look: Look) -> str:
        """The passing state that it is in, though nothing has to be done about it; empty if none."""
        return ""

    def fault(self, look: Look) -> str:
        """What keeps it from working and does not pass by itself; empty if nothing."""
        return ""

    def change(self, kind: Kind, why: str, *calls: Call, fields: tuple[Field, ...] = ()) -> Change:
        """A change of this resource."""
        return Change(kind=kind, resource=self.key, step=self.step, why=why, fields=fields, calls=calls)


def iam(operation: str, **arguments: Any) -> Call:
    """A call of IAM's that changes something."""
    return Call(service="iam", operation=operation, arguments=arguments)
