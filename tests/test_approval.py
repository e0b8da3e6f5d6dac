"""An approval is for one account and all that was shown, and for no state that passes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onemata_helpers import Runbook, sandbox
from onemata_helpers.approval import is_left_of, refuse_unless_approved
from onemata_helpers.errors import ParameterError, PlanChanged
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.plan import Plan
from onemata_helpers.record import now, write_record
from onemata_helpers.sandbox.server import Sandbox

from .account import in_place, make_foreign_role, off_cluster, off_instance
from .conftest import SERVICES, run, values
from .snapshot import everything
from .test_faults import Killed, Scenario, account, fault_at, undisturbed

ALWAYS_KILLED = (("ec2", "apply"), ("glue", "remove"))
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


NOT_APPROVED = {"action", "observed", "findings", "missing", "readiness"}


@pytest.mark.parametrize("field", sorted(Plan.model_fields.keys() - NOT_APPROVED))
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


@pytest.mark.parametrize(
    ("service", "action"),
    [
        pytest.param(service, action, marks=() if (service, action) in ALWAYS_KILLED else pytest.mark.campaign)
        for service in SERVICES
        for action in ("apply", "remove")
    ],
)
def test_what_a_killed_run_left_of_an_approved_plan_is_still_approved(
    service: str, action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of its writes, and whether or not the same plan was approved and applied before."""
    monkeypatch.setenv("ONEMATA_RECORDS", str(tmp_path))
    scenario = Scenario(service)
    writes, wanted = undisturbed(scenario, monkeypatch, action)
    for number in range(len(writes)):
        with account(scenario, monkeypatch, action) as box:
            looking = {"apply": "plan", "remove": "plan-removal"}[action]
            approval: dict[str, Any] = {"approved_plan": run(service, looking).record.plan_digest, "plan_shown": now()}
            with pytest.raises(Killed), fault_at(number, "killed", box, writes):
                run(service, action, **approval)
            again = run(service, action, **approval)
            assert again.error is None, f"killed at {writes[number]}: {again.error}"
            assert everything(box) == wanted, writes[number]


def test_an_approval_holds_for_no_other_state_that_nobody_brought_about_by_it(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client did a part of the plan itself, or took a part away after all was done."""
    monkeypatch.setenv("ONEMATA_RECORDS", str(tmp_path))
    approved = plan_of("redshift").digest
    run("redshift")
    off_cluster(aws)
    assert isinstance(run("redshift", approved_plan=approved).error, PlanChanged)
    run("redshift", "remove")
    in_place(run("redshift", approved_plan=approved))
    in_place(run("redshift", approved_plan=approved))
    off_cluster(aws)
    assert isinstance(run("redshift", approved_plan=approved).error, PlanChanged)


@pytest.mark.parametrize("shown", ["", "before"])
def test_an_approval_that_was_used_puts_nothing_back_unless_a_person_saw_the_plan_since(
    aws: Sandbox, shown: str
) -> None:
    shown = shown and now()
    approved = plan_of("redshift").digest
    in_place(used := run("redshift", approved_plan=approved, plan_shown=shown))
    assert run("redshift", "remove").error is None
    assert plan_of("redshift").digest == approved  # made again, as each night, and seen by nobody
    again = run("redshift", approved_plan=approved, plan_shown=shown)
    assert isinstance(again.error, PlanChanged)
    assert f"was used up by the run of {used.record.started}, which ended applied. What there" in str(again.error)
    assert again.writes == []
    in_place(run("redshift", approved_plan=approved, plan_shown=now()))


def test_an_approval_whose_run_was_ended_by_another_is_used_up_too(aws: Sandbox) -> None:
    """What was left of its plan was approved and done, and then taken away by hand."""
    approved = plan_of("redshift").digest
    with pytest.raises(Killed), fault_at(2, "killed", aws, []):
        run("redshift", approved_plan=approved)
    in_place(run("redshift", approved_plan=plan_of("redshift").digest))
    off_cluster(aws)
    again = run("redshift", approved_plan=approved)
    assert isinstance(again.error, PlanChanged)
    assert "was used up" in str(again.error)
    assert again.writes == []


@pytest.mark.parametrize("fails", ["AttachRolePolicy", "ModifyClusterIamRoles"])
def test_what_a_run_that_failed_had_done_is_not_done_again_after_somebody_undid_it(aws: Sandbox, fails: str) -> None:
    approved = plan_of("redshift").digest
    aws.fail(fails, "LimitExceeded")
    assert run("redshift", approved_plan=approved).record.outcome == "failed"
    iam = aws.client("iam")
    for policy in iam.list_attached_role_policies(RoleName="onemata-redshift")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="onemata-redshift", PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName="onemata-redshift")
    again = run("redshift", approved_plan=approved)
    assert isinstance(again.error, PlanChanged)
    assert "was used up" in str(again.error)
    assert again.writes == []


@pytest.mark.parametrize("looking", ["plan", "verify"])
def test_a_run_that_only_looks_is_no_use_of_an_approval(aws: Sandbox, looking: str) -> None:
    """The parameters of each run have its digest. Another plan is carried out meanwhile, and taken away again."""
    approved = plan_of("redshift").digest
    run("redshift", looking, approved_plan=approved)
    in_place(run("redshift"))
    assert run("redshift", "remove").error is None
    in_place(run("redshift", approved_plan=approved))


def test_what_was_approved_in_a_rehearsal_is_not_used_up_in_the_account(aws: Sandbox, tmp_path: Path) -> None:
    approved = plan_of("glue")
    rehearsed = run("glue", approved_plan=approved.digest)
    in_place(rehearsed)
    record = tmp_path / "2126-01-01T120000.000Z.json"
    write_record(tmp_path / "2026-01-01T120000.000Z.json", rehearsed.record)
    told = from_notebook("glue", values("glue", approved_plan=approved.digest))
    with pytest.raises(PlanChanged, match="was used up"):
        refuse_unless_approved(approved, told, record)
    refuse_unless_approved(approved, told.model_copy(update={"sandbox": False}), record)


def test_an_approval_holds_for_nothing_that_was_not_shown(aws: Sandbox) -> None:
    shown = plan_of("glue")
    change = shown.pending[1]
    call = change.calls[0].model_copy(update={"arguments": {"RoleName": "other"}})
    other = change.model_copy(update={"calls": (call,)})
    assert is_left_of(shown, shown)
    assert is_left_of(shown.model_copy(update={"changes": shown.changes[2:]}), shown)
    assert not is_left_of(shown.model_copy(update={"changes": (*shown.changes, other)}), shown)
    assert not is_left_of(shown.model_copy(update={"changes": (change.model_copy(update={"resource": "x"}),)}), shown)
    for where in ("account_id", "partition", "region", "service", "hand_over"):
        assert not is_left_of(shown.model_copy(update={where: "another"}), shown)
    for what in ("scripts", "proofs", "notes"):
        assert not is_left_of(shown.model_copy(update={what: ("one more",)}), shown)


def test_the_approver_is_on_record_and_changes_no_digest(aws: Sandbox) -> None:
    approver: dict[str, Any] = {
        "approved_by": "Zoë O'Neil (CTO)",
        "approval_reference": "https://t.example.com/OPS-1?x=1&y=%20#c",
    }
    digest = plan_of("glue").digest
    record = run("glue", approved_plan=digest, **approver).record
    assert (record.outcome, record.plan_digest) == ("applied", digest)
    assert record.model_dump(include=set(approver)) == approver


@pytest.mark.parametrize("bad", ["a\nb", "a\x1b[2Jb", "<script>", "$(id)", "`id`", " a", "a" * 300, "AKIA" + "A" * 16])
def test_an_approver_is_plain_words(bad: str) -> None:
    for key in ("approved_by", "approval_reference"):
        with pytest.raises(ParameterError, match=key):
            from_notebook("glue", values("glue", **{key: bad}))
