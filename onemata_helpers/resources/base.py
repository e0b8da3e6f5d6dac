"""What every resource can do, and the one look at the account that they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ..plan import Call, Change, Field, Kind
from ..session import Aws
from ..wait import Transient, Wait

OWNER_TAG = "onemata:runbook"
"""Marks what a runbook made; the value is the service. Only what carries it is changed or removed."""

# IAM answers from many places, and the next call may reach one that has not heard of the last.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
NOT_YET_IN_IAM = Transient(
    "NoSuchEntity", "cannot be found", "IAM does not show the new role or profile everywhere yet"
)

# What was just taken off a role or profile can still count as on it.
STILL_ON_IT = Transient("DeleteConflict", "cannot delete entity", "IAM still sees what was just taken off")

State = TypeVar("State")


class Look:
    """One look at the account. Each thing is read once; `seen` keeps what was found, for the plan's digest."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.seen: dict[str, Any] = {}

    def once(self, key: str, read: Callable[[Aws], State]) -> State:
        """What `read` finds, read at the first call for this key and remembered for the next."""
        if key not in self.seen:
            self.seen[key] = read(self.aws)
        found: State = self.seen[key]
        return found


@dataclass(frozen=True)
class Resource(ABC):
    """One thing in AWS as it should be.

    `step` is the step of the guide that calls for it. `permissions` are the IAM actions that it needs,
    and `transient` the refusals that only mean "not yet usable".
    """

    step: str

    permissions: ClassVar[tuple[str, ...]] = ()
    transient: ClassVar[tuple[Transient, ...]] = ()

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

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:  # noqa: B027
        """Wait until what `change` did is usable, or gone; most things are at once.

        `answer` is AWS's to the last call of the change. Raises NotUsable.
        """

    def unsettled(self, look: Look) -> str:
        """The passing state that keeps it from being usable, though it is there as it should be; empty if none."""
        return ""

    def fault(self, look: Look) -> str:
        """What keeps it from working and does not pass by itself; empty if nothing."""
        return ""

    def change(self, kind: Kind, why: str, *calls: Call, fields: tuple[Field, ...] = ()) -> Change:
        """A change of this resource."""
        return Change(kind=kind, resource=self.key, step=self.step, why=why, fields=fields, calls=calls)
