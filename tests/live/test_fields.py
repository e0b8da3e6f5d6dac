"""A form's fields hold every value that the schema allows, unchanged, and nothing of what is typed gets lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.live.fields import FormField
from onemata_helpers.live.frontend import HIDDEN_FIELD, MASK
from onemata_helpers.parameters import SCHEMAS

from ..conftest import SERVICES, values

IN_TAGS = st.text("abZ09 .:/=+@-_éß漢", min_size=1, max_size=12).map(str.strip).filter(bool)


def field(name: str, value: Any, service: str = "redshift") -> FormField:
    return FormField(name, SCHEMAS[service].model_fields[name], value, lambda: None)


@pytest.mark.parametrize("service", SERVICES)
def test_every_parameter_has_a_field_that_gives_back_its_value(service: str) -> None:
    held = SCHEMAS[service].model_validate(values(service)).model_dump(mode="json")
    for name, value in held.items():
        shown = field(name, value, service)
        assert (shown.value, shown.trouble) == (value, ""), name
        shown.value = value
        assert shown.value == value, name


@given(st.dictionaries(IN_TAGS, IN_TAGS | st.just(""), max_size=4))
def test_tags_are_given_back_as_they_are(tags: dict[str, str]) -> None:
    shown = field("tags", tags)
    assert (shown.value, shown.trouble) == (tags, "")


@given(st.text("ab|:\n ", max_size=20))
def test_what_is_typed_for_tags_is_held_whole_or_refused(text: str) -> None:
    shown = field("tags", {})
    shown.control.value = text
    lines = [line for line in text.split("\n") if line.strip()]
    assert shown.trouble or len(shown.value) == len(lines)
    assert shown.trouble or all(key in text and value in text for key, value in shown.value.items())


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_what_is_typed_into_a_list_is_what_the_schema_judges(text: str) -> None:
    shown = field("cluster_identifiers", [])
    shown.control.value = text
    assert shown.value == [line.strip() for line in text.split("\n") if line.strip()]


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_no_text_is_markup_in_what_is_said_of_it(text: str) -> None:
    shown = field("region", "")
    shown.say(f"<b>{text}</b>")
    said = shown.widget.children[-1].value
    assert "<b>" not in said
    assert said.count("<") == 2


def test_what_is_chosen_stays_a_choice_when_the_account_does_not_have_it() -> None:
    shown = field("cluster_identifiers", ["gone"])
    shown.offer([("Analytics", "analytics")])
    assert shown.value == ["gone"]
    assert ("gone (not found)", "gone") in shown.control.options
    shown.value = ["analytics"]
    assert shown.value == ["analytics"]


def test_masked_an_account_id_is_hidden_once_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MASK, "1")
    shown = field("pass_role_to", [], "glue")
    assert HIDDEN_FIELD not in shown.control._dom_classes
    shown.control.value = "arn:aws:iam::012345670123:role/x"
    assert HIDDEN_FIELD in shown.control._dom_classes


def test_masked_what_is_chosen_from_hides_account_ids_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MASK, "1")
    shown = field("cluster_identifiers", ["in 012345670123"])
    shown.offer([("Analytics of 012345670123", "analytics")])
    assert HIDDEN_FIELD in shown.control._dom_classes
    assert [label for label, _ in shown.control.options] == [
        "Analytics of account hidden",
        "in account hidden (not found)",
    ]
    assert shown.value == ["in 012345670123"]
