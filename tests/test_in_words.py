"""What a change opens and how it is undone, in words: nothing that it allows is left out, and nothing is made up."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import policies
from onemata_helpers.in_words import opens, undo
from onemata_helpers.plan import Call, Change, Field, Kind

CALL = Call(service="iam", operation="put_role_policy", arguments={})

words = st.text("abc:*", min_size=1, max_size=8)
one_or_many = words | st.lists(words, min_size=1, max_size=3)
principals = st.just("*") | st.dictionaries(st.sampled_from(["AWS", "Service"]), one_or_many, min_size=1)
conditions = st.dictionaries(st.just("StringEquals"), st.dictionaries(words, one_or_many, min_size=1), max_size=1)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": words, "Action": one_or_many, "NotAction": one_or_many, "Resource": one_or_many,
        "Principal": principals, "Condition": conditions,
    },
)  # fmt: skip
documents = st.lists(statements, max_size=4).map(lambda found: policies.document(*found))
# What AWS, or a client that wrote its policy by hand, may have there.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Statement", "Effect", "Action"]), inner)
    ),
    max_leaves=8,
)


def change(before: Any, after: Any, *, calls: tuple[Call, ...] = (CALL,), kind: Any = "update") -> Change:
    field = Field(name="policy", before=before, after=after)
    return Change(kind=kind, resource="role r", step="1", why="It lacks this.", fields=(field,), calls=calls)


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@given(documents, documents)
def test_each_statement_that_comes_and_allows_has_a_sentence_that_names_all_of_it(before: Any, after: Any) -> None:
    found = list(opens(change(before, after)))
    new = [
        each for each in after["Statement"] if each["Effect"] == "Allow" and each not in before["Statement"]
    ]  # fmt: skip
    assert len(found) == len(new)
    for sentence, statement in zip(found, new, strict=True):
        for key in ("Action", "Resource"):
            assert all(each in sentence for each in listed(statement.get(key, [])))
        assert ("under the conditions below" in sentence) == bool(statement.get("Condition"))
        assert ("anybody" in sentence) == (statement.get("Principal") == "*")
        assert "NotAction" not in statement or "Action" in statement or "all but some actions" in sentence


@given(documents)
def test_what_stays_or_goes_opens_nothing(document: Any) -> None:
    assert list(opens(change(document, document))) == []
    assert list(opens(change(document, None))) == []
    assert list(opens(change(None, document, calls=()))) == []


@given(anything, anything)
def test_whatever_stands_there_is_not_in_the_way(before: Any, after: Any) -> None:
    assert all(isinstance(sentence, str) for sentence in opens(change(before, after)))


def test_a_trust_names_who_may_assume_the_role() -> None:
    (said,) = opens(change(None, policies.service_trust("glue", "aws")))
    assert said == "glue.amazonaws.com may do sts:AssumeRole."


def test_a_list_of_statements_reads_like_a_policy() -> None:
    read = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
        "Condition": {"Bool": {"a": "b"}},
    }
    assert list(opens(change([], [read]))) == ["s3:GetObject on arn:aws:s3:::b/*, under the conditions below."]


@pytest.mark.parametrize("kind", ["create", "add", "attach", "update", "delete", "detach"])
def test_each_kind_of_change_says_how_it_is_undone(kind: str) -> None:
    assert kind in get_args(Kind)
    said = undo(change(None, None, kind=kind))
    assert said.endswith(".")
    assert "\n" not in said
