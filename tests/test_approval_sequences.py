"""Random sequences of approvals, runs, kills and what a client takes away, held against a model of who approved what.

The account is three parts, and of a run there is its record alone: what is tried is which run may do what.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from onemata_helpers.apply import Done
from onemata_helpers.approval import refuse_unless_approved
from onemata_helpers.errors import PlanChanged
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.plan import Call, Change, Plan
from onemata_helpers.record import Outcome, Record, write_record

from .conftest import values

PARTS = ("role", "policy", "cluster")
PARAMETERS = from_notebook("redshift", values("redshift", action="apply"))
MACHINES = st.sampled_from([timedelta(minutes=minutes) for minutes in (0, -4, 4)])
"""By how much a machine's clock is wrong; with more, AWS refuses its requests."""


@dataclass
class File:
    """A file with approvals: its plan, what was done since that was made, whether it acted, and was used up."""

    plan: Plan
    shown: str
    done: set[str] = field(default_factory=set)
    acted: bool = False
    used_up: bool = False


def plan_of(missing: tuple[str, ...]) -> Plan:
    """What puts these parts in place."""
    put = Call(service="iam", operation="Put", arguments={})
    changes = tuple(Change(kind="create", resource=part, step="", why="", calls=(put,)) for part in missing)
    where = {"account_id": PARAMETERS.account_id, "partition": "aws", "region": PARAMETERS.region}
    return Plan(action="apply", service="redshift", changes=changes, observed={}, **where)


class Approvals(RuleBasedStateMachine):
    """An hour passes with each step, so that a clock that is wrong changes no order."""

    def __init__(self) -> None:
        super().__init__()
        self.open = tempfile.TemporaryDirectory()
        self.folder = Path(self.open.name)
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.there: set[str] = set()
        self.files: list[File] = []

    def teardown(self) -> None:
        self.open.cleanup()

    @property
    def plan(self) -> Plan:
        return plan_of(tuple(part for part in PARTS if part not in self.there))

    def now(self, wrong: timedelta) -> datetime:
        self.time += timedelta(hours=1)
        return self.time + wrong

    @rule(machine=MACHINES)
    def a_plan_is_shown_and_approved(self, machine: timedelta) -> None:
        began = self.now(machine)
        self.keep(began, PARAMETERS.model_copy(update={"action": "plan"}), "planned", [])
        self.files.append(File(self.plan, began.isoformat(timespec="milliseconds")))

    @rule(number=st.integers(0, 4), machine=MACHINES, killed_after=st.none() | st.integers(0, 2))
    def a_file_is_applied(self, number: int, machine: timedelta, killed_after: int | None) -> None:
        if number >= len(self.files):
            return
        file, plan = self.files[number], self.plan
        pending = {change.resource for change in plan.pending}
        told = {"approved_plan": file.plan.digest, "plan_shown": file.shown}
        parameters = PARAMETERS.model_copy(update=told)
        is_approved = pending <= {change.resource for change in file.plan.pending}
        try:
            refuse_unless_approved(plan, parameters, self.folder / "own.json")
        except PlanChanged:
            holds = is_approved and not pending & file.done and not file.used_up
            assert not holds or not (plan == file.plan or file.acted), "an approval is refused that holds"
            return
        assert is_approved
        assert not pending & file.done, "what was undone since its approval is done again"
        file.acted |= bool(pending)
        self.apply(parameters, machine, killed_after)

    @rule(machine=MACHINES, killed_after=st.none() | st.integers(0, 2))
    def all_is_applied_as_each_night(self, machine: timedelta, killed_after: int | None) -> None:
        self.apply(PARAMETERS, machine, killed_after)

    @rule(part=st.sampled_from(PARTS))
    def the_client_takes_a_part_away(self, part: str) -> None:
        self.there.discard(part)

    def apply(self, parameters: ServiceParameters, machine: timedelta, killed_after: int | None) -> None:
        pending = self.plan.pending
        done = list(pending)[:killed_after]
        killed = len(done) < len(pending)
        self.keep(self.now(machine), parameters, None if killed else "applied", done)
        self.there |= {change.resource for change in done}
        for file in self.files:
            file.done |= {change.resource for change in done}
            file.used_up |= file.acted and not killed

    def keep(self, began: datetime, told: ServiceParameters, outcome: Outcome | None, changes: list[Change]) -> None:
        time = began.isoformat(timespec="milliseconds")
        record = Record(
            notice="", sandbox=True, client="example", account_id=told.account_id, region=told.region,
            service="redshift", action=told.action, started=time, finished=time if outcome else None, outcome=outcome,
            parameters=told.model_dump(mode="json"), plan=self.plan, plan_digest=self.plan.digest, versions={},
            changes_done=[Done(time=time, change=each, status="done", calls=("iam:Put",)) for each in changes],
        )  # fmt: skip
        write_record(self.folder / f"{began:%Y-%m-%dT%H%M%S}.000Z.json", record)


def test_an_approval_acts_once_and_holds_until_then() -> None:
    run_state_machine_as_test(Approvals, settings=settings(max_examples=60, stateful_step_count=12, deadline=None))
