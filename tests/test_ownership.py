"""Whose each thing is: nothing of the client's is replaced, and no run takes away what another needs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import policies, sandbox
from onemata_helpers.errors import PlanBlocked
from onemata_helpers.location import Location
from onemata_helpers.resources.delivery import SERVERLESS, Delivery, Registration, workgroup_target
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox

from .account import give_foreign_profile, in_place, inline_name, make_foreign_role, off_instance, profile_on, role_of
from .conftest import SERVICES, run
from .snapshot import everything

SECOND: dict[str, Any] = {
    "bucket": sandbox.OTHER_BUCKET,
    "prefix": "",
    "onemata_role_arn": world.OTHER_ROLE_ARN,
    "onemata_external_id": "second",
}
ROLES = {"redshift": "onemata-redshift", "glue": "AWSGlueServiceRoleOnemata", "ec2": "onemata-ec2"}
THEIRS = policies.document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::theirs/*"})
BOTH = [sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID]


def names(aws: Sandbox, role: str) -> set[str]:
    return set(aws.client("iam").list_role_policies(RoleName=role)["PolicyNames"])


def exists(aws: Sandbox, role: str) -> bool:
    try:
        role_of(aws, role)
    except aws.client("iam").exceptions.NoSuchEntityException:
        return False
    return True


def put(aws: Sandbox, role: str, name: str, document: policies.Document = THEIRS) -> None:
    aws.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def planned_policy(service: str, **changes: Any) -> str:
    """The name that the plan gives to our inline policy."""
    plan = run(service, "plan", **changes).record.plan
    assert plan is not None
    return next(c.resource.split()[2] for c in plan.changes if c.resource.startswith("inline policy"))


@pytest.mark.parametrize("service", SERVICES)
def test_two_deliveries_live_side_by_side_on_one_role(aws: Sandbox, service: str) -> None:
    in_place(run(service, s3_access="scoped"))
    first = names(aws, ROLES[service])
    in_place(run(service, s3_access="scoped", **SECOND))
    both = names(aws, ROLES[service])
    assert first < both
    assert len(both) == 2 * len(first)
    in_place(run(service, "verify", s3_access="scoped"))
    assert run(service, s3_access="scoped").writes == []

    removed = run(service, "remove", s3_access="scoped")
    assert removed.record.outcome == "removed"
    assert sandbox.OTHER_BUCKET in removed.shown["plan"]
    assert names(aws, ROLES[service]) == both - first
    in_place(run(service, "verify", s3_access="scoped", **SECOND))
    assert run(service, "remove", s3_access="scoped").writes == []

    assert run(service, "remove", s3_access="scoped", **SECOND).record.outcome == "removed"
    assert not exists(aws, ROLES[service])


@pytest.mark.parametrize("access", ["managed", "scoped"])
def test_the_second_deliverys_removal_leaves_the_first_what_both_use(aws: Sandbox, access: str) -> None:
    run("redshift")
    in_place(run("redshift", s3_access=access, **SECOND))
    run("redshift", "remove", s3_access=access, **SECOND)
    in_place(run("redshift", "verify"))


@pytest.mark.parametrize(("one", "other"), [("redshift", "glue"), ("glue", "redshift")])
def test_one_role_for_two_services_serves_both(aws: Sandbox, one: str, other: str) -> None:
    name: dict[str, Any] = {"role_name": "AWSGlueServiceRoleShared"}
    in_place(run(one, **name))
    assert isinstance(run(other, **name).error, PlanBlocked)
    in_place(run(other, adopt_existing=True, **name))
    for service in (one, other):
        in_place(run(service, "verify", adopt_existing=service == other, **name))
    assert run(one, **name).writes == []

    assert run(one, "remove", **name).record.outcome == "removed"
    in_place(run(other, "verify", **name))
    assert run(other, "remove", **name).record.outcome == "removed"
    assert not exists(aws, name["role_name"])


def test_two_runbooks_that_extend_one_role_do_not_break_one_another(aws: Sandbox) -> None:
    for each in BOTH:
        if each == sandbox.INSTANCE_ID:
            give_foreign_profile(aws)
        else:
            aws.client("ec2").associate_iam_instance_profile(IamInstanceProfile={"Name": "webserver"}, InstanceId=each)
    for each in BOTH:
        in_place(run("ec2", on_existing_profile="extend", instance_ids=[each]))
    assert len(names(aws, "webserver")) == 1
    run("ec2", "remove", on_existing_profile="extend", instance_ids=BOTH[:1])
    in_place(run("ec2", "verify", on_existing_profile="extend", instance_ids=BOTH[1:]))
    assert run("ec2", "remove", on_existing_profile="extend", instance_ids=BOTH[1:]).writes == ["DeleteRolePolicy"]
    assert names(aws, "webserver") == set()


def test_two_deliveries_extend_one_role(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    extend: dict[str, Any] = {"on_existing_profile": "extend"}
    in_place(run("ec2", **extend))
    in_place(run("ec2", **extend, **SECOND))
    assert len(names(aws, "webserver")) == 2
    run("ec2", "remove", **extend)
    in_place(run("ec2", "verify", **extend, **SECOND))


def test_a_policy_of_our_name_on_a_role_of_the_clients_is_not_touched(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    name = planned_policy("ec2", on_existing_profile="extend")
    put(aws, "webserver", name)
    blocked = run("ec2", on_existing_profile="extend")
    assert isinstance(blocked.error, PlanBlocked)
    assert "other content" in str(blocked.error)
    removed = run("ec2", "remove", on_existing_profile="extend")
    assert removed.writes == []
    assert name in removed.record.reason
    assert aws.client("iam").get_role_policy(RoleName="webserver", PolicyName=name)["PolicyDocument"] == THEIRS


def test_a_policy_of_our_name_on_an_adopted_role_is_not_touched(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    changes: dict[str, Any] = {"s3_access": "scoped", "adopt_existing": True}
    name = planned_policy("redshift", **changes)
    put(aws, "onemata-redshift", name)
    assert isinstance(run("redshift", **changes).error, PlanBlocked)
    assert run("redshift", "remove", **changes).writes == []
    assert names(aws, "onemata-redshift") == {name}


def test_a_policy_of_our_name_on_a_user_is_not_touched(aws: Sandbox) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="analyst")
    changes: dict[str, Any] = {
        "role_name": "glue-onemata",
        "pass_role_to": [f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst"],
    }
    iam.put_user_policy(UserName="analyst", PolicyName="onemata-pass-glue-onemata", PolicyDocument=json.dumps(THEIRS))
    assert isinstance(run("glue", **changes).error, PlanBlocked)
    run("glue", "remove", **changes)
    found = iam.get_user_policy(UserName="analyst", PolicyName="onemata-pass-glue-onemata")
    assert found["PolicyDocument"] == THEIRS


@pytest.mark.parametrize("holder", ["adopted", "extended"])
def test_no_role_of_the_clients_gets_access_without_the_boundary_that_is_demanded(aws: Sandbox, holder: str) -> None:
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:policy/boundary"
    boundary: dict[str, Any] = {"permissions_boundary_arn": arn}
    if holder == "adopted":
        make_foreign_role(aws, "onemata-redshift")
        blocked = run("redshift", adopt_existing=True, **boundary)
    else:
        give_foreign_profile(aws)
        blocked = run("ec2", on_existing_profile="extend", **boundary)
    assert isinstance(blocked.error, PlanBlocked)
    assert "permissions boundary" in str(blocked.error)


def test_what_was_extended_is_found_whatever_the_parameters_of_the_removal_say(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    in_place(run("ec2", on_existing_profile="extend"))
    assert run("ec2", "remove", on_existing_profile="stop").writes == ["DeleteRolePolicy"]
    assert names(aws, "webserver") == set()


def test_all_who_were_let_pass_the_role_are_found_again(aws: Sandbox) -> None:
    iam = aws.client("iam")
    for kind in ("user", "group"):
        getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": "analyst"})
    arns = [f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:{kind}/analyst" for kind in ("user", "group")]
    in_place(run("glue", role_name="glue-onemata", pass_role_to=arns[:1]))
    in_place(run("glue", role_name="glue-onemata", pass_role_to=arns[1:]))
    removed = run("glue", "remove", role_name="glue-onemata")
    assert removed.record.outcome == "removed"
    assert iam.list_user_policies(UserName="analyst")["PolicyNames"] == []
    assert iam.list_group_policies(GroupName="analyst")["PolicyNames"] == []
    assert not exists(aws, "glue-onemata")


def test_two_deliveries_whose_role_one_user_passes(aws: Sandbox) -> None:
    aws.client("iam").create_user(UserName="analyst")
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst"
    changes: dict[str, Any] = {"role_name": "glue-onemata", "pass_role_to": [arn]}
    in_place(run("glue", **changes))
    in_place(run("glue", **changes, **SECOND))
    run("glue", "remove", **changes)
    in_place(run("glue", "verify", **changes, **SECOND))
    run("glue", "remove", **changes, **SECOND)
    assert aws.client("iam").list_user_policies(UserName="analyst")["PolicyNames"] == []


def test_ours_is_removed_also_when_the_instance_has_another_profile_now(aws: Sandbox) -> None:
    in_place(run("ec2", on_existing_profile="extend"))
    off_instance(aws)
    give_foreign_profile(aws)
    assert run("ec2", "remove", on_existing_profile="extend").record.outcome == "removed"
    assert not exists(aws, "onemata-ec2")
    assert profile_on(aws) == "webserver"


def test_a_cluster_that_still_lists_our_deleted_role_is_cleaned(aws: Sandbox) -> None:
    run("redshift")
    iam = aws.client("iam")
    iam.detach_role_policy(RoleName="onemata-redshift", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.delete_role(RoleName="onemata-redshift")
    removed = run("redshift", "remove")
    assert removed.record.outcome == "removed"
    assert removed.writes == ["ModifyClusterIamRoles"]


def test_a_removal_takes_no_profile_off_that_another_runbook_made(aws: Sandbox) -> None:
    one: dict[str, Any] = {"instance_profile_name": "shared"}
    in_place(run("ec2", **one))
    assert run("ec2", "remove", role_name="another", **one).writes == []
    in_place(run("ec2", "verify", **one))


def test_our_role_is_not_taken_out_of_a_profile_of_the_clients_that_no_run_filled(aws: Sandbox) -> None:
    in_place(run("ec2"))
    iam = aws.client("iam")
    off_instance(aws)
    profile = {"InstanceProfileName": "onemata-ec2"}
    iam.remove_role_from_instance_profile(**profile, RoleName="onemata-ec2")
    iam.delete_instance_profile(**profile)
    iam.create_instance_profile(**profile)
    iam.add_role_to_instance_profile(**profile, RoleName="onemata-ec2")
    removed = run("ec2", "remove")
    assert isinstance(removed.error, PlanBlocked)
    assert removed.writes == []
    assert run("ec2", "remove", adopt_existing=True).record.outcome == "removed"
    assert iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"] == []


def test_two_profiles_of_one_role_go_one_after_the_other(aws: Sandbox) -> None:
    first: dict[str, Any] = {"instance_ids": BOTH[:1]}
    second: dict[str, Any] = {"instance_ids": BOTH[1:], "instance_profile_name": "second"}
    in_place(run("ec2", **first))
    in_place(run("ec2", **second))
    assert run("ec2", "remove", **first).record.outcome == "removed"
    assert profile_on(aws, BOTH[0]) == ""
    in_place(run("ec2", "verify", **second))
    assert run("ec2", "remove", **second).record.outcome == "removed"
    assert not exists(aws, "onemata-ec2")


def test_a_forged_tag_does_not_make_somebodys_role_ours(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    aws.client("iam").tag_role(RoleName="onemata-redshift", Tags=[{"Key": "onemata:runbook", "Value": "redshift"}])
    before = role_of(aws, "onemata-redshift")
    for action in ("apply", "remove"):
        result = run("redshift", action)
        assert result.writes == []
        assert "not our description" in str(result.shown) + str(result.error)
    assert role_of(aws, "onemata-redshift") == before


def test_a_role_that_is_trusted_by_more_than_we_wrote_is_not_deleted(aws: Sandbox) -> None:
    run("redshift")
    both = policies.with_statements(policies.service_trust("redshift", "aws"), policies.service_trust("lambda", "aws"))
    aws.client("iam").update_assume_role_policy(RoleName="onemata-redshift", PolicyDocument=json.dumps(both))
    blocked = run("redshift", "remove")
    assert isinstance(blocked.error, PlanBlocked)
    assert "lambda.amazonaws.com" in str(blocked.error)


def test_the_name_of_a_policy_says_whose_it_is(aws: Sandbox) -> None:
    run("ec2")
    assert inline_name(aws, "onemata-ec2") == planned_policy("ec2")


def second_cluster(aws: Sandbox) -> str:
    aws.client("redshift").create_cluster(
        ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
        ManageMasterPassword=True,
    )  # fmt: skip
    return "second"


@pytest.mark.parametrize("service", ["redshift", "ec2"])
@pytest.mark.parametrize("same_delivery", [True, False])
def test_one_role_at_two_places_goes_with_the_last_of_them(aws: Sandbox, service: str, same_delivery: bool) -> None:
    """Each removal takes what only it needs, in any order, and the last one takes the rest."""
    before = everything(aws)
    key = {"redshift": "cluster_identifiers", "ec2": "instance_ids"}[service]
    first: dict[str, Any] = {key: [sandbox.CLUSTER] if service == "redshift" else BOTH[:1]}
    other: dict[str, Any] = {key: [second_cluster(aws)] if service == "redshift" else BOTH[1:]}
    other |= {} if same_delivery else SECOND
    for changes in (first, other):
        in_place(run(service, **changes))
    in_place(run(service, "verify", **first))
    assert run(service, "remove", **first).record.outcome == "removed"
    in_place(run(service, "verify", **other))
    assert run(service, "remove", **first).writes == []
    assert run(service, "remove", **other).record.outcome == "removed"
    assert not exists(aws, ROLES[service])
    after = everything(aws)
    after["clusters"].pop("second", None)
    assert after == before


def test_many_more_instances_than_a_tag_can_name_are_counted() -> None:
    """Beyond what a tag's value holds, a registration says `many`, and what has the role decides."""
    ids = [f"i-{number:017x}" for number in range(40)]
    registration = Delivery("ec2", Location("b" * 63, "p" * 200), "").registration.on(ids)
    ((key, value),) = registration.tag.items()
    assert len(value) <= 256
    assert Registration.read(key, value) == registration
    assert all(map(registration.covers, ids))
    few = Delivery("ec2", Location("b" * 63, "p" * 200), "").registration.on(ids[:19])
    ((key, value),) = few.tag.items()
    assert len(value) <= 256
    assert Registration.read(key, value) == few
    assert few.off(ids[:18]).covers(ids[18])
    assert not few.off(ids[:19]).marks


NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9-]{2,20}", fullmatch=True), unique=True, max_size=30)


@given(NAMES, NAMES)
def test_a_registration_says_whether_it_is_for_workgroups_however_many(
    clusters: list[str], workgroups: list[str]
) -> None:
    targets = [*clusters, *map(workgroup_target, workgroups)]
    registration = Delivery("redshift", Location("b" * 63, "p" * 200)).registration.on(targets)
    ((key, value),) = registration.tag.items()
    assert len(value) <= 256
    assert Registration.read(key, value) == registration
    assert all(map(registration.covers, targets))
    assert (SERVERLESS in registration.services) == bool(workgroups)
    without = registration.off(map(workgroup_target, workgroups))
    assert (SERVERLESS in without.services) == bool(workgroups and not registration.countable)
    assert registration.on_nothing(but_workgroups=True).services == registration.services or registration.countable
