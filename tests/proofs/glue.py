"""What the tests of Glue's proof share: runs that prove, and runs that are cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.location import Location
from onemata_helpers.resources.delivery import Delivery
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.session import Aws
from onemata_helpers.wait import Wait

from ..conftest import Run, run
from ..snapshot import in_glue
from .common import DENIED, LONG

ROLE = "AWSGlueServiceRoleOnemata"
ROLE_ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLE}"
NAME = f"onemata_proof_{Delivery('glue', Location(sandbox.BUCKET, sandbox.PREFIX)).id}"
FOLDER = f"s3://{sandbox.BUCKET}/{sandbox.PREFIX}_onemata/"
READS = "Glue reads Onemata's data"
SEES = "Glue may use the role and sees Onemata's bucket"
PREFIX = "Glue is refused another client's prefix"
CRAWL: dict[str, Any] = {"prove": "crawl", "confirm_proof_costs": True, **DENIED}
CRAWLER: dict[str, Any] = {"prove": "crawler", **DENIED}


def prove(action: str = "apply", wait: Wait = LONG, **changes: Any) -> Run:
    return run("glue", action, wait, **(CRAWL | changes))


def prove_later(**changes: Any) -> Run:
    """Prove it in a run that changes nothing, so that nothing is waited for that may still come."""
    prove(**(changes | {"prove": "none"}))
    return prove("verify", **changes)


def sent(done: Run) -> list[str]:
    return [each.operation for each in done.record.calls if each.service == "glue" and each.access == "write"]


def nothing_is_left(box: Sandbox) -> None:
    glue = box.client("glue")
    assert in_glue(box) == []
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_classifier(Name=NAME)


class Killed(BaseException):
    """The process ended here."""


@contextmanager
def cut_off(number: int, error: type[BaseException], *, for_good: bool) -> Iterator[None]:
    """After its write of this number to Glue the run ends; a process that was killed sends nothing more."""
    call, done = Aws.call, [0]

    def counting(aws: Aws, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        if for_good and done[0] >= number:
            raise error
        answer = call(aws, service, operation, **arguments)
        if service == "glue" and not operation.startswith("get_"):
            done[0] += 1
            if done[0] == number:
                raise error
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Aws, "call", counting)
        yield
