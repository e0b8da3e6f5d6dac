"""Look at everything, and say what is proven."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from .frozen import Frozen
from .plan import Change
from .resources.base import Look, Resource


class Check(Frozen):
    """One thing looked at after the change, and what was seen. Never `proven` for what was not seen."""

    name: str
    result: Literal["proven", "failed", "not provable from here"]
    evidence: str


def verify(resources: Iterable[Resource], look: Look) -> Iterator[Check]:
    """One check for each resource: proven when it is as it should be, failed with the difference when not.

    `look` must have begun after the last change.
    """
    for resource in resources:
        changes = resource.changes(look)
        if changes:
            yield _check(resource, changes, look)


def verify_removal(resources: Iterable[Resource], look: Look) -> Iterator[Check]:
    """One check for each resource: proven when nothing of ours is left."""
    for resource in resources:
        yield _check(resource, resource.removal(look), look)


def _check(resource: Resource, changes: list[Change], look: Look) -> Check:
    wrong = [change for change in changes if change.kind not in ("nothing", "keep")]
    evidence = "; ".join(_finding(change) for change in wrong or changes)
    trouble = "" if wrong else resource.fault(look) or resource.unsettled(look)
    if wrong or trouble:
        return Check(name=resource.key, result="failed", evidence=trouble or evidence)
    return Check(name=resource.key, result="proven", evidence=evidence)


def _finding(change: Change) -> str:
    if change.kind in ("create", "attach", "add") and all(field.before is None for field in change.fields):
        return "It does not exist."
    differences = ", ".join(f"{f.name}: is {_words(f.before)}, must be {_words(f.after)}" for f in change.fields)
    return f"{change.why} ({differences})" if differences else change.why


def _words(value: Any) -> str:
    return "missing" if value is None else value if isinstance(value, str) else json.dumps(value)
