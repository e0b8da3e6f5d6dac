"""IAM where AWS is stricter than moto, and its simulator."""

import json
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.policies import document, service_trust
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import allow, deny, profile, refused, role, user

ROLES = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role"
S3_READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def trust(**parts: Any) -> str:
    return json.dumps(document({"Effect": "Allow", "Action": "sts:AssumeRole"} | parts))


BAD_TRUSTS = [
    ("not JSON", "MalformedPolicyDocument", ""),
    (json.dumps({"Version": "2012-10-17"}), "MalformedPolicyDocument", ""),
    (trust(), "MalformedPolicyDocument", "Missing required field Principal"),
    (trust(Principal={"Service": "redshift"}), "MalformedPolicyDocument", '"SERVICE":"redshift"'),
    (trust(Principal={"Service": "ec2.amazon.com"}), "MalformedPolicyDocument", "Invalid principal"),
    (trust(Principal={"Servce": "ec2.amazonaws.com"}), "MalformedPolicyDocument", "Invalid"),
    (trust(Principal={"AWS": "12345"}), "MalformedPolicyDocument", '"AWS":"12345"'),
    (trust(Principal={"AWS": f"{ROLES}/not-there"}), "MalformedPolicyDocument", "not-there"),
    (trust(Principal="*", Resource="*"), "MalformedPolicyDocument", "prohibited field Resource"),
]


@pytest.mark.parametrize(("text", "code", "said"), BAD_TRUSTS)
def test_a_trust_that_is_none(box: Sandbox, text: str, code: str, said: str) -> None:
    iam = box.client("iam")
    answer = refused(iam.create_role, RoleName="new", AssumeRolePolicyDocument=text)
    assert answer[0] == code
    assert said.lower() in answer[1].lower()
    assert refused(iam.get_role, RoleName="new")[0] == "NoSuchEntity"
    role(box, "there", "ec2.amazonaws.com")
    arguments = {"RoleName": "there", "PolicyDocument": text}
    assert refused(iam.update_assume_role_policy, **arguments)[0] == code


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": ["ec2.amazonaws.com", "redshift-serverless.amazonaws.com"]},
        {"AWS": "arn:aws:iam::111122223333:root"},
        {"AWS": ["111122223333", sandbox.ONEMATA_ROLE_ARN]},
        {"AWS": "arn:aws:iam::111122223333:role/somebody"},
        {"AWS": "*"},
        "*",
    ],
)
def test_principals_that_can_be_named(box: Sandbox, principal: Any) -> None:
    text = trust(Principal=principal)
    box.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=text)


def test_names_differ_by_more_than_case(box: Sandbox) -> None:
    role(box, "Onemata", "ec2.amazonaws.com")
    profile(box, "Onemata")
    iam = box.client("iam")
    text = json.dumps(service_trust("ec2.amazonaws.com"))
    new_role = {"RoleName": "oneMATA", "AssumeRolePolicyDocument": text}
    assert refused(iam.create_role, **new_role)[0] == "EntityAlreadyExists"
    assert refused(iam.create_instance_profile, InstanceProfileName="ONEMATA")[0] == ("EntityAlreadyExists")


def test_a_boundary_must_be_there(box: Sandbox) -> None:
    arguments = {
        "RoleName": "new",
        "AssumeRolePolicyDocument": json.dumps(service_trust("ec2.amazonaws.com")),
        "PermissionsBoundary": "arn:aws:iam::aws:policy/NotThere",
    }
    code, message = refused(box.client("iam").create_role, **arguments)
    assert (code, "does not exist or is not attachable" in message) == ("NoSuchEntity", True)


def test_a_profile_holds_one_role(box: Sandbox) -> None:
    role(box, "one", "ec2.amazonaws.com")
    role(box, "two", "ec2.amazonaws.com")
    profile(box, "p", "one")
    iam = box.client("iam")
    for name in ("one", "two"):
        arguments = {"InstanceProfileName": "p", "RoleName": name}
        assert refused(iam.add_role_to_instance_profile, **arguments)[0] == "LimitExceeded"
    arguments = {"InstanceProfileName": "p", "RoleName": "two"}
    assert refused(iam.remove_role_from_instance_profile, **arguments)[0] == "NoSuchEntity"
    assert refused(iam.delete_instance_profile, InstanceProfileName="p")[0] == "DeleteConflict"


def test_a_role_goes_last(box: Sandbox) -> None:
    role(box, "one", "ec2.amazonaws.com", allow("s3:*"))
    profile(box, "p", "one")
    iam = box.client("iam")
    iam.attach_role_policy(RoleName="one", PolicyArn=S3_READ)

    def refusal() -> str:
        return refused(iam.delete_role, RoleName="one")[0]

    assert refusal() == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="one")
    assert refusal() == "DeleteConflict"
    iam.detach_role_policy(RoleName="one", PolicyArn=S3_READ)
    assert refusal() == "DeleteConflict"
    iam.delete_role_policy(RoleName="one", PolicyName="rights")
    iam.delete_role(RoleName="one")
    assert refusal() == "NoSuchEntity"


def test_a_service_role_has_its_path(box: Sandbox) -> None:
    role(box, "one", "glue.amazonaws.com")
    arguments = {"RoleName": "one", "PolicyArn": "arn:aws:iam::aws:policy/AWSGlueServiceRole"}
    assert refused(box.client("iam").attach_role_policy, **arguments)[0] == "NoSuchEntity"


def simulate(box: Sandbox, arn: str, *actions: str, **more: Any) -> dict[tuple[str, str], str]:
    answer = box.client("iam").simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **more)
    assert not any("OrganizationsDecisionDetail" in one for one in answer["EvaluationResults"])
    return {
        (one["EvalActionName"], each["EvalResourceName"]): each.get("EvalResourceDecision") or one["EvalDecision"]
        for one in answer["EvaluationResults"]
        for each in one.get("ResourceSpecificResults") or [{"EvalResourceName": one["EvalResourceName"]}]
    }


def test_the_simulator_answers_for_each_action_and_resource(box: Sandbox) -> None:
    objects = "arn:aws:s3:::data/*"
    arn = role(box, "one", "ec2.amazonaws.com", allow("s3:Get*", on=objects), deny("s3:GetObjectAcl"))
    buckets = ["arn:aws:s3:::data/a", "arn:aws:s3:::other/a"]
    actions = ("s3:GetObject", "s3:GetObjectAcl")
    assert simulate(box, arn, *actions, ResourceArns=buckets) == {
        ("s3:GetObject", "arn:aws:s3:::data/a"): "allowed",
        ("s3:GetObject", "arn:aws:s3:::other/a"): "implicitDeny",
        ("s3:GetObjectAcl", "arn:aws:s3:::data/a"): "explicitDeny",
        ("s3:GetObjectAcl", "arn:aws:s3:::other/a"): "explicitDeny",
    }
    assert simulate(box, arn, "s3:GetObject") == {("s3:GetObject", "*"): "implicitDeny"}


def test_the_simulator_honours_context_entries(box: Sandbox) -> None:
    user(box, allow("iam:PassRole", StringEquals={"iam:PassedToService": "glue.amazonaws.com"}))
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester"
    decision = ("iam:PassRole", "*")

    def entry(service: str) -> list[dict[str, Any]]:
        return [
            {
                "ContextKeyName": "iam:PassedToService",
                "ContextKeyValues": [service],
                "ContextKeyType": "string",
            }
        ]

    assert simulate(box, arn, "iam:PassRole")[decision] == "implicitDeny"
    for service, said in (("glue", "allowed"), ("ec2", "implicitDeny")):
        entries = entry(f"{service}.amazonaws.com")
        assert simulate(box, arn, "iam:PassRole", ContextEntries=entries)[decision] == said


def test_the_simulator_counts_the_boundary(box: Sandbox) -> None:
    arn = role(box, "one", "ec2.amazonaws.com", allow("*"))
    boundary = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    box.client("iam").put_role_permissions_boundary(RoleName="one", PermissionsBoundary=boundary)
    said = simulate(box, arn, "iam:ListRoles", "s3:ListAllMyBuckets")
    assert list(said.values()) == ["allowed", "implicitDeny"]


def test_the_simulator_knows_no_sessions_and_no_strangers(box: Sandbox) -> None:
    user(box)
    account = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}"
    session = f"arn:aws:sts::{sandbox.CLIENT_ACCOUNT}:assumed-role/one/me"
    for arn in (f"{account}:user/nobody", f"{account}:role/nobody", f"{account}:group/nobody"):
        arguments = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"]}
        assert refused(box.client("iam").simulate_principal_policy, **arguments)[0] == "NoSuchEntity"
    for arn in (session, f"{account}:policy/tester", f"{account}:root"):
        arguments = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"]}
        code, said = refused(box.client("iam").simulate_principal_policy, **arguments)
        assert (code, said) == (
            "InvalidInput",
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name.",
        )


def test_the_simulator_looks_for_a_role_with_its_path(box: Sandbox) -> None:
    trust = json.dumps(service_trust("ec2.amazonaws.com"))
    arn = box.client("iam").create_role(RoleName="one", Path="/team/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert simulate(box, arn, "s3:GetObject") == {("s3:GetObject", "*"): "implicitDeny"}
    arguments = {"PolicySourceArn": arn.replace("/team/", "/"), "ActionNames": ["s3:GetObject"]}
    assert refused(box.client("iam").simulate_principal_policy, **arguments)[0] == "NoSuchEntity"


def test_the_simulator_tells_what_it_was_not_told_and_what_the_boundary_says(box: Sandbox) -> None:
    own = "arn:aws:iam::*:user/${aws:username}"
    tester = user(
        box,
        allow("iam:PassRole", StringEquals={"iam:PassedToService": "glue.amazonaws.com"}),
        allow("iam:GetUser", on=own),
        allow("iam:ListRoles"),
    )
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester"
    iam = box.client("iam")
    iam.put_user_permissions_boundary(
        UserName="tester", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    names = ["iam:PassRole", "iam:GetUser", "iam:ListRoles", "s3:GetObject"]
    on = [arn, f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/x"]
    found = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=names, ResourceArns=on)["EvaluationResults"]
    assert [each["MissingContextValues"] for each in found] == [["iam:PassedToService"], ["aws:username"], [], []]
    assert {each["EvalDecision"] for each in found} == {"implicitDeny"}
    assert not any(each["EvalResourceName"] in on for each in found)
    bounded = [each["ResourceSpecificResults"][0]["PermissionsBoundaryDecisionDetail"] for each in found]
    assert [each["AllowedByPermissionsBoundary"] for each in bounded] == [False, False, False, True]
    assert refused(tester.client("iam").list_roles)[0] == "AccessDenied"


def test_the_simulator_answers_in_pages(box: Sandbox) -> None:
    user(box)
    arguments = {"PolicySourceArn": f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester", "MaxItems": 2}
    names = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    first = box.client("iam").simulate_principal_policy(ActionNames=names, **arguments)
    assert first["IsTruncated"]
    rest = box.client("iam").simulate_principal_policy(ActionNames=names, Marker=first["Marker"], **arguments)
    pages = [each["EvalActionName"] for page in (first, rest) for each in page["EvaluationResults"]]
    assert (pages, rest["IsTruncated"]) == (names, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ActionNames": ["GetObject"]},
        {"ActionNames": ["s3:Get*"]},
        {"ResourceArns": ["bucket"]},
        {"ContextEntries": [{"ContextKeyName": "aws:x", "ContextKeyValues": ["1", "2"], "ContextKeyType": "string"}]},
        {"ContextEntries": [{"ContextKeyName": "aws:x", "ContextKeyValues": ["1"]}]},
        {"ContextEntries": [{"ContextKeyName": "other", "ContextKeyValues": ["1"], "ContextKeyType": "string"}]},
    ],
)
def test_the_simulator_takes_nothing_of_another_form(box: Sandbox, wrong: dict[str, Any]) -> None:
    user(box)
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester"
    arguments = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"]} | wrong
    assert refused(box.client("iam").simulate_principal_policy, **arguments)[0] == "InvalidInput"


@pytest.mark.parametrize("name", ["PolicyInputList", "PermissionsBoundaryPolicyInputList"])
def test_the_simulator_does_not_pass_over_what_it_cannot_do(box: Sandbox, name: str) -> None:
    arn = role(box, "one", "ec2.amazonaws.com")
    arguments = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"], name: ["{}"]}
    assert refused(box.client("iam").simulate_principal_policy, **arguments)[0] == "InvalidInput"


def test_simulating_is_a_right_of_its_own(box: Sandbox) -> None:
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester"
    iam = user(box, allow("iam:List*")).client("iam")
    arguments = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject"]}
    assert refused(iam.simulate_principal_policy, **arguments)[0] == "AccessDenied"
