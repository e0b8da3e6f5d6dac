"""Random sequences of runs, of the client's own edits and of faults, held against a model of who owns what.

`make test` runs a few of them, always the same; `make campaign` runs hundreds, always others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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

from onemata_helpers import policies, sandbox
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.permissions import unscoped
from onemata_helpers.plan import Plan
from onemata_helpers.resources.delivery import Delivery
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.services import every_permission, service_of

from .client_edits import EDITS, INSTANCES, SHARED_ROLE, Edit, prepare
from .conftest import Run, run, values
from .ownership import Fact, Ownership, facts, holder_of
from .test_faults import Killed, fault_at

HERE = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}"
DELIVERIES: list[dict[str, Any]] = [
    {},
    {"bucket": sandbox.OTHER_BUCKET, "prefix": "", "onemata_role_arn": world.OTHER_ROLE_ARN},
]
ONE_OR_BOTH = [[INSTANCES[0]], [INSTANCES[1]], list(INSTANCES)]
PASSERS = [f"{HERE}:user/analyst", f"{HERE}:user/engineer", f"{HERE}:group/analysts"]
KEY = f"arn:aws:kms:us-east-1:{sandbox.ONEMATA_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@dataclass(frozen=True)
class Book:
    """A runbook with its parameters."""

    service: str
    changes: tuple[tuple[str, Any], ...]

    def __repr__(self) -> str:
        return f"{self.service}({', '.join(f'{key}={value!r}' for key, value in self.changes)})"

    def run(self, action: str) -> Run:
        return run(self.service, action, **dict(self.changes))

    @property
    def parameters(self) -> Any:
        return from_notebook(self.service, values(self.service, **dict(self.changes)))

    @property
    def delivery(self) -> Delivery:
        return service_of(self.parameters).delivery

    @property
    def name(self) -> str:
        return str(self.parameters.role_name)

    def decides_over(self, other: Book) -> bool:
        """Whether a run of this one is a choice against the other: the same runbook's new parameters, or `replace`."""
        mine, its = self.parameters, other.parameters
        if self.service == "ec2" == other.service and not set(mine.instance_ids) & set(its.instance_ids):
            same = all(getattr(mine, key) == getattr(its, key) for key in ("s3_access", "kms_key_arn"))
            return not same and self.delivery == other.delivery and self.name == other.name
        replaced = self.service == "ec2" == other.service and mine.on_existing_profile == "replace"
        return replaced or (self.delivery == other.delivery and self.name == other.name)

    def may_take(self, fact: Fact, action: str) -> bool:
        """on_existing_profile: replace is the client's choice to lose the profile that an instance has."""
        p = self.parameters
        replacing = self.service == "ec2" and action == "apply" and p.on_existing_profile == "replace"
        return replacing and fact[0] in {f"instance profile of {each}" for each in p.instance_ids}

    def may_add_to(self, holder: str, thing: str) -> bool:
        """Adopting adds to the role and profile of our name; extending and passing adds a policy of ours."""
        p = self.parameters
        adopted = {f"role {self.name}", f"instance profile {getattr(p, 'instance_profile', '')}"}
        policies_ = (f"inline policy onemata-assume-role-{self.delivery.id} on ", "inline policy onemata-pass-")
        return (p.adopt_existing and holder in adopted) or thing.startswith(policies_)

    def needs(self, now: frozenset[Fact]) -> list[Fact]:
        """What must be so for the service to read Onemata's data."""
        return {"redshift": self._redshift, "glue": self._glue, "ec2": self._ec2}[self.service](now)

    def _redshift(self, now: frozenset[Fact]) -> list[Fact]:
        p = self.parameters
        chain = self._assumes(self.name) if p.role_chain else []
        cluster = (f"role {self.name} on cluster {p.cluster_identifier}", "attached")
        return [cluster, *self._trusted(self.name), *self._access("AmazonS3ReadOnlyAccess"), *chain]

    def _glue(self, now: frozenset[Fact]) -> list[Fact]:
        service = (f"policy AWSGlueServiceRole on role {self.name}", "attached")
        return [service, *self._trusted(self.name), *self._access("AmazonS3FullAccess")]

    def _ec2(self, now: frozenset[Fact]) -> list[Fact]:
        instances = [f"instance profile of {each}" for each in self.parameters.instance_ids]
        held = {thing: what.rsplit("/", 1)[1] for thing, what in now if thing in instances}
        roles = [what[6:] for thing, what in now if thing[17:] in held.values() and what.startswith("holds ")]
        missing = [(each, "a profile") for each in instances if each not in held]
        return [*missing, *(fact for role in roles or ["of the profile"] for fact in self._assumes(role))]

    def _trusted(self, role: str) -> list[Fact]:
        trust = policies.canonical(policies.service_trust(self.service, "aws"))["Statement"][0]
        return [(f"role {role}", f"trust: {json.dumps(trust, sort_keys=True)}")]

    def _access(self, managed: str) -> list[Fact]:
        p = self.parameters
        if p.s3_access == "managed":
            return [(f"policy {managed} on role {self.name}", "attached")]
        return self._policy("s3-read", self.name, policies.s3_read("aws", p.location, p.kms_key_arn))

    def _assumes(self, role: str) -> list[Fact]:
        return self._policy("assume-role", role, policies.assume_role(self.parameters.onemata_role_arn))

    def _policy(self, what: str, role: str, document: policies.Document) -> list[Fact]:
        thing = f"inline policy onemata-{what}-{self.delivery.id} on role {role}"
        return [(thing, json.dumps(each, sort_keys=True)) for each in policies.canonical(document)["Statement"]]


DEFAULTS = (False, "", "managed", "stop")


def books(service: str, **choices: list[Any]) -> st.SearchStrategy[Book]:
    """Runbooks of a service, with one of each of the choices."""
    shared: dict[str, list[Any]] = {
        "adopt_existing": [False, True],
        "s3_access": ["managed", "scoped"],
        "kms_key_arn": ["", KEY],
        "permissions_boundary_arn": ["", f"{HERE}:policy/boundary"],
    }
    varied = {key: st.sampled_from(each) for key, each in (shared | choices).items()}

    def book(delivery: dict[str, Any], chosen: dict[str, Any]) -> Book:
        told = {key: value for key, value in chosen.items() if value not in DEFAULTS}
        return Book(service, tuple((delivery | told).items()))

    return st.builds(book, st.sampled_from(DELIVERIES), st.fixed_dictionaries(varied))


BOOKS = st.one_of(
    books("redshift", role_name=["onemata-redshift", SHARED_ROLE], role_chain=[False, True]),
    books("glue", role_name=[SHARED_ROLE, "glue-onemata"], pass_role_to=[PASSERS[:1], PASSERS[1:2], PASSERS[2:]]),
    books(
        "ec2",
        role_name=["onemata-ec2", SHARED_ROLE],
        instance_profile_name=["", "onemata-second"],
        instance_ids=ONE_OR_BOTH,
        on_existing_profile=["stop", "extend", "replace"],
    ),
)
FAULTS = st.tuples(st.sampled_from(["killed", "interrupted", "lost answer"]), st.integers(0, 9))
READS = ("Get", "List", "Describe", "Simulate")
OPERATIONS = {action.split(":")[1] for each in every_permission() for action in each.actions}
WRITES = sorted(each for each in OPERATIONS if not each.startswith(READS))
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
        self.standing = [each for each in self.standing if not book.decides_over(each)]
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
        left = {fact for fact in ours if book.delivery.id in "".join(fact) and fact[0] not in stays}
        assert not {fact for fact in left if not self.is_out_of_sight(fact[0])}, f"remove {book} left {left}"
        self.kept |= {each.resource for each in plan.changes if each.kind == "keep" and "client's" in each.why}
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
            if self.disturbed:
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
    checks = list(HealthCheck)
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, suppress_health_check=checks, deadline=None, **more
    )
    run_state_machine_as_test(Sequences, settings=chosen)


def test_sequences() -> None:
    run_sequences(4, 6)


@pytest.mark.campaign
def test_many_sequences() -> None:
    run_sequences(300, 10, derandomize=False)
