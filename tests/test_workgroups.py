"""The role on a workgroup's namespace: AWS replaces all roles at once, and nothing of the client's may get lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import policies, sandbox
from onemata_helpers.errors import NotUsable, Overtaken, PlanBlocked
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.state import state
from onemata_helpers.wait import Wait

from .account import in_place, namespace, replace_roles, role_of, second_workgroup
from .conftest import Run, run

OURS = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
THEIRS = world.NAMESPACE_ROLE_ARN
OTHER = world.CLUSTER_ROLE_ARN
ON = f"role onemata-redshift on workgroup {sandbox.SERVERLESS_WORKGROUP}"
WORKGROUP: dict[str, Any] = {"cluster_identifiers": [], "workgroup_names": [sandbox.SERVERLESS_WORKGROUP]}
BOTH = {"redshift.amazonaws.com", "redshift-serverless.amazonaws.com"}


def workgroup(action: str = "apply", wait: Wait | None = None, **changes: Any) -> Run:
    return run("redshift", action, wait, **(WORKGROUP | changes))


def somebody_else(*roles: str, default: str = THEIRS) -> Callable[[Any], None]:
    """The client's admin replaces the roles just now; by the time that anybody looks, it is done."""

    def replace(_: Any) -> None:
        found = state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].namespaces[sandbox.NAMESPACE]
        found.roles, found.default_role = dict.fromkeys(roles, "in-sync"), default

    return replace


def once(hook: Callable[[Any], None]) -> Callable[[Any], None]:
    """The hook at the first call only."""
    calls = iter([hook])
    return lambda call: next(calls, lambda _: None)(call)


def sent(done: Run, operation: str = "UpdateNamespace") -> int:
    return sum(each.attempts for each in done.record.calls if each.operation == operation)


def trusted(aws: Sandbox, role: str = "onemata-redshift") -> set[str]:
    statements = policies.statements(role_of(aws, role)["AssumeRolePolicyDocument"])
    return {each["Principal"]["Service"] for each in statements}


# --- on and off -------------------------------------------------------------------------------------------------------


def test_the_role_goes_on_the_namespace_and_off_again_and_all_else_stays(aws: Sandbox) -> None:
    before = namespace(aws)
    done = workgroup()
    in_place(done)
    assert namespace(aws) == (sorted([THEIRS, OURS]), THEIRS)
    assert done.record.plan is not None
    (change,) = [each for each in done.record.plan.changes if each.resource == ON]
    assert change.fields[0].before == [THEIRS]
    assert change.fields[0].after == sorted([THEIRS, OURS])
    assert change.calls[0].arguments["defaultIamRoleArn"] == THEIRS
    assert f"The default role stays {THEIRS}" in change.why
    assert workgroup().writes == []

    removed = workgroup("remove")
    assert removed.record.outcome == "removed"
    assert removed.writes[0] == "UpdateNamespace"
    assert namespace(aws) == before


def test_without_a_default_role_none_is_named(aws: Sandbox) -> None:
    replace_roles(aws, [OTHER, THEIRS])
    done = workgroup()
    in_place(done)
    assert done.record.plan is not None
    arguments = [call.arguments for each in done.record.plan.changes for call in each.calls]
    assert not any("defaultIamRoleArn" in each for each in arguments)
    assert namespace(aws) == (sorted([OTHER, THEIRS, OURS]), "")


def test_a_namespace_may_have_no_role_before_and_after(aws: Sandbox) -> None:
    replace_roles(aws, [])
    in_place(workgroup())
    assert namespace(aws) == ([OURS], "")
    assert workgroup("remove").record.outcome == "removed"
    assert namespace(aws) == ([], "")


def test_a_role_that_the_client_made_the_default_is_not_taken_off(aws: Sandbox) -> None:
    workgroup()
    replace_roles(aws, [THEIRS, OURS], OURS)
    in_place(workgroup("verify"))
    blocked = workgroup("remove")
    assert isinstance(blocked.error, PlanBlocked)
    assert "chooses another default first" in str(blocked.error)
    assert blocked.writes == []
    replace_roles(aws, [THEIRS, OURS], THEIRS)
    assert workgroup("remove").record.outcome == "removed"


def test_clusters_and_workgroups_have_the_role_each_on_its_own(aws: Sandbox) -> None:
    names: dict[str, Any] = {
        "cluster_identifiers": [sandbox.CLUSTER],
        "workgroup_names": [sandbox.SERVERLESS_WORKGROUP, second_workgroup(aws)],
    }
    done = run("redshift", **names)
    in_place(done)
    checked = {each.name: each.result for each in done.record.checks}
    places = [f"cluster {sandbox.CLUSTER}", f"workgroup {sandbox.SERVERLESS_WORKGROUP}", "workgroup second"]
    assert [checked[f"role onemata-redshift on {each}"] for each in places] == ["proven"] * 3
    assert namespace(aws, "second-data") == ([OURS], "")
    assert run("redshift", "remove", **names).record.outcome == "removed"
    assert namespace(aws, "second-data") == ([], "")


def test_two_workgroups_of_one_namespace_are_no_trouble(aws: Sandbox) -> None:
    """AWS does not allow that today."""
    both: dict[str, Any] = {"workgroup_names": [sandbox.SERVERLESS_WORKGROUP, second_workgroup(aws, sandbox.NAMESPACE)]}
    done = workgroup(**both)
    in_place(done)
    assert sent(done) == 1
    assert workgroup(**both).writes == []
    removed = workgroup("remove", **both)
    assert removed.record.outcome == "removed"
    assert sent(removed) == 1
    assert namespace(aws) == ([THEIRS], THEIRS)


def test_a_workgroup_that_is_not_there_or_goes_away_blocks(aws: Sandbox) -> None:
    nowhere = workgroup(workgroup_names=["nowhere"])
    assert isinstance(nowhere.error, PlanBlocked)
    assert "corrects workgroup_names or region" in str(nowhere.error)
    here = state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].workgroups[sandbox.SERVERLESS_WORKGROUP]
    here.status = "DELETING"
    leaving = workgroup()
    assert isinstance(leaving.error, PlanBlocked)
    assert "is being deleted" in str(leaving.error)
    assert leaving.writes == []


# --- the moment of the write ------------------------------------------------------------------------------------------


def overtaken(done: Run) -> None:
    """It stopped before the write, said so, and the next run does it."""
    assert isinstance(done.error, Overtaken)
    assert done.record.outcome == "failed"
    assert "have changed since the plan was shown, so nothing was written to it" in done.record.reason
    assert "Who acts: the engineer runs it again, and has the new plan approved" in done.record.reason
    assert done.record.changes_done[-1].status == "failed"


@pytest.mark.parametrize(("roles", "default"), [([THEIRS, OTHER], THEIRS), ([OTHER], OTHER), ([THEIRS], ""), ([], "")])
def test_what_somebody_changes_between_plan_and_write_is_not_overwritten(
    aws: Sandbox, roles: list[str], default: str
) -> None:
    aws.before("AttachRolePolicy", somebody_else(*roles, default=default))
    done = workgroup()
    overtaken(done)
    assert sent(done) == 0
    assert namespace(aws) == (sorted(roles), default)
    in_place(workgroup())
    assert namespace(aws) == (sorted([*roles, OURS]), default)


def test_nor_is_it_when_the_role_is_taken_off(aws: Sandbox) -> None:
    both: dict[str, Any] = {"workgroup_names": [sandbox.SERVERLESS_WORKGROUP, second_workgroup(aws)]}
    workgroup(**both)
    aws.before("UpdateNamespace", once(somebody_else(THEIRS, OURS, OTHER)))  # while the second one loses the role
    overtaken(workgroup("remove", **both))
    assert namespace(aws) == (sorted([THEIRS, OURS, OTHER]), THEIRS)
    assert workgroup("remove", **both).record.outcome == "removed"
    assert namespace(aws) == (sorted([THEIRS, OTHER]), THEIRS)


def test_what_changes_while_the_namespace_is_busy_is_not_overwritten_either(aws: Sandbox) -> None:
    aws.before("UpdateNamespace", once(somebody_else(THEIRS, OTHER)))
    aws.fail("UpdateNamespace", "ConflictException")
    done = workgroup()
    overtaken(done)
    assert sent(done) == 1
    assert namespace(aws) == (sorted([THEIRS, OTHER]), THEIRS)


def test_a_change_that_is_under_way_is_waited_for_before_anything_is_written(aws: Sandbox) -> None:
    def begin(_: Any) -> None:
        aws.client("redshift-serverless").update_namespace(
            namespaceName=sandbox.NAMESPACE, iamRoles=[THEIRS], defaultIamRoleArn=THEIRS
        )

    aws.before("AttachRolePolicy", begin)
    told: list[str] = []
    in_place(workgroup(wait=Wait(tell=told.append, sleep=lambda _: None, seconds=60)))
    assert f"Waiting: namespace {sandbox.NAMESPACE} is MODIFYING." in told
    assert namespace(aws) == (sorted([THEIRS, OURS]), THEIRS)


def test_if_somebody_has_put_our_role_on_it_meanwhile_nothing_is_left_to_write(aws: Sandbox) -> None:
    aws.before("AttachRolePolicy", somebody_else(THEIRS, OURS))
    done = workgroup()
    in_place(done)
    assert sent(done) == 0


@pytest.mark.parametrize("how", ["ConflictException", "throttled"])
def test_what_passes_is_tried_again_each_time_after_a_look(aws: Sandbox, how: str) -> None:
    aws.fail("UpdateNamespace", how, 2)
    done = workgroup()
    in_place(done)
    operations = [each.operation for each in done.record.calls]
    writes = [number for number, each in enumerate(operations) if each == "UpdateNamespace"]
    assert len(writes) == 3
    assert [operations[number - 1] for number in writes] == ["GetNamespace"] * 3


def test_a_write_whose_answer_is_lost_is_not_sent_again(aws: Sandbox) -> None:
    seen: list[Any] = []
    aws.before("UpdateNamespace", seen.append)
    aws.fail("UpdateNamespace", "lost answer")
    done = workgroup()
    in_place(done)
    assert len(seen) == 1
    (written,) = [each for each in done.record.changes_done if each.change.resource == ON]
    assert written.unanswered == ("redshift-serverless:update_namespace",)


def test_a_write_that_did_not_arrive_is_not_sent_again_by_itself(aws: Sandbox) -> None:
    seen: list[Any] = []
    aws.before("UpdateNamespace", seen.append)
    aws.fail("UpdateNamespace", "no answer")
    failed = workgroup()
    assert failed.record.outcome == "failed"
    assert "redshift-serverless:update_namespace" in str(failed.error)
    assert len(seen) == 1
    in_place(workgroup())


def test_a_role_that_redshift_does_not_see_yet_is_waited_for(aws: Sandbox) -> None:
    aws.propagation_seconds = 600
    told: list[str] = []

    def sleep(_: float) -> None:
        aws.propagation_seconds = 0 if "new role" in told[-1] else aws.propagation_seconds

    in_place(workgroup(wait=Wait(tell=told.append, sleep=sleep, seconds=60)))
    assert "Waiting: Redshift does not yet see the new role." in told


def test_what_never_comes_to_rest_is_a_sentence(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemata_helpers.resources.workgroup_role.CHANGE_SECONDS", 0.1)
    found = state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].namespaces[sandbox.NAMESPACE]
    found.busy = 10**9
    done = workgroup()
    assert isinstance(done.error, NotUsable)
    assert "namespace example-adhoc-data is still 'MODIFYING'" in str(done.error)
    assert sent(done) == 0
