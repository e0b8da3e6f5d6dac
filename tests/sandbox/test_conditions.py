"""The Condition element of a policy, without a server."""

from typing import Any

import pytest

from onemata_helpers.sandbox.iam.conditions import UnknownOperatorError
from onemata_helpers.sandbox.iam.policy_engine import Request, Verdict, judge
from onemata_helpers.sandbox.policies import document

ALLOWED, IMPLICIT = Verdict.ALLOWED, Verdict.IMPLICIT_DENY


def policy_with(condition: dict[str, Any]) -> dict[str, Any]:
    return document({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition})


CONDITIONS = [
    ("StringEquals", "b", "b", True),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "B", "b", False),
    ("StringEquals", "b", None, False),
    ("StringEqualsIfExists", "b", None, True),
    ("StringEqualsIfExists", "b", "c", False),
    ("StringNotEquals", "b", "c", True),
    ("StringNotEquals", ["b", "c"], "c", False),
    ("StringNotEquals", "b", None, True),
    ("StringEqualsIgnoreCase", "B", "b", True),
    ("StringLike", ["x", "client/*"], "client/2021", True),
    ("StringLike", "client/*", "clients", False),
    ("StringNotLike", "client/*", "clients", True),
    ("ArnEquals", "arn:aws:iam::*:role/r", "arn:aws:iam::111122223333:role/r", True),
    ("ArnLike", "arn:aws:iam::1*:role/*", "arn:aws:iam::111122223333:role/a/b", True),
    ("ArnLike", "arn:aws:*:role/*", "arn:aws:iam::111122223333:role/r", False),
    ("ArnNotLike", "arn:aws:iam::2*:role/*", "arn:aws:iam::111122223333:role/r", True),
    ("Bool", "true", "true", True),
    ("Bool", False, "true", False),
    ("Null", "true", None, True),
    ("Null", "false", None, False),
    ("Null", "false", "anything", True),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "10", False),
    ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
    ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
    ("StringEquals", "${aws:username}", "kim", True),
]


@pytest.mark.parametrize(("operator", "wanted", "actual", "met"), CONDITIONS)
def test_condition(operator: str, wanted: Any, actual: str | None, met: bool) -> None:
    context = {"aws:username": ("kim",)}
    if actual is not None:
        context["a:Key"] = (actual,)
    policy = policy_with({operator: {"A:key": wanted}})
    request = Request("x:Y", "*", context)
    assert judge([policy], request) is (ALLOWED if met else IMPLICIT)


@pytest.mark.parametrize(
    ("operator", "actual", "met"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringEquals", None, True),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c",), False),
        ("ForAnyValue:StringEquals", None, False),
    ],
)
def test_keys_with_many_values(operator: str, actual: tuple[str, ...] | None, met: bool) -> None:
    policy = policy_with({operator: {"aws:TagKeys": ["a", "b"]}})
    context = {} if actual is None else {"aws:TagKeys": actual}
    verdict = judge([policy], Request("iam:TagRole", "*", context))
    assert verdict is (ALLOWED if met else IMPLICIT)


def test_all_conditions_of_a_statement_must_hold() -> None:
    both = {"StringEquals": {"a:b": "1", "a:c": "2"}, "Null": {"a:d": "true"}}
    policy = policy_with(both)

    def verdict(**context: str) -> Verdict:
        keys = {f"a:{key}": (value,) for key, value in context.items()}
        return judge([policy], Request("x:Y", "*", keys))

    assert verdict(b="1", c="2") is ALLOWED
    assert verdict(b="1") is IMPLICIT
    assert verdict(b="1", c="2", d="3") is IMPLICIT


def test_an_unknown_operator_is_not_guessed_at() -> None:
    policy = policy_with({"DateLessThan": {"aws:CurrentTime": "2021-02-10"}})
    with pytest.raises(UnknownOperatorError):
        judge([policy], Request("x:Y", "*", {"aws:CurrentTime": ("2020-01-01",)}))
