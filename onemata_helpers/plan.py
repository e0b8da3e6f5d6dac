"""A plan: the changes that would make the account as it should be, down to each call. Frozen data, no AWS."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from .frozen import Frozen
from .hand_over import HandOver
from .permitted import Missing, Readiness

Kind = Literal["create", "add", "update", "attach", "detach", "delete", "nothing", "keep", "waiting", "blocked"]
ONLY_SHOW = ("plan", "plan-removal")
"""The actions that show a plan and no more."""
CHANGING = ("apply", "remove")
"""The actions that carry a plan out."""
REMOVING = ("remove", "plan-removal")
"""The actions whose plan takes away what is ours, instead of putting it in place."""

_COUNTED = (("create", "add", "attach"), ("update",), ("detach", "delete"))


class Call(Frozen):
    """One AWS call that changes something: boto3's names of service and operation, and its arguments."""

    service: str
    operation: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


class Field(Frozen):
    """What one field of a thing is and what it will be; None where there is nothing."""

    name: str
    before: Any = None
    after: Any = None


class Change(Frozen):
    """One thing to do, or the finding that there is nothing to do or that a person must decide.

    `resource` is the key of the resource it belongs to, `step` the step of the guide that it carries
    out, `why` a sentence for the client. `calls` are all the writes, in order.
    """

    kind: Kind
    resource: str
    step: str
    why: str
    fields: tuple[Field, ...] = ()
    calls: tuple[Call, ...] = ()


class Script(Frozen):
    """A text that is run on an instance, by Systems Manager: only to look and to prove, it changes nothing there.

    `purpose` is what the client sees of it in Systems Manager's history.
    """

    instance_id: str
    purpose: str
    text: str


class Proof(Frozen):
    """What is asked of a service to prove that it reads, or that it is refused.

    `proves` is the name of its check, `how` a sentence for the client, and `cost` another if it costs anything.
    `calls` are all that is sent, in order, and `otherwise` what is sent instead where AWS refuses that; only looks at
    how far it is are left out.
    """

    proves: str
    how: str
    cost: str = ""
    calls: tuple[Call, ...]
    otherwise: tuple[Call, ...] = ()


class Finding(Frozen):
    """What IAM Access Analyzer says of a policy document that the plan writes.

    `about` is the resource it belongs to, `asked` the question, `said` AWS's words.
    """

    about: str
    asked: str
    result: Literal["passed", "found", "not provable from here"]
    said: str


class Plan(Frozen):
    """What will be done, where, and what was seen when that was decided.

    `scripts` are all texts that are run on instances to look and to prove, `proofs` all that services are asked for
    proof, `findings` what Access Analyzer says of the policies, `hand_over` is what Onemata will be sent, and `notes`
    are sentences that the client should hear before approving. `missing` are permissions that the operator lacks for
    it, `readiness` says how the things stand that it works with. `observed` maps each thing that was read to its state
    (None: not there).
    """

    action: str
    service: str
    account_id: str
    partition: str
    region: str
    changes: tuple[Change, ...]
    scripts: tuple[Script, ...] = ()
    proofs: tuple[Proof, ...] = ()
    hand_over: HandOver | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    missing: tuple[Missing, ...] = ()
    readiness: tuple[Readiness, ...] = ()
    observed: dict[str, Any]

    @property
    def digest(self) -> str:
        """20 hexadecimal digits over all that is shown: where, what is done, run, proven and handed over.

        The action is left out: the digest that `plan` shows is the one that `apply` is given. So is what was
        observed: a state that passes, such as our own call that AWS is still carrying out, changes no approval. And so
        are Access Analyzer's findings: it learns new words without anything having changed. So is what the operator
        lacks: the client's admin may give it, or another operator apply the plan.
        """
        content = self.model_dump(mode="json", exclude={"action", "observed", "findings", "missing", "readiness"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]

    @property
    def removes(self) -> bool:
        """Whether it takes away what is ours, instead of putting it in place."""
        return self.action in REMOVING

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(change for change in self.changes if change.calls)

    @property
    def counts(self) -> str:
        """The changes in one sentence, as people know it from Terraform."""
        added, changed, removed = (sum(each.kind in kinds for each in self.pending) for kinds in _COUNTED)
        return f"Plan: {added} to add, {changed} to change, {removed} to remove."

    @property
    def blocked(self) -> tuple[Change, ...]:
        """The changes that a person has to decide about first."""
        return tuple(change for change in self.changes if change.kind == "blocked")

    @property
    def lacking(self) -> tuple[str, ...]:
        """The actions that it needs and that the operator may not do."""
        return tuple(dict.fromkeys(each.permission.action for each in self.missing))

    @property
    def waiting(self) -> tuple[Change, ...]:
        """The changes that need something of Onemata's first."""
        return tuple(change for change in self.changes if change.kind == "waiting")
