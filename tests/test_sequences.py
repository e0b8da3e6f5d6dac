"""Random sequences of runs, of the client's own edits and of faults, held against a model of who owns what.

`make test` runs a few of them, always the same; `make campaign` runs a hundred, always others.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from onemata_helpers import sandbox
from onemata_helpers.permissions import unscoped
from onemata_helpers.plan import Plan
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.services import every_permission

from .books import BOOKS, Book
from .client_edits import EDITS, SHARED_ROLE, Edit, prepare
from .conftest import Run
from .ownership import Fact, Ownership, facts, holder_of
from .test_faults import Killed, fault_at

FAULTS = st.tuples(st.sampled_from(["killed", "interrupted", "lost answer"]), st.integers(0, 9))
READS = ("Get", "List", "Describe", "Simulate")
OPERATIONS = {action.split(":")[1] for each in every_permission() for action in each.actions}
WRITES = sorted(each for each in OPERATIONS if not each.startswith(READS))
# What a removal says that it leaves: the client's own, and what other instances of the same role have.
DOCUMENTED = re.compile("client's|is also on|holds another role")
Step = Callable[[Sandbox], object]


class Sequences(RuleBasedStateMachine):
    """One account, a few runbooks on it, and the client. Each step checks what must hold after it."""

    runbooks: Bundle[Book] = Bundle("runbooks")

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.patch = self.open.enter_context(pytest.MonkeyPatch.context())
        self.aws = self.sandbox()
        self.now = facts(self.aws)
        self.ownership = Ownership(set(self.now))
        self.standing: list[Book] = []
        self.unremoved: dict[str, Book] = {}
        self.kept: set[str] = set()
        self.history: list[Step] = []
        self.disturbed = False

    def sandbox(self) -> Sandbox:
        """A fresh account."""
        box = self.open.enter_context(sandbox.start(operator_policy=unscoped()))
        self.patch.setenv(SANDBOX_URL, box.url)
        prepare(box)
        return box

    @initialize(target=runbooks, chosen=st.lists(BOOKS, min_size=2, max_size=3))
    def a_few_runbooks(self, chosen: list[Book]) -> Any:
        return multiple(*chosen)

    @rule(book=runbooks)
    def apply(self, book: Book) -> None:
        self.carry_out(book, "apply")

    @rule(book=runbooks)
    def remove(self, book: Book) -> None:
        self.carry_out(book, "remove")

    @rule(book=runbooks, action=st.sampled_from(["plan", "verify"]))
    def look(self, book: Book, action: str) -> None:
        assert book.run(action).writes == []
        assert facts(self.aws) == self.now

    @rule(edit=EDITS)
    def client_edits(self, edit: Edit) -> None:
        edit(self.aws)
        self.history.append(edit)
        before, self.now = self.now, facts(self.aws)
        self.ownership.client_made(before, self.now)
        if self.now != before:
            self.standing = [book for book in self.standing if stands(book)]

    @rule(book=runbooks, action=st.sampled_from(["apply", "remove"]), fault=FAULTS)
    def fault(self, book: Book, action: str, fault: tuple[str, int]) -> None:
        """A fault at one of the writes of a run. What it leaves, the same run completes."""
        with fault_of(fault, self.aws) as happened:
            done = attempt(book, action)
        self.disturbed |= bool(happened)
        if done is not None and fault[0] == "lost answer":
            assert done.record.outcome != "failed", done.error
        self.unremoved[str(book)] = book
        self.judge_changes(book, action)
        self.carry_out(book, action)

    def carry_out(self, book: Book, action: str) -> None:
        """Run a runbook, and judge all that must hold after it."""
        before = self.now
        self.history.append(lambda _: book.run(action))
        done = book.run(action)
        if done.writes:
            self.unremoved[str(book)] = book
        self.judge_changes(book, action)
        outcome = done.record.outcome
        assert outcome in ("applied", "verified", "removed", "blocked"), done.error
        if outcome == "blocked":
            assert done.writes == []
            assert self.now == before
        elif action == "apply":
            self.judge_applied(book)
        else:
            self.judge_removed(book, done.record.plan)

    def judge_changes(self, book: Book, action: str) -> None:
        """A run changed nothing of the client's but by its explicit choice, and broke no other runbook."""
        before, self.now = self.now, facts(self.aws)
        lost = {fact for fact in self.ownership.lost(self.now) if not book.may_take(fact, action)}
        assert not lost, f"{action} {book} took what is the client's: {lost}"
        strange = {fact for fact in self.now - before if not self.may_add(book, fact)}
        assert not strange, f"{action} {book} added to what is the client's: {strange}"
        self.ownership.theirs &= self.now
        self.standing = [each for each in self.standing if not book.decides_over(each, action)]
        broken = [each for each in self.standing if self.now != before and not stands(each)]
        assert not broken, f"{action} {book} broke {broken}"

    def may_add(self, book: Book, fact: Fact) -> bool:
        holder = holder_of(fact[0])
        return not holder or not self.ownership.is_theirs(holder) or book.may_add_to(holder, fact[0])

    def judge_applied(self, book: Book) -> None:
        missing = [each for each in book.needs(self.now) if each not in self.now]
        assert not missing, f"{book} is said to be in place, and lacks {missing}"
        again = book.run("apply")
        assert again.writes == []
        assert again.error is None
        self.standing.append(book)

    def judge_removed(self, book: Book, plan: Plan | None) -> None:
        assert plan is not None
        self.unremoved.pop(str(book), None)
        stays = {each.resource for each in plan.changes if each.kind in ("keep", "update")}
        ours = self.now - self.ownership.theirs
        on_role = {fact for fact in ours if holder_of(fact[0]) == f"role {book.name}" and fact[0] not in stays}
        left = {fact for fact in on_role if book.delivery.id in "".join(fact)}
        assert not left, f"remove {book} left {left}"
        self.kept |= {each.resource for each in plan.changes if each.kind == "keep" and DOCUMENTED.search(each.why)}
        if not self.unremoved:
            left = {fact for fact in ours if fact[0] not in self.kept and not self.is_out_of_sight(fact[0])}
            assert not left, f"All is removed, and there is still {left}"

    def is_out_of_sight(self, thing: str) -> bool:
        """What the notes of a removal name: our policy on a role that an instance had earlier."""
        holder = holder_of(thing)
        return thing.startswith("inline policy onemata-assume-role-") and self.ownership.is_theirs(holder)

    def teardown(self) -> None:
        """With its faults, a sequence leads where it leads without them."""
        try:
            if self.disturbed and sys.exception() is None:
                self.replay()
        finally:
            self.open.close()

    def replay(self) -> None:
        self.aws.stop()
        box = self.sandbox()
        for step in self.history:
            step(box)
        assert facts(box) ^ self.now == set(), f"with faults {self.now - facts(box)}, without {facts(box) - self.now}"


def stands(book: Book) -> bool:
    """Whether a runbook verifies; to look writes nothing."""
    done = book.run("verify")
    assert done.writes == []
    return done.record.outcome in ("applied", "verified")


def attempt(book: Book, action: str) -> Run | None:
    try:
        return book.run(action)
    except Killed:
        return None


@contextmanager
def fault_of(fault: tuple[str, int], aws: Sandbox) -> Iterator[list[str]]:
    """The fault happens at the write of that number, if there are so many; gives a list, not empty if it happened."""
    kind, number = fault
    happened: list[str] = []
    writes: list[str] = []
    armed = True

    def lose(call: IncomingCall) -> None:
        writes.append(call.operation)
        if armed and len(writes) == number + 1:
            happened.append(call.operation)
            aws.fail(call.operation, "lost answer")

    for operation in WRITES if kind == "lost answer" else ():
        aws.before(operation, lose)
    try:
        if kind == "lost answer":
            yield happened
        else:
            happened.append(kind)
            with fault_at(number, kind, aws, []):
                yield happened
    finally:
        armed = False


def run_sequences(examples: int, steps: int, **more: Any) -> None:
    """Sequences of so many steps at most, each in an account of its own."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        **more,
    )
    run_state_machine_as_test(Sequences, settings=chosen)


def test_two_services_on_one_role_come_and_go() -> None:
    name: tuple[tuple[str, Any], ...] = (("role_name", SHARED_ROLE), ("adopt_existing", True))
    state = Sequences()
    try:
        for service in ("redshift", "glue"):
            state.apply(book=Book(service, name))
        state.remove(book=Book("redshift", name))
        state.fault(book=Book("glue", name), action="remove", fault=("killed", 1))
        assert state.now == state.ownership.theirs
    finally:
        state.teardown()


def test_a_few_sequences() -> None:
    run_sequences(3, 5)


@pytest.mark.campaign
def test_many_sequences() -> None:
    run_sequences(100, 10, derandomize=False)
