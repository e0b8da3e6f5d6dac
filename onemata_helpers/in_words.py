"""A change in words that a client's admin follows: what it opens, and how it is undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .plan import Change
from .policies import Statement, well_formed
from .policies import statements as statements_of

_UNDONE = {
    "create": "the removal deletes it again, if nothing else uses it by then",
    "add": "the removal takes away again what is ours of it; the record has the state before",
    "attach": "the removal detaches it again, if it is ours",
    "update": "not by itself; the record has the state before",
    "delete": "running apply again makes it anew",
    "detach": "running apply again attaches it anew",
}


def undo(change: Change) -> str:
    """Whether and how a change can be undone, as the end of a sentence."""
    return f"{_UNDONE[change.kind]}."


def opens(change: Change) -> Iterator[str]:
    """What the policies in a change allow that was not allowed before, a sentence each."""
    for field in change.fields if change.calls else ():
        before = list(_allowed(field.before))
        for statement in _allowed(field.after):
            if statement not in before:
                yield _sentence(statement)


def _allowed(value: Any) -> Iterator[Statement]:
    """The statements that allow something, of a policy document or a list of statements."""
    document = {"Statement": value} if isinstance(value, list) else value
    if not isinstance(document, dict) or "Statement" not in document:
        return
    try:
        found = statements_of(well_formed(document))
    except ValueError:
        return
    yield from (each for each in found if each.get("Effect") == "Allow")


def _sentence(statement: Statement) -> str:
    actions = _list(statement.get("Action", "all but some actions"))
    who = f"{_principals(statement['Principal'])} may do {actions}" if "Principal" in statement else actions
    what = f" on {_list(statement['Resource'])}" if "Resource" in statement else ""
    condition = ", under the conditions below" if statement.get("Condition") else ""
    return f"{who}{what}{condition}."


def _principals(value: Any) -> str:
    return "anybody" if value == "*" else ", ".join(_list(each) for each in value.values())


def _list(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
