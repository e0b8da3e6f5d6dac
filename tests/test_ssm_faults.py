"""Systems Manager's calls fail like any other: a sentence, a whole record, and one more run completes."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers.errors import OnemataError
from onemata_helpers.sandbox.server import Sandbox

from .account import in_place
from .conftest import run

CALLS = ("DescribeInstanceInformation", "SendCommand", "GetCommandInvocation")
ANSWERS = ("html", "empty", "binary", "AccessDeniedException")


@pytest.mark.parametrize(("operation", "how"), [(call, how) for call in CALLS for how in ANSWERS])
def test_whatever_answers_in_systems_managers_place_is_a_sentence(aws: Sandbox, operation: str, how: Any) -> None:
    aws.fail(operation, how)
    failed = run("ec2", configure="ssm")
    assert isinstance(failed.error, OnemataError)
    assert "Who acts" in str(failed.error)
    assert f"ssm:{operation}" in str(failed.error)
    assert failed.record.outcome == "failed"
    assert failed.record.finished
    assert failed.writes == []


@pytest.mark.parametrize("operation", CALLS)
def test_an_answer_of_systems_managers_that_is_lost_disturbs_nothing(aws: Sandbox, operation: str) -> None:
    aws.fail(operation, "lost answer")
    done = run("ec2", configure="ssm")
    in_place(done)
    assert done.writes.count("SendCommand") == 1
