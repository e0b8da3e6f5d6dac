"""Requests by which policies can be told apart: what they name, with wildcards filled in, and something beside it.

This is narrower than AWS's automated reasoning: access that no sample meets is not found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network
from itertools import combinations, product
from math import prod
from typing import Any

from .conditions import many
from .policy_engine import Name, Policy, Request, Verdict, judge

Statement = Mapping[str, Any]
Names = frozenset[Name]
"""The names by which a policy may mean somebody."""

_BESIDE = "sample"
_MOST = 50_000


@dataclass(frozen=True)
class Sample:
    """A request, and who makes it; nobody, where a user's or role's own policy is asked."""

    request: Request
    names: Names | None = None

    def allowed_by(self, *statements: Statement) -> bool:
        """Whether these statements allow it."""
        return judge([{"Statement": list(statements)}], self.request, self.names) is Verdict.ALLOWED


def statements_of(policy: Policy) -> list[Statement]:
    """A policy's statements, in their order."""
    found = policy["Statement"]
    return found if isinstance(found, list) else [found]


def samples(statements: Iterable[Statement], who: Iterable[Names | None]) -> Iterator[Sample]:
    """Every action that these statements name, on every resource, under every combination of condition values.

    Raises ValueError if they are too many, or a condition is not understood.
    """
    found = list(statements)
    actions = _patterns(found, "Action", "NotAction")
    resources = _patterns(found, "Resource", "NotResource")
    asking = list(who)
    values = _condition_values(found)
    if prod(map(len, (actions, resources, asking, *values.values()))) > _MOST:
        raise ValueError("too many combinations")
    for action, resource, names, chosen in product(actions, resources, asking, product(*values.values())):
        context = {key: (value,) for key, value in zip(values, chosen, strict=True) if value is not None}
        yield Sample(Request(action, resource, context), names)


def principals(statements: Iterable[Statement]) -> set[Names]:
    """Each one that these statements name, with its account, and a stranger."""
    elements = [each.get("Principal", each.get("NotPrincipal", {})) for each in statements]
    named = [(kind, name) for element in elements if element != "*" for kind in element for name in many(element[kind])]
    return {_names(kind, name) for kind, name in named if name != "*"} | {STRANGER}


def of_a_stranger(statements: Iterable[Statement]) -> list[Statement]:
    """The same statements to sample from, but what they say of who calls, and from where, is what a stranger is."""
    return [{**each, "Condition": _strangers(each.get("Condition", {}))} for each in statements]


def filled(pattern: str) -> str:
    """A text that fits the pattern."""
    return pattern.replace("*", _BESIDE).replace("?", "x")


@cache
def meeting_of(one: str, other: str) -> str | None:
    """A text that fits both patterns; None if there is none."""
    if "*" in (one, other):
        return filled(other if one == "*" else one)
    if not one or not other:
        return "" if set(one + other) <= {"*"} else None
    if "*" in (one[0], other[0]):
        starred, against = (one, other) if one[0] == "*" else (other, one)
        rest = meeting_of(starred[1:], against)
        return rest if rest is not None else _after(against[0], meeting_of(starred, against[1:]))
    if "?" in (one[0], other[0]) or one[0] == other[0]:
        return _after(other[0] if one[0] == "?" else one[0], meeting_of(one[1:], other[1:]))
    return None


def _after(first: str, rest: str | None) -> str | None:
    return None if rest is None else filled(first) + rest


def _names(kind: str, name: str) -> Names:
    if kind != "AWS":
        return frozenset({(kind, name)})
    account = name.split(":")[4] if name.startswith("arn:") else name
    return frozenset({(kind, name), (kind, account), (kind, f"arn:aws:iam::{account}:root")})


STRANGER = _names("AWS", "arn:aws:iam::000000000000:role/sample")


def _patterns(statements: list[Statement], *elements: str) -> set[str]:
    """A text that fits each pattern, one that fits each two of them, and one beside."""
    named = {each for one in statements for key in elements for each in many(one.get(key, []))}
    meeting = {meeting_of(one, other) for one, other in combinations(sorted(named), 2) if "*" in one and "*" in other}
    return {filled(each) for each in named} | {each for each in meeting if each is not None} | {_BESIDE}


def _condition_values(statements: list[Statement]) -> dict[str, set[str | None]]:
    """By condition key: the values that are named, one beside them, and none."""
    found: dict[str, set[str | None]] = {}
    for statement in statements:
        for operator, keys in statement.get("Condition", {}).items():
            for key, wanted in keys.items():
                near = {each for value in many(wanted) for each in _near(operator, value)}
                found.setdefault(key.lower(), {None}).update(near)
    return found


def _near(operator: str, value: str) -> set[str]:
    """Values with which the operator holds, and with which it does not."""
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    if name.startswith("Numeric"):
        return {value, str(float(value) + 1), str(float(value) - 1)}
    if name.endswith("IpAddress"):
        return {str(ip_network(value, strict=False)[0]), "203.0.113.1"}
    return {"true", "false"} if name == "Bool" else {filled(value), _BESIDE}


# The keys that nobody can choose for a call of their own, with what they are of a stranger.
_TELLING = ("aws:principal", "aws:source", "aws:userid", "aws:username", "aws:vpc")
_OF_A_STRANGER = {
    "aws:principalarn": "arn:aws:iam::000000000000:role/sample",
    "aws:principalaccount": "000000000000",
    "aws:sourceip": "203.0.113.1",
}


def _strangers(condition: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        operator: {key: _stranger_if_telling(key.lower(), value) for key, value in keys.items()}
        for operator, keys in condition.items()
    }


def _stranger_if_telling(key: str, value: Any) -> Any:
    return _OF_A_STRANGER.get(key, _BESIDE) if key.startswith(_TELLING) else value
