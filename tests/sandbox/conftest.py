"""A fresh sandbox for each test."""

from collections.abc import Iterator

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with sandbox.start() as box:
        yield box
