"""An approval is for one account and all that was shown, and for no state that passes by itself."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers import Runbook, sandbox
from onemata_helpers.errors import PlanChanged
from onemata_helpers.plan import Plan
from onemata_helpers.sandbox.server import Sandbox

from .account import in_place, make_foreign_role, off_instance
from .conftest import run, values
from .test_faults import Killed, fault_at

ANALYST = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst"


def plan_of(service: str, **changes: Any) -> Plan:
    plan = run(service, "plan", **changes).record.plan
    assert plan is not None
    return plan


@pytest.mark.parametrize(
    "change",
    [
        {"region": "eu-west-1"},
        {"bucket": "another-bucket"},
        {"prefix": "elsewhere/"},
        {"athena_principals": [ANALYST]},
        {"tags": {"team": "data"}},
    ],
)
def test_what_is_shown_is_approved_and_nothing_else(aws: Sandbox, change: dict[str, Any]) -> None:
    approved = plan_of("glue").digest
    refused = run("glue", approved_plan=approved, **change)
    assert isinstance(refused.error, PlanChanged)
    assert refused.writes == []


@pytest.mark.parametrize("where", ["account_id", "partition", "region", "service"])
def test_an_approval_is_for_one_place(aws: Sandbox, where: str) -> None:
    plan = plan_of("glue")
    assert plan.model_copy(update={where: "another"}).digest != plan.digest


@pytest.mark.parametrize("field", sorted(Plan.model_fields.keys() - {"action", "observed", "findings"}))
def test_every_field_of_a_plan_is_approved(aws: Sandbox, field: str) -> None:
    plan = plan_of("glue")
    assert plan.model_copy(update={field: None}).digest != plan.digest or getattr(plan, field) is None


def test_the_plan_of_an_apply_has_the_digest_that_plan_showed(aws: Sandbox) -> None:
    approved = plan_of("ec2").digest
    in_place(run("ec2", approved_plan=approved))


@pytest.mark.parametrize(("service", "write"), [("redshift", 2), ("ec2", 4)])
def test_an_approval_given_while_aws_is_still_at_work_holds(aws: Sandbox, service: str, write: int) -> None:
    with pytest.raises(Killed), fault_at(write, "killed", aws, []):
        run(service)
    approved = plan_of(service).digest
    assert plan_of(service).digest == approved
    in_place(run(service, approved_plan=approved))


@pytest.mark.parametrize(("service", "write"), [("redshift", 0), ("ec2", 0)])
def test_what_a_killed_removal_began_is_waited_for(aws: Sandbox, service: str, write: int) -> None:
    run(service)
    with pytest.raises(Killed), fault_at(write, "killed", aws, []):
        run(service, "remove")
    in_place(run(service))


def test_a_client_may_take_time_to_approve_and_what_changed_meanwhile_is_seen(aws: Sandbox) -> None:
    run("ec2")
    off_instance(aws)
    book = Runbook("ec2", values("ec2", action="apply"))
    book.connect()
    book.plan()
    aws.client("iam").remove_role_from_instance_profile(InstanceProfileName="onemata-ec2", RoleName="onemata-ec2")
    with pytest.raises(PlanChanged, match="has changed"):
        book.apply()


def test_what_does_not_concern_the_plan_changes_no_approval(aws: Sandbox) -> None:
    approved = plan_of("redshift").digest
    make_foreign_role(aws, "elsewhere")
    in_place(run("redshift", approved_plan=approved))
