"""EC2: what an instance has already, and what is shared, is not harmed."""

from __future__ import annotations

from onemata_helpers import sandbox
from onemata_helpers.errors import PlanBlocked
from onemata_helpers.sandbox.server import Sandbox

from .account import (
    give_foreign_profile,
    in_place,
    off_instance,
    profile_on,
    role_of,
)
from .conftest import run


def test_before_onemata_answers_it_waits_with_the_hand_over(aws: Sandbox) -> None:
    for action in ("plan", "apply", "verify"):
        waiting = run("ec2", action, onemata_role_arn="")
        assert waiting.error is None
        assert waiting.record.outcome == "waiting"
        assert waiting.writes == []
        assert sandbox.CLIENT_ACCOUNT in waiting.shown["hand_over"]
        assert "sts:ExternalId" in waiting.shown["hand_over"]


def test_another_profile_stops_it(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    blocked = run("ec2")
    assert isinstance(blocked.error, PlanBlocked)
    assert "Systems Manager reaches the instance by it" in str(blocked.error)
    assert "on_existing_profile" in str(blocked.error)
    assert profile_on(aws) == "webserver"


def test_extend_adds_to_the_role_that_is_there(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    extended = run("ec2", on_existing_profile="extend")
    in_place(extended)
    assert extended.writes == ["PutRolePolicy"]
    assert profile_on(aws) == "webserver"
    assert "role/webserver" in extended.shown["hand_over"]
    assert "role/onemata-ec2" not in extended.shown["hand_over"]
    assert run("ec2", on_existing_profile="extend").writes == []
    assert run("ec2", "remove", on_existing_profile="extend").writes == ["DeleteRolePolicy"]


def test_replace_is_one_step_on_a_running_instance(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    replaced = run("ec2", on_existing_profile="replace")
    in_place(replaced)
    assert replaced.writes[-1] == "ReplaceIamInstanceProfileAssociation"
    assert profile_on(aws) == "onemata-ec2"
    assert role_of(aws, "webserver")


def test_replace_is_two_steps_on_a_stopped_one(aws: Sandbox) -> None:
    give_foreign_profile(aws, sandbox.STOPPED_INSTANCE_ID)
    replaced = run("ec2", on_existing_profile="replace", instance_ids=[sandbox.STOPPED_INSTANCE_ID])
    in_place(replaced)
    assert replaced.writes[-2:] == ["DisassociateIamInstanceProfile", "AssociateIamInstanceProfile"]
    assert profile_on(aws, sandbox.STOPPED_INSTANCE_ID) == "onemata-ec2"


def test_several_instances_each_get_the_profile(aws: Sandbox) -> None:
    both = [sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID]
    in_place(run("ec2", instance_ids=both))
    assert [profile_on(aws, each) for each in both] == ["onemata-ec2"] * 2


def test_a_profile_that_another_instance_has_is_not_removed(aws: Sandbox) -> None:
    run("ec2", instance_ids=[sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID])
    removed = run("ec2", "remove")
    assert removed.record.outcome == "removed"
    assert f"also uses it on {sandbox.STOPPED_INSTANCE_ID}" in removed.shown["plan"]
    assert removed.writes == ["DisassociateIamInstanceProfile", "TagRole"]

    last = run("ec2", "remove", instance_ids=[sandbox.STOPPED_INSTANCE_ID])
    assert last.writes[-1] == "DeleteRole"


def test_our_role_is_taken_out_of_the_clients_own_profile(aws: Sandbox) -> None:
    aws.client("iam").create_instance_profile(InstanceProfileName="onemata-ec2")
    in_place(run("ec2", adopt_existing=True))
    off_instance(aws)
    removed = run("ec2", "remove", adopt_existing=True)
    assert removed.record.outcome == "removed"
    assert aws.client("iam").get_instance_profile(InstanceProfileName="onemata-ec2")["InstanceProfile"]["Roles"] == []


def test_an_unknown_instance_blocks(aws: Sandbox) -> None:
    assert "instance_ids" in str(run("ec2", instance_ids=["i-0123456789abcdef0"]).error)


def test_a_foreign_instance_profile_blocks(aws: Sandbox) -> None:
    aws.client("iam").create_instance_profile(InstanceProfileName="onemata-ec2")
    assert isinstance(run("ec2").error, PlanBlocked)
    in_place(run("ec2", adopt_existing=True))


def test_a_profile_with_another_role_is_not_emptied(aws: Sandbox) -> None:
    give_foreign_profile(aws, sandbox.STOPPED_INSTANCE_ID)
    blocked = run("ec2", instance_profile_name="webserver", adopt_existing=True)
    assert isinstance(blocked.error, PlanBlocked)
    assert "can hold only one" in str(blocked.error)


def test_the_section_for_the_instance_is_as_the_aws_cli_reads_it(aws: Sandbox) -> None:
    shown = run("ec2").shown["hand_over"]
    assert "[profile onemata-ec2]\n" in shown
    assert f"role_arn = {sandbox.ONEMATA_ROLE_ARN}\n" in shown
    assert "credential_source = Ec2InstanceMetadata\n" in shown
    assert f"external_id = {sandbox.EXTERNAL_ID}\n" in shown
