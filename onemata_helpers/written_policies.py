"""The policy documents that a plan writes in the client's account, and those that it hands over to Onemata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from .hand_over import PolicyOf
from .plan import Call, Change, Plan
from .policies import Document, difference, document, statements
from .resources.base import Look
from .resources.inline_policies import Holder, inline_policy
from .resources.role_state import role

TRUST: PolicyOf = "AWS::IAM::AssumeRolePolicyDocument"
_PUT = re.compile(r"put_(role|user|group)_policy")


@dataclass(frozen=True)
class WrittenPolicy:
    """A document of ours: what it belongs to, the step of the guide, and the document that stands there now.

    `of` is the kind of thing that it is the policy of, and `name` its own name, if it has one.
    """

    about: str
    step: str
    document: Document
    of: PolicyOf = ""
    name: str = ""
    before: Document | None = None
    handed_over: bool = False

    @property
    def text(self) -> str:
        """The document as JSON."""
        return json.dumps(self.document)

    @property
    def type(self) -> str:
        """Access Analyzer's word for the kind of policy."""
        return "RESOURCE_POLICY" if self.of else "IDENTITY_POLICY"

    def adds(self, indices: frozenset[int]) -> bool:
        """Whether any of these statements does not stand there already; none of them means the whole document."""
        every = statements(self.document)
        new = every if self.before is None else difference(self.before, self.document)[1]
        return not indices or any(not 0 <= each < len(every) or every[each] in new for each in indices)


def written_policies(plan: Plan, look: Look) -> Iterator[WrittenPolicy]:
    """Each policy that the plan writes or hands over. `look` is the one that the plan was made of: no call is made."""
    for change in plan.changes:
        for call in change.calls:
            yield from _of_call(change, call, look)
    for snippet in plan.hand_over.for_onemata if plan.hand_over else ():
        if snippet.policy_of:
            content = document(*statements({"Statement": json.loads(snippet.text)}))
            yield WrittenPolicy(snippet.title, "hand-over", content, of=snippet.policy_of, handed_over=True)


def _of_call(change: Change, call: Call, look: Look) -> Iterator[WrittenPolicy]:
    about = f"trust policy of {change.resource}"
    trust, content = call.arguments.get("AssumeRolePolicyDocument"), call.arguments.get("PolicyDocument")
    if trust:
        yield WrittenPolicy(about, change.step, trust, of=TRUST)
    if content and call.operation == "update_assume_role_policy":
        found = role(look, call.arguments["RoleName"])
        yield WrittenPolicy(about, change.step, content, of=TRUST, before=found.trust if found else None)
    elif content:
        name = call.arguments.get("PolicyName", "")
        yield WrittenPolicy(change.resource, change.step, content, name=name, before=_present(call, look))


def _present(call: Call, look: Look) -> Document | None:
    """What the inline policy that a call writes says now."""
    found = _PUT.fullmatch(call.operation)
    if not found:
        return None
    holder = cast(Holder, found[1])
    return inline_policy(look, holder, call.arguments[f"{holder.title()}Name"], call.arguments["PolicyName"])
