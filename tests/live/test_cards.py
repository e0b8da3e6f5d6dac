"""The cards that say how a live session stands."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers.live import cards
from onemata_helpers.plan import Plan

from ..status.conftest import IN_ORDER, OPEN, planned


@pytest.mark.parametrize(
    ("change", "title", "what"),
    [
        (OPEN, "Waiting for the approval", "approve or decline it"),
        (IN_ORDER, "Nothing to approve", "have it verified"),
    ],
)
def test_an_approval_is_asked_for_only_if_something_changes(change: dict[str, Any], title: str, what: str) -> None:
    plan = Plan.model_validate(planned(change))
    assert title in str(cards.waiting(plan))
    assert f"Read the plan under 3, then {what} under 4." in str(cards.planned(plan, waits=True))
    assert "Read the plan" not in str(cards.planned(plan, waits=False))
