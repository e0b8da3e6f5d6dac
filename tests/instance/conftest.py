"""Homes to work in."""

from collections.abc import Iterator

import pytest

from tests.instance.instance_box import UIDS, Box, box_for, remove


@pytest.fixture(params=[(uid, shell) for uid in UIDS for shell in (("sh",), ("bash", "--posix"))], ids=str)
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A home of root's and of an unprivileged user's, under two shells."""
    uid, shell = request.param
    box = box_for(uid, shell)
    yield box
    remove(box)


@pytest.fixture
def user_box() -> Iterator[Box]:
    """A home of an unprivileged user's."""
    box = box_for(UIDS[-1])
    yield box
    remove(box)
