"""The list of what is not confirmed: whole, readable, and about files that exist."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from onemata_helpers import checklist
from onemata_helpers.cli import app
from onemata_helpers.text import is_plain

from .conftest import ROOT

ITEMS = [(service, item) for service, found in checklist.items().items() for item in found]


@pytest.mark.parametrize(("service", "item"), ITEMS)
def test_each_item_says_all_and_names_files_that_exist(service: str, item: checklist.Item) -> None:
    for text in (item.assumed, item.see, item.otherwise):
        assert len(text) > 10
        assert is_plain(text), text
    assert item.correct
    for name in item.correct:
        assert (ROOT / name).is_file(), name


def test_the_command_prints_all_or_what_is_asked_for() -> None:
    everything = CliRunner().invoke(app, ["checklist"]).stdout
    assert everything.count("- [ ] ") == len(ITEMS)
    assert re.findall(r"^## (.+)$", everything, re.MULTILINE) == list(checklist.items())
    some = CliRunner().invoke(app, ["checklist", "athena", "redshift-serverless"]).stdout
    assert re.findall(r"^## (.+)$", some, re.MULTILINE) == ["Athena", "Redshift Serverless"]


def test_an_unknown_service_is_refused_with_those_that_there_are() -> None:
    result = CliRunner().invoke(app, ["checklist", "lambda"])
    assert result.exit_code == 2
    assert "access-analyzer" in result.output
    assert "Traceback" not in result.output


def test_the_services_of_the_runbooks_are_all_in_it() -> None:
    assert {"iam", "redshift", "redshift-serverless", "glue", "athena", "access-analyzer"} <= set(
        checklist.services_of()
    )
