"""IAM's evaluation logic, without a server."""

from typing import Any

import pytest

from onemata_helpers.sandbox.iam.policy_engine import (
    Caller,
    Decision,
    Request,
    ResourceSide,
    Verdict,
    decide,
    judge,
    service_may_assume,
)
from onemata_helpers.sandbox.policies import document, service_trust

READ = Request("s3:GetObject", "arn:aws:s3:::data/client/a.csv")
ROLE = "arn:aws:iam::111122223333:role/team/reader"
SESSION = "arn:aws:sts::111122223333:assumed-role/reader/me"
ALLOWED, IMPLICIT, EXPLICIT = Verdict.ALLOWED, Verdict.IMPLICIT_DENY, Verdict.EXPLICIT_DENY


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    return {"Effect": effect, **({"Action": "*", "Resource": "*"} | parts)}


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ({}, ALLOWED),
        ({"Action": "s3:getobject"}, ALLOWED),
        ({"Action": ["s3:Put*", "s3:Get?bject"]}, ALLOWED),
        ({"Action": "s3:GetObj"}, IMPLICIT),
        ({"Action": "s3:Get*", "Resource": "arn:aws:s3:::data/client/*"}, ALLOWED),
        ({"Resource": "arn:aws:s3:::data/CLIENT/*"}, IMPLICIT),
        ({"Resource": ["arn:aws:s3:::data", "arn:aws:s3:::other/*"]}, IMPLICIT),
        ({"Resource": "arn:aws:s3:::${s3:bucketname}/*"}, IMPLICIT),
        ({"Effect": "Deny"}, EXPLICIT),
    ],
)
def test_action_and_resource(parts: dict[str, Any], verdict: Verdict) -> None:
    assert judge([document(statement(**parts))], READ) is verdict


@pytest.mark.parametrize(
    ("element", "others", "verdict"),
    [
        ("NotAction", "iam:*", ALLOWED),
        ("NotAction", ["s3:*", "iam:*"], IMPLICIT),
        ("NotResource", "arn:aws:s3:::private/*", ALLOWED),
        ("NotResource", "arn:aws:s3:::data/*", IMPLICIT),
    ],
)
def test_not_action_and_not_resource(element: str, others: Any, verdict: Verdict) -> None:
    one = statement(**{element: others})
    del one[element.removeprefix("Not")]
    assert judge([document(one)], READ) is verdict


def test_a_deny_outweighs_any_allow() -> None:
    policies = [document(statement()), document(statement("Deny", Action="s3:*"))]
    assert judge(policies, READ) is EXPLICIT
    assert judge(reversed(policies), READ) is EXPLICIT


def test_a_statement_may_stand_without_a_list() -> None:
    assert judge([{"Statement": statement()}], READ) is ALLOWED


def session(*statements: dict[str, Any], **limits: Any) -> Caller:
    return Caller("111122223333", SESSION, ROLE, (document(*statements),), **limits)


def verdict_of(caller: Caller, owner: ResourceSide | None = None) -> Verdict:
    return decide(caller, READ, owner).verdict


@pytest.mark.parametrize("limit", ["boundary", "session_policy"])
def test_boundary_and_session_policy_limit(limit: str) -> None:
    rights = statement()
    assert verdict_of(session(rights, **{limit: document(statement())})) is ALLOWED
    assert verdict_of(session(rights, **{limit: document(statement(Action="iam:*"))})) is IMPLICIT
    assert verdict_of(session(rights, **{limit: document(statement("Deny"))})) is EXPLICIT
    assert verdict_of(session(**{limit: document(statement())})) is IMPLICIT


def granting(account: str, principal: Any, *, must_allow: bool = False) -> ResourceSide:
    one = statement(Principal=principal)
    return ResourceSide(account, document(one), must_allow)


ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


@pytest.mark.parametrize(
    "principal",
    [{"AWS": ROLE}, {"AWS": [SESSION, "x"]}, ROOT, {"AWS": "111122223333"}, "*", {"AWS": "*"}],
)
def test_across_accounts_both_sides_must_allow(principal: Any) -> None:
    side = granting("444455556666", principal)
    assert verdict_of(session(statement()), side) is ALLOWED
    assert verdict_of(session(), side) is IMPLICIT


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "arn:aws:iam::111122223333:role/reader"},
        {"AWS": "arn:aws:iam::444455556666:root"},
        {"Service": "*"},
        {"Service": "ec2.amazonaws.com"},
    ],
)
def test_a_policy_for_another_principal_grants_nothing(principal: Any) -> None:
    assert verdict_of(session(statement()), granting("444455556666", principal)) is IMPLICIT
    assert verdict_of(session(statement()), ResourceSide("444455556666")) is IMPLICIT


def test_within_an_account_one_side_suffices() -> None:
    silent = ResourceSide("111122223333")
    assert verdict_of(session(statement()), silent) is ALLOWED
    assert verdict_of(session(), silent) is IMPLICIT
    assert verdict_of(session(), granting("111122223333", {"AWS": ROLE})) is ALLOWED
    assert verdict_of(session(), granting("111122223333", ROOT)) is IMPLICIT


def test_a_trust_must_allow_within_the_account_too() -> None:
    def trust(principal: Any) -> ResourceSide:
        return granting("111122223333", principal, must_allow=True)

    assert verdict_of(session(), trust({"AWS": ROLE})) is ALLOWED
    assert verdict_of(session(statement()), trust(ROOT)) is ALLOWED
    assert verdict_of(session(), trust(ROOT)) is IMPLICIT
    assert verdict_of(session(statement()), trust({"AWS": "444455556666"})) is IMPLICIT
    nobody = ResourceSide("111122223333", None, must_allow=True)
    assert verdict_of(session(statement()), nobody) is IMPLICIT


def test_a_resource_can_deny() -> None:
    bucket = document(statement("Deny", Principal="*"), statement(Principal={"AWS": ROLE}))
    assert verdict_of(session(statement()), ResourceSide("111122223333", bucket)) is EXPLICIT


def test_not_principal() -> None:
    one = statement("Deny", NotPrincipal={"AWS": ROLE})
    side = ResourceSide("111122223333", document(one))
    assert verdict_of(session(statement()), side) is ALLOWED
    other = Caller("111122223333", "arn:x:iam::1:user/u", "arn:x:iam::1:user/u", (document(statement()),))
    assert verdict_of(other, side) is EXPLICIT


def test_the_reason_is_told_as_aws_tells_it() -> None:
    action = "s3:GetObject"
    assert decide(session(), READ) == Decision(IMPLICIT, f"because no identity-based policy allows the {action} action")
    assert decide(session(statement("Deny")), READ) == Decision(
        EXPLICIT, "with an explicit deny in an identity-based policy"
    )
    bounded = session(statement(), boundary=document())
    assert decide(bounded, READ).reason == (f"because no permissions boundary allows the {action} action")
    assert decide(session(statement()), READ, ResourceSide("444455556666")).reason == (
        f"because no resource-based policy allows the {action} action"
    )


def test_services_and_trust() -> None:
    assert service_may_assume(service_trust("glue.amazonaws.com"), "glue.amazonaws.com")
    assert not service_may_assume(service_trust("glue.amazonaws.com"), "ec2.amazonaws.com")
    assert not service_may_assume(document(statement(Principal={"AWS": "*"})), "ec2.amazonaws.com")
    narrow = service_trust("glue.amazonaws.com")
    narrow["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert not service_may_assume(narrow, "glue.amazonaws.com")
