"""Fields are asked for what was typed, once for each click; here the test answers in place of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances

from onemata_helpers.live import typed
from onemata_helpers.live.typed import Typed, answering


@pytest.fixture
def fields(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    def at_once(work: Callable[[], None]) -> None:
        work()

    monkeypatch.setattr(typed, "on_main", at_once)  # without a kernel
    monkeypatch.setattr(typed, "_page", lambda: "the page")
    return [answering(widgets.Text()), answering(widgets.Text())]


def answer(asking: Typed, fields: list[Any]) -> None:
    ask = asking._asked.value
    for field in fields:
        field.answered = ask


def test_the_newest_click_counts_once_all_fields_have_answered(fields: list[Any]) -> None:
    asking, done = Typed(), list[str]()
    asking.then(fields, lambda: done.append("first"))
    asking.then(fields, lambda: done.append("second"))
    answer(asking, fields[:1])
    assert done == []
    answer(asking, fields[1:])
    assert done == ["second"]
    answer(asking, fields)
    assert done == ["second"]


def test_a_click_that_nobody_answers_leaves_nothing_behind(fields: list[Any]) -> None:
    asking = Typed()
    before = len(_instances)
    for _ in range(3):
        asking.then(fields, lambda: None)
        assert [len(field._trait_notifiers["answered"]["change"]) for field in fields] == [1, 1]
        assert len(_instances) == before + len(fields)
    answer(asking, fields)
    assert [field._trait_notifiers["answered"]["change"] for field in fields] == [[], []]
    assert len(_instances) == before
