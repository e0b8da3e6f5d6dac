"""A fresh sandbox for each test."""

from collections.abc import Iterator

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox
from tests.forked_cli.program import forked_cli


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with sandbox.start(cli=forked_cli()) as box:
        yield box
