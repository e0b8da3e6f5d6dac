"""AssumeRole follows both sides: the caller's policies and the target's trust."""

from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import FORM, Actor, allow, deny, headers_of, refused, role, send, trusting, user

ROOT = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"
TESTER = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester"
TARGET = sandbox.ONEMATA_ROLE_ARN
EXTERNAL = {"ExternalId": sandbox.EXTERNAL_ID}
ANY_ROLE = allow("sts:AssumeRole")


def ec2_session(box: Sandbox, *statements: dict[str, Any], name: str = "onemata-ec2") -> Actor:
    """A session of the client's role that Onemata's role trusts, as its instance has it."""
    assumer = user(box, ANY_ROLE)
    return assumer.assume(role(box, name, trusting(TESTER), *statements))


def assumption(actor: Actor, arn: str = TARGET, **more: Any) -> tuple[str, str]:
    """How AWS refuses it."""
    arguments = {"RoleArn": arn, "RoleSessionName": "test", **more}
    return refused(actor.client("sts").assume_role, **arguments)


def test_onematas_role(box: Sandbox) -> None:
    session = ec2_session(box, allow("sts:AssumeRole", on=TARGET)).assume(TARGET, **EXTERNAL)
    identity = session.client("sts").get_caller_identity()
    name = f"assumed-role/{world.ONEMATA_ROLE}/test"
    assert identity["Arn"] == f"arn:aws:sts::{sandbox.ONEMATA_ACCOUNT}:{name}"
    s3 = session.client("s3")
    here = [key for key in world.OBJECTS if key.startswith(sandbox.PREFIX)]
    assert s3.list_objects_v2(Bucket=sandbox.BUCKET, Prefix=sandbox.PREFIX)["KeyCount"] == len(here)
    assert refused(s3.list_objects_v2, Bucket=sandbox.BUCKET)[0] == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=sandbox.OTHER_BUCKET)[0] == "AccessDenied"


@pytest.mark.parametrize("more", [{}, {"ExternalId": "wrong"}, {"ExternalId": sandbox.EXTERNAL_ID.upper()}])
def test_the_external_id_missing_and_wrong(box: Sandbox, more: dict[str, str]) -> None:
    actor = ec2_session(box, ANY_ROLE)
    code, message = assumption(actor, **more)
    caller = f"arn:aws:sts::{sandbox.CLIENT_ACCOUNT}:assumed-role/onemata-ec2/test"
    assert code == "AccessDenied"
    assert message == (f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {TARGET}")


def test_the_callers_policy_is_needed(box: Sandbox) -> None:
    other = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/other"
    assert assumption(ec2_session(box, allow("sts:AssumeRole", on=other)), **EXTERNAL)[0] == ("AccessDenied")


def test_another_role_is_not_trusted(box: Sandbox) -> None:
    actor = ec2_session(box, ANY_ROLE, name="somebody-else")
    assert assumption(actor, **EXTERNAL)[0] == "AccessDenied"


def test_a_change_of_the_trust_counts_at_once(box: Sandbox) -> None:
    actor = ec2_session(box, ANY_ROLE)
    iam = box.client("iam", sandbox.ONEMATA_ACCOUNT)
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    text += f' "Principal": {{"AWS": "arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root"}}}}]}}'
    iam.update_assume_role_policy(RoleName=world.ONEMATA_ROLE, PolicyDocument=text)
    assert assumption(actor, **EXTERNAL)[0] == "AccessDenied"


@pytest.mark.parametrize("account", [sandbox.CLIENT_ACCOUNT, sandbox.ONEMATA_ACCOUNT, "111122223333"])
def test_a_role_that_is_not_there_cannot_be_assumed(box: Sandbox, account: str) -> None:
    arn = f"arn:aws:iam::{account}:role/not-there"
    assert assumption(user(box, ANY_ROLE), arn)[0] == "AccessDenied"


def test_within_the_account_trust_in_the_principal_is_enough(box: Sandbox) -> None:
    actor = user(box)
    assert actor.assume(role(box, "mine", trusting(TESTER))).token


def test_within_the_account_trust_in_the_account_needs_a_policy_too(box: Sandbox) -> None:
    arn = role(box, "shared", trusting(ROOT))
    assert assumption(user(box), arn)[0] == "AccessDenied"
    assert user(box, allow("sts:AssumeRole", on=arn), name="kim").assume(arn).token


def test_within_the_account_a_policy_without_trust_is_not_enough(box: Sandbox) -> None:
    arn = role(box, "services", "ec2.amazonaws.com")
    assert assumption(user(box, ANY_ROLE), arn)[0] == "AccessDenied"


def test_a_deny_of_the_caller_holds_against_trust(box: Sandbox) -> None:
    actor = user(box, deny("sts:*"))
    assert assumption(actor, role(box, "mine", trusting(TESTER)))[0] == "AccessDenied"


def test_a_session_is_no_more_than_its_policy(box: Sandbox) -> None:
    tester = user(box)
    arn = role(box, "strong", trusting(TESTER), allow("iam:*"))
    only = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}}'
    iam = tester.assume(arn, Policy=only).client("iam")
    iam.list_roles()
    code, message = refused(iam.list_users)
    assert code == "AccessDenied"
    assert "because no session policy allows the iam:ListUsers action" in message


def test_a_boundary_limits_a_role(box: Sandbox) -> None:
    tester = user(box)
    arn = role(box, "strong", trusting(TESTER), allow("*"))
    boundary = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    box.client("iam").put_role_permissions_boundary(RoleName="strong", PermissionsBoundary=boundary)
    session = tester.assume(arn)
    session.client("iam").list_roles()
    assert "no permissions boundary allows" in refused(session.client("s3").list_buckets)[1]


def test_a_session_needs_its_own_token(box: Sandbox) -> None:
    session = ec2_session(box)
    without = Actor(box, session.key, session.secret)
    assert refused(without.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"
    wrong = Actor(box, session.key, session.secret, "x" * 40)
    assert refused(wrong.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


def test_chaining_ends_after_an_hour(box: Sandbox) -> None:
    code, message = assumption(ec2_session(box, ANY_ROLE), **EXTERNAL, DurationSeconds=3601)
    assert code == "ValidationError"
    assert "role chaining" in message


def test_a_session_is_no_longer_than_the_role_allows(box: Sandbox) -> None:
    tester = user(box)
    code, message = assumption(tester, role(box, "mine", trusting(TESTER)), DurationSeconds=3601)
    assert code == "ValidationError"
    assert "MaxSessionDuration" in message


def test_trust_can_hang_on_the_session_name(box: Sandbox) -> None:
    tester = user(box)
    arn = role(box, "named", trusting(TESTER, StringLike={"sts:RoleSessionName": "te?t"}))
    assert assumption(tester, arn, RoleSessionName="other")[0] == "AccessDenied"
    assert tester.assume(arn).token


def test_there_is_no_other_way_into_a_role(box: Sandbox) -> None:
    """moto would hand out a session of any role for any token."""
    form = f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={TARGET}"
    body = f"{form}&RoleSessionName=test&WebIdentityToken=anything".encode()
    signed = headers_of(user(box, allow("*")), "sts", body)
    for headers, code in ((FORM, "MissingAuthenticationToken"), (signed, "AccessDenied")):
        status, answer = send(box, "POST", "/", body, headers)
        assert (status, code in answer) == (403, True)
