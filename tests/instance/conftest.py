"""Homes to work in."""

import os
from collections.abc import Iterator

import pytest

from tests.instance.instance_box import QUICK_AWS, UIDS, Box, box_for, remove


@pytest.fixture(params=[(uid, shell) for uid in UIDS for shell in (("sh",), ("bash", "--posix"))], ids=str)
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    """A home of root's and of an unprivileged user's, under two shells."""
    uid, shell = request.param
    box = box_for(uid, shell)
    box.add_shim("aws", QUICK_AWS)
    yield box
    remove(box)


@pytest.fixture
def user_box() -> Iterator[Box]:
    """A home of an unprivileged user's."""
    box = box_for(UIDS[-1])
    box.add_shim("aws", QUICK_AWS)
    yield box
    remove(box)


@pytest.fixture
def real_box() -> Iterator[Box]:
    """A home of our own user's, with the real AWS CLI."""
    box = box_for(os.getuid())
    yield box
    remove(box)
