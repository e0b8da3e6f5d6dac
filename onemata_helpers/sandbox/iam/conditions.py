"""The Condition element of a policy: operators, and the keys of a request that they look at.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

Context = Mapping[str, tuple[str, ...]]
"""Values by condition key. A key that the request does not carry is absent."""

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class UnknownOperatorError(ValueError):
    """A condition operator that this evaluator does not know."""


def lower_keys(context: Context) -> Context:
    """The context with keys in lower case, since IAM compares them without regard to case."""
    return {key.lower(): values for key, values in context.items()}


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every operator holds for every key. `context` has its keys in lower case.

    Raises UnknownOperatorError, rather than guess what a statement means.
    """
    return all(
        _holds(operator, context.get(key.lower()), [expand(value, context) for value in many(wanted)])
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def many(value: Any) -> list[str]:
    """The texts of a policy element that may be one value or a list of them."""
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


def expand(text: str, context: Context) -> str:
    """Put in the policy variables, such as `${aws:username}`. An unknown one matches nothing."""

    def value(match: re.Match[str]) -> str:
        values = context.get(match[1].lower())
        return values[0] if values else match[0]

    return _VARIABLE.sub(value, text)


def variables(text: str) -> list[str]:
    """The policy variables in a text."""
    return _VARIABLE.findall(text)


def wildcard(pattern: str, text: str) -> bool:
    """Whether the text matches a pattern with `*` and `?`."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    return _compiled(pattern).fullmatch(text) is not None


def _holds(operator: str, actual: tuple[str, ...] | None, wanted: list[str]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    optional, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    if name == "Null":
        return (actual is None) == (wanted == ["true"])
    matches, negated = _operator(name)
    if actual is None:
        return optional or negated or quantifier == "ForAllValues"
    found = [any(matches(one, value) for one in wanted) for value in actual]
    if quantifier == "ForAllValues":
        return all(hit != negated for hit in found)
    return not any(found) if negated else any(found)


def _operator(name: str) -> tuple[Callable[[str, str], bool], bool]:
    """The comparison behind an operator's name, and whether the name negates it."""
    for plain, negative in _NEGATIVES.items():
        if name == negative:
            return _MATCHERS[plain], True
    if name not in _MATCHERS:
        raise UnknownOperatorError(name)
    return _MATCHERS[name], False


def _arn_like(pattern: str, text: str) -> bool:
    """ARNs are compared part by part, so a `*` does not reach over a colon."""
    patterns, parts = pattern.split(":", 5), text.split(":", 5)
    return len(patterns) == len(parts) and all(map(wildcard, patterns, parts))


def _in_network(network: str, address: str) -> bool:
    return ip_address(address) in ip_network(network, strict=False)


@lru_cache(maxsize=10_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


_MATCHERS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, actual: wanted == actual,
    "StringEqualsIgnoreCase": lambda wanted, actual: wanted.lower() == actual.lower(),
    "StringLike": wildcard,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, actual: wanted.lower() == actual.lower(),
    "NumericEquals": lambda wanted, actual: float(actual) == float(wanted),
    "NumericLessThan": lambda wanted, actual: float(actual) < float(wanted),
    "NumericLessThanEquals": lambda wanted, actual: float(actual) <= float(wanted),
    "NumericGreaterThan": lambda wanted, actual: float(actual) > float(wanted),
    "NumericGreaterThanEquals": lambda wanted, actual: float(actual) >= float(wanted),
    "IpAddress": _in_network,
}
_NEGATIVES = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
    "NumericEquals": "NumericNotEquals",
    "IpAddress": "NotIpAddress",
}
