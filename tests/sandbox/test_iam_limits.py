"""IAM's quotas and forms: the last that is allowed, and the first that is not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onemata_helpers.sandbox.aws.iam_limits import ATTACHED_QUOTA, INLINE_QUOTA, TAG_QUOTA, TRUST_QUOTA
from onemata_helpers.sandbox.policies import document, service_trust
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import allow, profile, refused, role

TRUST = service_trust("ec2.amazonaws.com")
ON_ONE_BOX = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"key{number}", "Value": "v"} for number in range(count)]


def policy_of(size: int) -> str:
    """A policy with as many characters, and white space that does not count."""
    bare = json.dumps(document(allow("s3:GetObject", on="arn:aws:s3:::")), separators=(",", ":"))
    return bare.replace(":::", ":::" + "x" * (size - len(bare))).replace(",", " ,\n")


@pytest.fixture
def put(box: Sandbox) -> Callable[[str, str, str], Any]:
    """Give a role, user or group an inline policy."""
    iam = box.client("iam")
    role(box, "holder", "ec2.amazonaws.com")
    iam.create_user(UserName="holder")
    iam.create_group(GroupName="holder")

    def put(kind: str, name: str, text: str) -> Any:
        arguments = {f"{kind}Name": "holder", "PolicyName": name, "PolicyDocument": text}
        return getattr(iam, f"put_{kind.lower()}_policy")(**arguments)

    return put


@pytest.mark.parametrize("kind", INLINE_QUOTA)
def test_all_inline_policies_of_a_holder_have_one_quota(put: Callable[[str, str, str], Any], kind: str) -> None:
    put(kind, "first", policy_of(500))
    put(kind, "second", policy_of(INLINE_QUOTA[kind] - 500))
    code, said = refused(lambda: put(kind, "second", policy_of(INLINE_QUOTA[kind] - 499)))
    assert (code, f"exceeded for {kind.lower()} holder" in said) == ("LimitExceeded", True)
    put(kind, "first", policy_of(400))
    put(kind, "second", policy_of(INLINE_QUOTA[kind] - 499))


@pytest.mark.parametrize("kind", INLINE_QUOTA)
def test_an_inline_policy_names_no_principal(put: Callable[[str, str, str], Any], kind: str) -> None:
    text = json.dumps(document(allow("s3:GetObject") | {"Principal": "*"}))
    assert refused(lambda: put(kind, "p", text))[0] == "MalformedPolicyDocument"


@ON_ONE_BOX
@given(sid=st.text(st.characters(codec="utf-8"), max_size=8))
def test_a_statements_id_has_letters_and_digits_only(put: Callable[[str, str, str], Any], sid: str) -> None:
    text = json.dumps(document(allow("s3:GetObject") | {"Sid": sid}))
    if sid == "" or (sid.isascii() and sid.isalnum()):
        put("Role", "p", text)
    else:
        assert refused(lambda: put("Role", "p", text))[0] == "MalformedPolicyDocument"


def test_a_trust_has_a_quota_and_ids_too(box: Sandbox) -> None:
    iam = box.client("iam")
    [statement] = TRUST["Statement"]
    many = json.dumps(document(*[statement | {"Sid": f"s{number}"} for number in range(40)]))
    assert len(many) > TRUST_QUOTA
    assert refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=many)[0] == "LimitExceeded"
    odd = json.dumps(document(statement | {"Sid": "a-b"}))
    assert refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=odd)[0] == "MalformedPolicyDocument"
    role(box, "r", "ec2.amazonaws.com")
    assert refused(iam.update_assume_role_policy, RoleName="r", PolicyDocument=many)[0] == "LimitExceeded"


def test_a_role_and_a_profile_have_so_many_tags(box: Sandbox) -> None:
    iam = box.client("iam")
    role(box, "r", "ec2.amazonaws.com")
    profile(box, "p")
    for tag, name in ((iam.tag_role, {"RoleName": "r"}), (iam.tag_instance_profile, {"InstanceProfileName": "p"})):
        tag(**name, Tags=tags(TAG_QUOTA))
        tag(**name, Tags=[{"Key": "key0", "Value": "changed"}])
        assert refused(lambda: tag(**name, Tags=[{"Key": "more", "Value": "v"}]))[0] == "LimitExceeded"  # noqa: B023
    iam.untag_role(RoleName="r", TagKeys=["key1"])
    iam.tag_role(RoleName="r", Tags=[{"Key": "more", "Value": "v"}])
    assert len(iam.list_role_tags(RoleName="r")["Tags"]) == TAG_QUOTA


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x1b[2J", "quo'te", "a;b", "a*"])
def test_what_no_tag_may_hold(box: Sandbox, value: str) -> None:
    arguments = {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps(TRUST)}
    answer = refused(box.client("iam").create_role, **arguments, Tags=[{"Key": "k", "Value": value}])
    assert answer[0] == "ValidationError"


def test_a_role_has_so_many_policies_attached(box: Sandbox) -> None:
    iam = box.client("iam")
    role(box, "r", "ec2.amazonaws.com")
    text = json.dumps(document(allow("s3:GetObject")))
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=text)["Policy"]["Arn"]
        for number in range(ATTACHED_QUOTA + 1)
    ]
    for arn in arns[:ATTACHED_QUOTA]:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert refused(iam.attach_role_policy, RoleName="r", PolicyArn=arns[-1])[0] == "LimitExceeded"
    iam.attach_role_policy(RoleName="r", PolicyArn=arns[0])
