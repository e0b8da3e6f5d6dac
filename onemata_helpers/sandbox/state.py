"""What the sandbox knows beside moto's backends. One world in a process, as moto has it."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .keys import Key
from .serverless import Serverless
from .wire.faults import Faults
from .wire.limits import Limits


@dataclass
class State:
    """Reset by each start."""

    accounts: set[str] = field(default_factory=set)
    admins: dict[str, Key] = field(default_factory=dict)
    propagation_seconds: float = 0
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    busy_cluster: int = 0
    endpoint: str = ""
    associations: Counter[str] = field(default_factory=Counter)
    statement_owners: dict[str, str] = field(default_factory=dict)
    data_sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    serverless: defaultdict[tuple[str, str], Serverless] = field(default_factory=lambda: defaultdict(Serverless))
    without_assumerole: set[tuple[str, str]] = field(default_factory=set)
    statements_hang: bool = False
    query_workgroups: dict[str, str] = field(default_factory=dict)
    locations_are_checked: bool = False
    no_copy_in_transactions: bool = False
    crawls_hang: bool = False
    crawlers_ask_for_buckets: bool = False
    _created: dict[str, float] = field(default_factory=dict)
    _changed: dict[str, float] = field(default_factory=dict)

    def created(self, arn: str) -> None:
        """Note that a role or profile has just been made."""
        self._note(self._created, arn)

    def changed(self, arn: str) -> None:
        """Note that a role's trust, or the role in a profile, has just been changed."""
        self._note(self._changed, arn)

    def is_new(self, arn: str) -> bool:
        """Whether AWS's other services do not see this role or profile yet.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
        """
        return self._is_recent(self._created.get(arn))

    def is_fresh(self, arn: str) -> bool:
        """Whether AWS's other services do not see this role or profile as it is now."""
        return self.is_new(arn) or self._is_recent(self._changed.get(arn))

    def _note(self, moments: dict[str, float], arn: str) -> None:
        """What is made while changes take no time is everywhere at once, and stays so."""
        if self.propagation_seconds > 0:
            moments[arn] = time.monotonic()

    def _is_recent(self, moment: float | None) -> bool:
        return moment is not None and time.monotonic() - moment < self.propagation_seconds


state = State()


def reset(propagation_seconds: float) -> None:
    """Forget what the last sandbox knew."""
    state.__dict__.update(State(propagation_seconds=propagation_seconds).__dict__)
