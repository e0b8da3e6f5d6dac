"""What a client's service waits for, and whose turn it is, in the words of its record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .text import counted, sentence
from .told import Drift, Told

# Each is tried once on a part of a text, and reads it once, so that a text of any length is.
_ACTS = re.compile(r"[^\n]+?[.!?](?=\s|$)")
_AGAIN = re.compile(r"\bagain\b|--resume")
_SIDE = re.compile(r"\b(Onemata|client|engineer)\b", re.IGNORECASE)
_BEGINS_WITH_A_SIDE = re.compile(r"(?:The )?(?:Onemata|client|engineer)\b")
_DECIDES = re.compile(r"(?:^|(?<=[.:]))[^.:]*\b[Tt]he client(?:'s admin)? decides\b.*", re.DOTALL)


@dataclass(frozen=True)
class Wait:
    """Who acts, and how. `who` is Onemata, client or engineer."""

    who: str
    what: str

    @property
    def by_running_it_again(self) -> bool:
        """Whether it is, or ends with, the engineer's running it again."""
        return self.who == "engineer" and bool(_AGAIN.search(self.what))


_APPLIES = Wait("engineer", "The engineer has a new plan approved, and applies it.")


def waits_for(told: Told, drifted: Drift | None) -> list[Wait]:
    """Each once, in the order of the record; empty if nobody has to do anything."""
    return list(dict.fromkeys([*_put_in_place(told), *_said(told)])) or list(_by_default(told, drifted))


def _put_in_place(told: Told) -> Iterator[Wait]:
    """What a verification finds missing or changed is put in place first: what else failed may come of that alone."""
    if told.action == "verify" and told.plan and told.plan.to_do:
        yield _APPLIES


def _said(told: Told) -> Iterator[Wait]:
    if told.outcome is None:
        yield Wait("engineer", "The engineer runs it again, which completes what was begun.")
    elif told.outcome == "waiting":
        yield Wait("Onemata", told.reason)
    elif told.outcome == "declined":
        yield Wait("engineer", f"The engineer agrees with the client on other values, and plans again. {told.reason}")
    elif told.outcome == "planned" and told.plan and told.plan.open:
        number = counted(len(told.plan.open), "change")
        yield Wait("client", f"The client approves the plan {told.plan_digest} ({number}); the engineer applies it.")
    else:
        yield from said_in(told.reason)
        if told.outcome == "blocked":
            decided = filter(None, map(_DECIDES.search, told.reason.split(";")))
            yield from (Wait("client", sentence(said[0].strip())) for said in decided)
        for check in told.failed or told.unproven:
            yield from said_in(check.evidence)
            if not told.failed and _BEGINS_WITH_A_SIDE.match(check.evidence):
                yield Wait(_side(check.evidence), check.evidence.split("\n")[0])


def _by_default(told: Told, drifted: Drift | None) -> Iterator[Wait]:
    if told.outcome not in ("failed", "blocked"):
        return
    if drifted or (told.action == "verify" and told.differences):
        yield _APPLIES
    else:
        yield Wait("engineer", "The engineer reads the record, corrects what it names, and runs it again.")


def said_in(text: str) -> Iterator[Wait]:
    """Each of whom a text says that they act, and how."""
    for said in filter(None, map(_ACTS.match, text.split("Who acts: ")[1:])):
        yield Wait(_side(said[0]), said[0][:1].upper() + said[0][1:])


def _side(said: str) -> str:
    """Who is named first; the engineer, who reads this, if nobody is."""
    found = _SIDE.search(said)
    name = found[1].lower() if found else "engineer"
    return "Onemata" if name == "onemata" else name
