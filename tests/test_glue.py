"""Glue and Athena: the name's prefix, who may pass the role, and who queries."""

from __future__ import annotations

import pytest

from onemata_helpers import sandbox
from onemata_helpers.errors import PlanBlocked
from onemata_helpers.sandbox.server import Sandbox

from .account import (
    in_place,
    make_foreign_role,
)
from .conftest import run


def test_a_name_without_the_prefix_needs_somebody_to_pass_it(aws: Sandbox) -> None:
    blocked = run("glue", role_name="glue-onemata")
    assert isinstance(blocked.error, PlanBlocked)
    assert "pass_role_to" in str(blocked.error)
    assert blocked.writes == []


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_leave_to_pass_the_role_goes_to_whoever_is_named(aws: Sandbox, kind: str) -> None:
    iam = aws.client("iam")
    if kind == "role":
        make_foreign_role(aws, "analyst")
    else:
        getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": "analyst"})
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:{kind}/analyst"
    in_place(run("glue", role_name="glue-onemata", pass_role_to=[arn]))
    address = {f"{kind.title()}Name": "analyst", "PolicyName": "onemata-pass-glue-onemata"}
    (statement,) = getattr(iam, f"get_{kind}_policy")(**address)["PolicyDocument"]["Statement"]
    assert statement["Action"] == "iam:PassRole"
    assert statement["Resource"] == f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/glue-onemata"
    assert statement["Condition"] == {"StringLike": {"iam:PassedToService": ["glue.amazonaws.com"]}}
    assert run("glue", role_name="glue-onemata", pass_role_to=[arn]).writes == []
    assert run("glue", "remove", role_name="glue-onemata", pass_role_to=[arn]).record.outcome == "removed"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        getattr(iam, f"get_{kind}_policy")(**address)


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_somebody_who_is_not_there_blocks(aws: Sandbox, kind: str) -> None:
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:{kind}/nobody"
    blocked = run("glue", role_name="glue-onemata", pass_role_to=[arn])
    assert isinstance(blocked.error, PlanBlocked)
    assert f"no {kind} nobody" in str(blocked.error)


def test_the_prefix_does_not_help_at_a_path_of_ones_own(aws: Sandbox) -> None:
    assert isinstance(run("glue", role_path="/data/").error, PlanBlocked)


def test_those_who_query_with_athena_are_handed_over(aws: Sandbox) -> None:
    analyst = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst"
    handed = run("glue", athena_principals=[analyst]).record.hand_over
    assert handed is not None
    assert handed.principals == (analyst,)
    assert analyst in handed.for_onemata[0].text
    assert "athena_principals" in run("glue", "plan").shown["plan"]
