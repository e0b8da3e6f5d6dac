"""What a caller may do is what the policies say, service by service."""

import json
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.policies import document, service_trust
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import Actor, allow, deny, operator, refused, role, user

ACCOUNT = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}"
CLUSTER_ARN = f"arn:aws:redshift:us-east-1:{sandbox.CLIENT_ACCOUNT}:cluster:{sandbox.CLUSTER}"
INSTANCE_ARN = f"arn:aws:ec2:us-east-1:{sandbox.CLIENT_ACCOUNT}:instance/{sandbox.INSTANCE_ID}"
TRUST = json.dumps(service_trust("redshift.amazonaws.com"))


def test_the_operator_has_just_the_policy_given_to_start() -> None:
    with sandbox.start(operator_policy=document(allow("iam:ListRoles"))) as box:
        iam = operator(box).client("iam")
        iam.list_roles()
        assert refused(iam.list_users)[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("service", "call", "arguments", "code"),
    [
        ("iam", "list_roles", {}, "AccessDenied"),
        ("redshift", "describe_clusters", {}, "AccessDenied"),
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("ec2", "describe_instances", {}, "UnauthorizedOperation"),
        ("glue", "get_databases", {}, "AccessDeniedException"),
        ("ssm", "describe_instance_information", {}, "AccessDeniedException"),
        ("athena", "list_work_groups", {}, "AccessDeniedException"),
        ("kms", "list_keys", {}, "AccessDeniedException"),
    ],
)
def test_a_refusal_has_the_form_of_its_service(
    box: Sandbox, service: str, call: str, arguments: dict[str, Any], code: str
) -> None:
    answer = refused(getattr(user(box).client(service), call), **arguments)
    assert answer[0] == code
    assert f"User: {ACCOUNT}:user/tester is not authorized to perform: {service}:" in answer[1]
    assert "because no identity-based policy allows the" in answer[1]


def test_who_may_do_nothing_may_still_ask_who_it_is(box: Sandbox) -> None:
    assert user(box).client("sts").get_caller_identity()["Arn"] == f"{ACCOUNT}:user/tester"


def test_groups_and_managed_policies_count(box: Sandbox) -> None:
    tester, iam = user(box), box.client("iam")
    iam.create_group(GroupName="readers")
    iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    assert refused(tester.client("iam").list_roles)[0] == "AccessDenied"
    iam.add_user_to_group(GroupName="readers", UserName="tester")
    tester.client("iam").list_roles()
    denied = json.dumps(document(deny("iam:ListRoles")))
    created = iam.create_policy(PolicyName="no-roles", PolicyDocument=denied)
    iam.attach_user_policy(UserName="tester", PolicyArn=created["Policy"]["Arn"])
    assert "explicit deny" in refused(tester.client("iam").list_roles)[1]


def test_only_the_default_version_of_a_policy_counts(box: Sandbox) -> None:
    tester, iam = user(box), box.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(document(deny("*"))))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="tester", PolicyArn=arn)
    text = json.dumps(document(allow("iam:ListRoles")))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
    tester.client("iam").list_roles()


def create_role(actor: Actor, **more: Any) -> Any:
    return actor.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=TRUST, **more)


TAGS = [{"Key": "owner", "Value": "onemata"}]
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
S3_READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.mark.parametrize(
    ("rights", "arguments", "lacking"),
    [
        ([allow("iam:CreateRole", on=f"{ACCOUNT}:role/new")], {}, None),
        ([allow("iam:CreateRole", on=f"{ACCOUNT}:role/other")], {}, "iam:CreateRole"),
        ([allow("iam:CreateRole", on=f"{ACCOUNT}:role/team/new")], {"Path": "/team/"}, None),
        ([allow("iam:CreateRole", on=f"{ACCOUNT}:role/new")], {"Path": "/team/"}, "iam:CreateRole"),
        ([allow("iam:CreateRole")], {"Tags": TAGS}, "iam:TagRole"),
        ([allow("iam:CreateRole", "iam:TagRole")], {"Tags": TAGS}, None),
        (
            [allow("iam:*", StringEquals={"aws:RequestTag/owner": "other"})],
            {"Tags": TAGS},
            "iam:CreateRole",
        ),
        ([allow("iam:*", StringEquals={"aws:RequestTag/owner": "onemata"})], {"Tags": TAGS}, None),
        ([allow("iam:*", StringEquals={"iam:PermissionsBoundary": BOUNDARY})], {}, "iam:CreateRole"),
        (
            [allow("iam:*", StringEquals={"iam:PermissionsBoundary": BOUNDARY})],
            {"PermissionsBoundary": BOUNDARY},
            None,
        ),
    ],
)
def test_creating_a_role(
    box: Sandbox, rights: list[dict[str, Any]], arguments: dict[str, Any], lacking: str | None
) -> None:
    tester = user(box, *rights)
    if lacking is None:
        create_role(tester, **arguments)
    else:
        assert f"perform: {lacking} on resource: {ACCOUNT}:role" in refused(lambda: create_role(tester, **arguments))[1]


def test_attaching_a_policy_can_be_limited_to_one(box: Sandbox) -> None:
    role(box, "new", "redshift.amazonaws.com")
    rights = allow("iam:AttachRolePolicy", on=f"{ACCOUNT}:role/new", ArnEquals={"iam:PolicyARN": S3_READ})
    iam = user(box, rights).client("iam")
    iam.attach_role_policy(RoleName="new", PolicyArn=S3_READ)
    arguments = {"RoleName": "new", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert refused(iam.attach_role_policy, **arguments)[0] == "AccessDenied"


def test_rights_can_hang_on_a_roles_tag(box: Sandbox) -> None:
    role(box, "ours", "ec2.amazonaws.com")
    role(box, "theirs", "ec2.amazonaws.com")
    box.client("iam").tag_role(RoleName="ours", Tags=TAGS)
    mine = allow("iam:DeleteRole", StringEquals={"aws:ResourceTag/owner": "onemata"})
    iam = user(box, mine).client("iam")
    iam.delete_role(RoleName="ours")
    assert refused(iam.delete_role, RoleName="theirs")[0] == "AccessDenied"


def test_describing_is_a_right_on_everything(box: Sandbox) -> None:
    tester = user(box, allow("ec2:*", on=INSTANCE_ARN), allow("redshift:*", on=CLUSTER_ARN))
    assert refused(tester.client("ec2").describe_instances)[0] == "UnauthorizedOperation"
    assert refused(tester.client("redshift").describe_clusters)[0] == "AccessDenied"


def test_a_command_needs_the_document_and_the_instance(box: Sandbox) -> None:
    document_arn = "arn:aws:ssm:us-east-1::document/AWS-RunShellScript"

    def send(actor: Actor) -> Any:
        return actor.client("ssm").send_command(
            DocumentName="AWS-RunShellScript",
            InstanceIds=[sandbox.INSTANCE_ID],
            Parameters={"commands": ["true"]},
        )

    one = user(box, allow("ssm:SendCommand", on=document_arn), name="one")
    assert f"on resource: {INSTANCE_ARN}" in refused(lambda: send(one))[1]
    other = user(box, allow("ssm:SendCommand", on=INSTANCE_ARN), name="other")
    assert f"on resource: {document_arn}" in refused(lambda: send(other))[1]
    both = user(
        box,
        allow("ssm:SendCommand", on=document_arn),
        allow("ssm:SendCommand", on=INSTANCE_ARN),
        name="both",
    )
    assert send(both)["Command"]["CommandId"]
