"""A policy in as many parts as AWS takes: a managed policy has a longest length.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (white space does not count)
"""

from __future__ import annotations

import json

from ..policies import Document, Statement, document, statements

LONGEST = 6_144
"""Characters of a managed policy, at most."""


def length(policy: Document) -> int:
    """How long a policy is, as AWS counts."""
    return len("".join(json.dumps(policy).split()))


def parts(policy: Document, longest: int = LONGEST) -> list[Document]:
    """The policy, or several that allow the same together, none of them longer than `longest`.

    A statement that is too long by itself becomes two: on some of its resources, and on the others.
    """
    found: list[list[Statement]] = [[]]
    left = statements(policy)
    while left:
        statement = left.pop(0)
        if length(document(*found[-1], statement)) <= longest:
            found[-1].append(statement)
        elif length(document(statement)) <= longest:
            found.append([statement])
        else:
            left = [*_halves(statement), *left]
    return [document(*each) for each in found if each]


def _halves(statement: Statement) -> list[Statement]:
    """Two statements that allow the same together. Raises ValueError for one of a single action and resource."""
    for key in ("Resource", "Action"):
        values = statement[key]
        if isinstance(values, list) and len(values) > 1:
            middle = len(values) // 2
            return [statement | {key: values[:middle]}, statement | {key: values[middle:]}]
    raise ValueError("must be a policy that can be cut: one action on one resource is too long")
