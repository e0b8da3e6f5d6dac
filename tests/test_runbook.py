"""Plan, apply, verify and remove, each through HTTP to the sandbox, and nothing of the client's is harmed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import Runbook, policies, sandbox
from onemata_helpers.errors import PlanBlocked, PlanChanged, RunFailed
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from .conftest import ROLES, SERVICES, Run, run, values

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
GLUE_ROLE = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
ON_CLUSTER = f"role onemata-redshift on cluster {sandbox.CLUSTER}"
LAMBDA = policies.service_trust("lambda", "aws")

WRITES = {
    "redshift": ["CreateRole", "AttachRolePolicy", "ModifyClusterIamRoles"],
    "glue": ["CreateRole", "AttachRolePolicy", "AttachRolePolicy"],
    "ec2": [
        "CreateRole",
        "PutRolePolicy",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
        "AssociateIamInstanceProfile",
    ],
}


def in_place(result: Run) -> None:
    """It ended well, and no check failed."""
    assert result.error is None
    assert result.record.outcome in ("applied", "verified")
    assert all(check.result != "failed" for check in result.record.checks)


def role_of(aws: Sandbox, name: str) -> dict[str, Any]:
    return dict(aws.client("iam").get_role(RoleName=name)["Role"])


def make_foreign_role(aws: Sandbox, name: str, trust: policies.Document = LAMBDA) -> None:
    """A role that the client made."""
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def give_foreign_profile(aws: Sandbox, instance_id: str = sandbox.INSTANCE_ID) -> str:
    """The client's own profile on the instance, with a role that Systems Manager uses."""
    make_foreign_role(aws, "webserver", policies.service_trust("ec2", "aws"))
    iam = aws.client("iam")
    iam.attach_role_policy(RoleName="webserver", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.create_instance_profile(InstanceProfileName="webserver")
    iam.add_role_to_instance_profile(InstanceProfileName="webserver", RoleName="webserver")
    ec2 = aws.client("ec2")
    ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": "webserver"}, InstanceId=instance_id)
    return profile_on(aws, instance_id)


def profile_on(aws: Sandbox, instance_id: str = sandbox.INSTANCE_ID) -> str:
    answer = aws.client("ec2").describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [instance_id]}]
    )
    names = [
        each["IamInstanceProfile"]["Arn"].rsplit("/", 1)[1]
        for each in answer["IamInstanceProfileAssociations"]
        if each["State"] in ("associating", "associated")
    ]
    return names[0] if names else ""


@pytest.mark.parametrize("service", SERVICES)
def test_plan_changes_nothing(aws: Sandbox, service: str) -> None:
    result = run(service, "plan")
    assert result.record.outcome == "planned"
    assert result.writes == []
    with pytest.raises(aws.client("iam").exceptions.NoSuchEntityException):
        role_of(aws, ROLES[service])


@pytest.mark.parametrize("service", SERVICES)
def test_apply_does_the_plan_and_a_second_apply_does_nothing(aws: Sandbox, service: str) -> None:
    first = run(service)
    in_place(first)
    assert first.writes == WRITES[service]
    assert first.record.plan is not None
    planned = [str(call).split(":")[1].replace("_", "") for c in first.record.plan.changes for call in c.calls]
    assert planned == [write.lower() for write in first.writes]

    second = run(service)
    in_place(second)
    assert second.writes == []
    assert second.kinds == {}


@pytest.mark.parametrize("service", SERVICES)
def test_remove_takes_away_all_that_apply_made(aws: Sandbox, service: str) -> None:
    before = run(service, "plan").record.plan_digest
    run(service)
    removed = run(service, "remove")
    assert removed.record.outcome == "removed"
    assert len(removed.record.changes_done) > 0
    assert run(service, "plan").record.plan_digest == before
    assert run(service, "remove").writes == []


def detach(aws: Sandbox) -> None:
    aws.client("iam").detach_role_policy(RoleName="AWSGlueServiceRoleOnemata", PolicyArn=GLUE_ROLE)


def retrust(name: str) -> Callable[[Sandbox], None]:
    def damage(aws: Sandbox) -> None:
        aws.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(LAMBDA))

    return damage


def empty_profile(aws: Sandbox) -> None:
    aws.client("iam").remove_role_from_instance_profile(InstanceProfileName="onemata-ec2", RoleName="onemata-ec2")


def other_inline(aws: Sandbox) -> None:
    document = json.dumps(policies.assume_role("arn:aws:iam::987654321098:role/other"))
    aws.client("iam").put_role_policy(RoleName="onemata-ec2", PolicyName="onemata-assume-role", PolicyDocument=document)


def off_cluster(aws: Sandbox) -> None:
    redshift = aws.client("redshift")
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, RemoveIamRoles=[arn])
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)


def off_instance(aws: Sandbox) -> None:
    ec2 = aws.client("ec2")
    found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    for each in found:
        ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
    ec2.describe_iam_instance_profile_associations()


def untag(aws: Sandbox) -> None:
    aws.client("iam").untag_role(RoleName="onemata-redshift", TagKeys=["team"])


@pytest.mark.parametrize(
    ("service", "damage", "resource", "kind", "write"),
    [
        ("glue", detach, "policy AWSGlueServiceRole on role AWSGlueServiceRoleOnemata", "attach", "AttachRolePolicy"),
        ("redshift", retrust("onemata-redshift"), "role onemata-redshift", "update", "UpdateAssumeRolePolicy"),
        ("redshift", off_cluster, ON_CLUSTER, "attach", "ModifyClusterIamRoles"),
        ("redshift", untag, "role onemata-redshift", "add", "TagRole"),
        ("ec2", retrust("onemata-ec2"), "role onemata-ec2", "update", "UpdateAssumeRolePolicy"),
        ("ec2", empty_profile, "instance profile onemata-ec2", "add", "AddRoleToInstanceProfile"),
        ("ec2", other_inline, "inline policy onemata-assume-role on role onemata-ec2", "update", "PutRolePolicy"),
        (
            "ec2",
            off_instance,
            f"instance profile of {sandbox.INSTANCE_ID}",
            "attach",
            "AssociateIamInstanceProfile",
        ),
    ],
)
def test_what_was_damaged_is_planned_and_mended_and_only_that(
    aws: Sandbox, service: str, damage: Callable[[Sandbox], None], resource: str, kind: str, write: str
) -> None:
    tags = {"team": "data"}
    run(service, tags=tags)
    damage(aws)
    failed = run(service, "verify", tags=tags)
    assert failed.record.outcome == "failed"
    assert isinstance(failed.error, RunFailed)
    assert [check.name for check in failed.record.checks if check.result == "failed"] == [resource]

    assert run(service, "plan", tags=tags).kinds == {resource: kind}
    mended = run(service, tags=tags)
    in_place(mended)
    assert mended.writes == [write]


def test_a_policy_change_shows_only_the_statement_that_differs(aws: Sandbox) -> None:
    run("redshift")
    retrust("onemata-redshift")(aws)
    plan = run("redshift", "plan").record.plan
    assert plan is not None
    (field,) = plan.changes[0].fields
    assert field.before == LAMBDA["Statement"]
    assert field.after == policies.service_trust("redshift", "aws")["Statement"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_foreign_role_blocks_the_plan_and_is_not_touched(aws: Sandbox, service: str) -> None:
    make_foreign_role(aws, ROLES[service])
    before = role_of(aws, ROLES[service])
    for action in ("plan", "apply", "remove"):
        result = run(service, action)
        if action != "remove":
            assert result.record.outcome == "blocked"
            assert "adopt_existing" in str(result.error)
        assert result.writes == []
    assert role_of(aws, ROLES[service]) == before


def test_apply_of_a_blocked_plan_raises_before_any_write(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    result = run("redshift")
    assert isinstance(result.error, PlanBlocked)
    assert "nothing was done" in str(result.error).lower()


def test_adopting_adds_what_is_missing_and_removes_nothing(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    adopted = run("redshift", adopt_existing=True, tags={"team": "data"})
    in_place(adopted)
    role = role_of(aws, "onemata-redshift")
    assert policies.difference(LAMBDA, role["AssumeRolePolicyDocument"])[0] == []
    assert "onemata:runbook" not in {tag["Key"] for tag in role["Tags"]}
    attached = aws.client("iam").list_attached_role_policies(RoleName="onemata-redshift")["AttachedPolicies"]
    assert {each["PolicyName"] for each in attached} == {"ReadOnlyAccess", "AmazonS3ReadOnlyAccess"}
    assert run("redshift", adopt_existing=True, tags={"team": "data"}).writes == []

    assert run("redshift", "remove", adopt_existing=True).writes == []
    assert role_of(aws, "onemata-redshift")["Arn"] == role["Arn"]


def test_a_role_at_another_path_cannot_be_mended(aws: Sandbox) -> None:
    run("glue")
    blocked = run("glue", role_path="/service-role/")
    assert isinstance(blocked.error, PlanBlocked)
    assert "path" in str(blocked.error)


def test_names_path_tags_and_boundary_are_as_asked(aws: Sandbox) -> None:
    iam = aws.client("iam")
    document = json.dumps(policies.document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    asked = {"permissions_boundary_arn": boundary, "role_path": "/data/", "tags": {"team": "data"}}
    in_place(run("ec2", **asked))
    role = role_of(aws, "onemata-ec2")
    assert role["Arn"] == f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/data/onemata-ec2"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"team": "data", "onemata:runbook": "ec2"}

    iam.delete_role_permissions_boundary(RoleName="onemata-ec2")
    assert run("ec2", **asked).writes == ["PutRolePermissionsBoundary"]


def test_the_clients_policies_on_our_role_stay_and_stop_its_removal(aws: Sandbox) -> None:
    run("redshift")
    theirs = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    aws.client("iam").attach_role_policy(RoleName="onemata-redshift", PolicyArn=theirs)
    assert run("redshift").writes == []
    blocked = run("redshift", "remove")
    assert isinstance(blocked.error, PlanBlocked)
    assert "ReadOnlyAccess" in str(blocked.error)
    assert blocked.writes == []


@pytest.mark.parametrize(
    ("service", "forth", "back"),
    [
        ("redshift", ["PutRolePolicy", "DetachRolePolicy"], ["AttachRolePolicy", "DeleteRolePolicy"]),
        ("glue", ["PutRolePolicy", "DetachRolePolicy"], ["AttachRolePolicy", "DeleteRolePolicy"]),
        ("ec2", ["PutRolePolicy"], ["DeleteRolePolicy"]),
    ],
)
def test_s3_access_can_be_narrowed_and_widened_again(
    aws: Sandbox, service: str, forth: list[str], back: list[str]
) -> None:
    run(service)
    scoped = run(service, s3_access="scoped")
    in_place(scoped)
    assert scoped.writes == forth
    assert "`managed` would mean" in scoped.shown["plan"]
    document = aws.client("iam").get_role_policy(RoleName=ROLES[service], PolicyName="onemata-s3-read")
    assert f"arn:aws:s3:::{sandbox.BUCKET}/example-client/*" in json.dumps(document["PolicyDocument"])
    assert run(service, s3_access="managed").writes == back


def test_only_the_approved_plan_is_applied(aws: Sandbox) -> None:
    approved = run("redshift", "plan").record.plan_digest
    make_foreign_role(aws, "elsewhere")
    in_place(run("redshift", approved_plan=approved))

    run("redshift", "remove")
    make_foreign_role(aws, "onemata-redshift", policies.service_trust("redshift", "aws"))
    refused = run("redshift", approved_plan=approved, adopt_existing=True)
    assert isinstance(refused.error, PlanChanged)
    assert approved in str(refused.error)
    assert refused.record.outcome == "blocked"
    assert refused.writes == []


def test_a_failure_midway_is_on_record_and_the_next_run_finishes(aws: Sandbox) -> None:
    redshift = aws.client("redshift")
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role"
    for number in range(49):
        make_foreign_role(aws, f"filler-{number}", policies.service_trust("redshift", "aws"))
    redshift.modify_cluster_iam_roles(
        ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[f"{arn}/filler-{number}" for number in range(49)]
    )
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)
    failed = run("redshift")
    assert failed.record.outcome == "failed"
    assert [done.status for done in failed.record.changes_done] == ["done", "done", "failed"]
    assert "quota" in failed.record.reason.lower()
    assert failed.record.finished is not None

    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, RemoveIamRoles=[f"{arn}/filler-0"])
    for _ in range(3):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)
    finished = run("redshift")
    in_place(finished)
    assert finished.writes == ["ModifyClusterIamRoles"]


def test_throttling_is_ridden_out_and_counted(aws: Sandbox) -> None:
    aws.throttle("CreateRole", 2)
    result = run("glue")
    in_place(result)
    (created,) = [call for call in result.record.calls if call.operation == "CreateRole"]
    assert created.attempts == 3


@pytest.mark.parametrize("service", SERVICES)
def test_new_roles_and_profiles_are_waited_for(aws: Sandbox, service: str) -> None:
    aws.propagation_seconds = 2
    said: list[str] = []
    in_place(run(service, wait=Wait(tell=said.append, seconds=30)))
    if service != "glue":  # nothing in its runbook uses the new role
        assert any("does not yet see the new" in each for each in said)


def test_what_does_not_become_usable_in_time_is_no_success(aws: Sandbox) -> None:
    aws.propagation_seconds = 60
    failed = run("redshift", wait=Wait(tell=lambda _: None, seconds=1))
    assert failed.record.outcome == "failed"
    assert failed.record.changes_done[-1].status == "failed"
    aws.propagation_seconds = 0
    assert run("redshift").writes == ["ModifyClusterIamRoles"]


def test_without_a_verification_nothing_is_called_verified_or_removed(aws: Sandbox) -> None:
    for action in ("verify", "remove"):
        book = Runbook("glue", values("glue", action=action))
        book.connect()
        book.plan()
        with pytest.raises(RunFailed, match="Nothing was verified"):
            book.finish()


def test_a_tag_that_differs_only_in_case_is_the_clients(aws: Sandbox) -> None:
    make_foreign_role(aws, "onemata-redshift")
    aws.client("iam").tag_role(RoleName="onemata-redshift", Tags=[{"Key": "Team", "Value": "billing"}])
    assert "TagRole" not in run("redshift", adopt_existing=True, tags={"team": "data"}).writes


class TestRedshift:
    def test_a_role_that_another_cluster_uses_is_not_removed(self, aws: Sandbox) -> None:
        run("redshift")
        aws.client("redshift").create_cluster(
            ClusterIdentifier="second", NodeType="ra3.large", ClusterType="single-node", MasterUsername="someone",
            ManageMasterPassword=True, IamRoles=[f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"],
        )  # fmt: skip
        blocked = run("redshift", "remove")
        assert isinstance(blocked.error, PlanBlocked)
        assert "second" in str(blocked.error)
        assert blocked.writes == []

    @pytest.mark.parametrize("access", ["managed", "scoped"])
    def test_a_kms_key_is_opened_with_either_kind_of_access(self, aws: Sandbox, access: str) -> None:
        key = "arn:aws:kms:eu-west-1:987654321098:key/0a1b"
        done = run("redshift", kms_key_arn=key, s3_access=access)
        in_place(done)
        text = json.dumps([c.model_dump(mode="json") for c in done.record.changes_done])
        assert "kms:Decrypt" in text
        assert "s3.eu-west-1.amazonaws.com" in text
        assert done.record.hand_over is not None
        assert "Key policy" in done.record.hand_over.for_onemata[1].title
        assert run("redshift", "remove", kms_key_arn=key, s3_access=access).record.outcome == "removed"

    def test_a_busy_cluster_is_waited_for(self, aws: Sandbox) -> None:
        aws.busy_cluster(2)
        in_place(run("redshift"))

    def test_the_clusters_default_role_and_other_roles_stay(self, aws: Sandbox) -> None:
        redshift = aws.client("redshift")

        def cluster() -> dict[str, Any]:
            found: dict[str, Any] = redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)["Clusters"][0]
            return found

        before = cluster()
        run("redshift")
        assert cluster()["DefaultIamRoleArn"] == before["DefaultIamRoleArn"]
        assert {each["IamRoleArn"] for each in before["IamRoles"]} < {
            each["IamRoleArn"] for each in cluster()["IamRoles"]
        }
        run("redshift", "remove")
        assert cluster()["IamRoles"] == before["IamRoles"]

    def test_an_unknown_cluster_blocks(self, aws: Sandbox) -> None:
        blocked = run("redshift", cluster_identifier="nowhere")
        assert isinstance(blocked.error, PlanBlocked)
        assert "cluster_identifier" in str(blocked.error)

    def test_a_launch_needs_its_own_yes(self, aws: Sandbox) -> None:
        asked: dict[str, Any] = {"cluster_identifier": "fresh", "launch": True}
        blocked = run("redshift", **asked)
        assert isinstance(blocked.error, PlanBlocked)
        assert "confirm_launch_costs" in str(blocked.error)

        launched = run("redshift", **asked, confirm_launch_costs=True, launch_nodes=2)
        in_place(launched)
        cluster = aws.client("redshift").describe_clusters(ClusterIdentifier="fresh")["Clusters"][0]
        assert [each["ApplyStatus"] for each in cluster["IamRoles"]] == ["in-sync"]
        assert cluster["Encrypted"] is True
        assert cluster["PubliclyAccessible"] is False
        assert cluster["MasterPasswordSecretArn"]
        assert "MasterUserPassword" not in json.dumps(launched.record.model_dump(mode="json"))
        assert run("redshift", **asked, confirm_launch_costs=True, launch_nodes=2).writes == []

    def test_a_role_chain_reads_as_onematas_role(self, aws: Sandbox) -> None:
        chained = run("redshift", role_chain=True)
        in_place(chained)
        ours = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
        assert f"IAM_ROLE '{ours},{sandbox.ONEMATA_ROLE_ARN}'" in chained.shown["hand_over"]
        assert "external ID" in chained.shown["plan"]
        assert run("redshift", role_chain=False).writes == ["DeleteRolePolicy"]

    def test_a_role_chain_waits_for_onematas_role(self, aws: Sandbox) -> None:
        assert run("redshift", role_chain=True, onemata_role_arn="").record.outcome == "waiting"


class TestGlue:
    def test_a_name_without_the_prefix_needs_somebody_to_pass_it(self, aws: Sandbox) -> None:
        blocked = run("glue", role_name="glue-onemata")
        assert isinstance(blocked.error, PlanBlocked)
        assert "pass_role_to" in str(blocked.error)
        assert blocked.writes == []

    @pytest.mark.parametrize("kind", ["user", "group", "role"])
    def test_leave_to_pass_the_role_goes_to_whoever_is_named(self, aws: Sandbox, kind: str) -> None:
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
    def test_somebody_who_is_not_there_blocks(self, aws: Sandbox, kind: str) -> None:
        arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:{kind}/nobody"
        blocked = run("glue", role_name="glue-onemata", pass_role_to=[arn])
        assert isinstance(blocked.error, PlanBlocked)
        assert f"no {kind} nobody" in str(blocked.error)

    def test_the_prefix_does_not_help_at_a_path_of_ones_own(self, aws: Sandbox) -> None:
        assert isinstance(run("glue", role_path="/data/").error, PlanBlocked)

    def test_those_who_query_with_athena_are_handed_over(self, aws: Sandbox) -> None:
        analyst = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst"
        handed = run("glue", athena_principals=[analyst]).record.hand_over
        assert handed is not None
        assert handed.principals == (analyst,)
        assert analyst in handed.for_onemata[0].text
        assert "athena_principals" in run("glue", "plan").shown["plan"]


class TestEc2:
    def test_before_onemata_answers_it_waits_with_the_hand_over(self, aws: Sandbox) -> None:
        for action in ("plan", "apply", "verify"):
            waiting = run("ec2", action, onemata_role_arn="")
            assert waiting.error is None
            assert waiting.record.outcome == "waiting"
            assert waiting.writes == []
            assert sandbox.CLIENT_ACCOUNT in waiting.shown["hand_over"]
            assert "sts:ExternalId" in waiting.shown["hand_over"]

    def test_another_profile_stops_it(self, aws: Sandbox) -> None:
        give_foreign_profile(aws)
        blocked = run("ec2")
        assert isinstance(blocked.error, PlanBlocked)
        assert "Systems Manager reaches the instance by it" in str(blocked.error)
        assert "on_existing_profile" in str(blocked.error)
        assert profile_on(aws) == "webserver"

    def test_extend_adds_to_the_role_that_is_there(self, aws: Sandbox) -> None:
        give_foreign_profile(aws)
        extended = run("ec2", on_existing_profile="extend")
        in_place(extended)
        assert extended.writes == ["PutRolePolicy"]
        assert profile_on(aws) == "webserver"
        assert "role/webserver" in extended.shown["hand_over"]
        assert "role/onemata-ec2" not in extended.shown["hand_over"]
        assert run("ec2", on_existing_profile="extend").writes == []
        assert run("ec2", "remove", on_existing_profile="extend").writes == ["DeleteRolePolicy"]

    def test_replace_is_one_step_on_a_running_instance(self, aws: Sandbox) -> None:
        give_foreign_profile(aws)
        replaced = run("ec2", on_existing_profile="replace")
        in_place(replaced)
        assert replaced.writes[-1] == "ReplaceIamInstanceProfileAssociation"
        assert profile_on(aws) == "onemata-ec2"
        assert role_of(aws, "webserver")

    def test_replace_is_two_steps_on_a_stopped_one(self, aws: Sandbox) -> None:
        give_foreign_profile(aws, sandbox.STOPPED_INSTANCE_ID)
        replaced = run("ec2", on_existing_profile="replace", instance_ids=[sandbox.STOPPED_INSTANCE_ID])
        in_place(replaced)
        assert replaced.writes[-2:] == ["DisassociateIamInstanceProfile", "AssociateIamInstanceProfile"]
        assert profile_on(aws, sandbox.STOPPED_INSTANCE_ID) == "onemata-ec2"

    def test_several_instances_each_get_the_profile(self, aws: Sandbox) -> None:
        both = [sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID]
        in_place(run("ec2", instance_ids=both))
        assert [profile_on(aws, each) for each in both] == ["onemata-ec2"] * 2

    def test_a_profile_that_another_instance_has_is_not_removed(self, aws: Sandbox) -> None:
        run("ec2", instance_ids=[sandbox.INSTANCE_ID, sandbox.STOPPED_INSTANCE_ID])
        blocked = run("ec2", "remove")
        assert isinstance(blocked.error, PlanBlocked)
        assert sandbox.STOPPED_INSTANCE_ID in str(blocked.error)

    def test_our_role_is_taken_out_of_the_clients_own_profile(self, aws: Sandbox) -> None:
        aws.client("iam").create_instance_profile(InstanceProfileName="onemata-ec2")
        in_place(run("ec2", adopt_existing=True))
        off_instance(aws)
        removed = run("ec2", "remove", adopt_existing=True)
        assert removed.record.outcome == "removed"
        assert (
            aws.client("iam").get_instance_profile(InstanceProfileName="onemata-ec2")["InstanceProfile"]["Roles"] == []
        )

    def test_an_unknown_instance_blocks(self, aws: Sandbox) -> None:
        assert "instance_ids" in str(run("ec2", instance_ids=["i-0123456789abcdef0"]).error)

    def test_a_foreign_instance_profile_blocks(self, aws: Sandbox) -> None:
        aws.client("iam").create_instance_profile(InstanceProfileName="onemata-ec2")
        assert isinstance(run("ec2").error, PlanBlocked)
        in_place(run("ec2", adopt_existing=True))

    def test_a_profile_with_another_role_is_not_emptied(self, aws: Sandbox) -> None:
        give_foreign_profile(aws, sandbox.STOPPED_INSTANCE_ID)
        blocked = run("ec2", instance_profile_name="webserver", adopt_existing=True)
        assert isinstance(blocked.error, PlanBlocked)
        assert "can hold only one" in str(blocked.error)

    def test_the_section_for_the_instance_is_as_the_aws_cli_reads_it(self, aws: Sandbox) -> None:
        shown = run("ec2").shown["hand_over"]
        assert "[profile onemata-ec2]\n" in shown
        assert f"role_arn = {sandbox.ONEMATA_ROLE_ARN}\n" in shown
        assert "credential_source = Ec2InstanceMetadata\n" in shown
        assert f"external_id = {sandbox.EXTERNAL_ID}\n" in shown
