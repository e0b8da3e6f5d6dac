"""Access Analyzer of the sandbox: AWS's own examples and words, and what sampling must find."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import sandbox
from onemata_helpers.sandbox.iam.conditions import wildcard
from onemata_helpers.sandbox.iam.policy_grammar import flaws
from onemata_helpers.sandbox.iam.samples import meeting_of, samples, statements_of
from onemata_helpers.sandbox.policies import bucket_policy, document, reader_policy, service_trust, trust_of_onemata
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import allow, deny, refused, user

BUCKET = "arn:aws:s3:::bucket"
READ = allow("s3:GetObject", on=f"{BUCKET}/a/*")
IDENTITY = {"policyType": "IDENTITY_POLICY"}
RESOURCE = {"policyType": "RESOURCE_POLICY"}


def text(*statements: dict[str, Any]) -> str:
    return json.dumps(document(*statements))


def granting(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"} | more


@pytest.fixture(scope="module")
def analyzer() -> Any:
    with sandbox.start() as box:
        yield box.client("accessanalyzer")


def test_new_access_in_awss_own_example(analyzer: Any) -> None:
    both = [BUCKET, f"{BUCKET}/*"]
    old = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": both}
    new = old | {"Action": ["s3:GetObject", "s3:GetObjectAcl", "s3:ListBucket"]}
    said = analyzer.check_no_new_access(existingPolicyDocument=text(old), newPolicyDocument=text(new), **IDENTITY)
    assert said["result"] == "FAIL"
    assert said["message"] == "The modified permissions grant new access compared to your existing policy."
    assert said["reasons"] == [{"description": "New access in the statement with index: 0.", "statementIndex": 0}]
    back = analyzer.check_no_new_access(existingPolicyDocument=text(new), newPolicyDocument=text(old), **IDENTITY)
    assert (back["result"], back.get("reasons")) == ("PASS", None)


PREFIX = {"StringLike": {"s3:prefix": ["a", "a/*"]}}
LIST = allow("s3:ListBucket", on=BUCKET)
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
ROLE = {"AWS": "arn:aws:iam::111122223333:role/reader"}


@pytest.mark.parametrize(
    ("kind", "old", "new", "result"),
    [
        (IDENTITY, [READ], [READ], "PASS"),
        (IDENTITY, [READ], [READ, READ], "PASS"),
        (IDENTITY, [READ], [allow("s3:GetObject", on=f"{BUCKET}/a/b/*")], "PASS"),
        (IDENTITY, [READ], [allow("s3:GetObject", on=f"{BUCKET}/*")], "FAIL"),
        (IDENTITY, [READ], [allow("s3:GetObject", on=f"{BUCKET}/b/*")], "FAIL"),
        (IDENTITY, [READ], [allow("s3:Get*", on=f"{BUCKET}/a/*")], "FAIL"),
        (IDENTITY, [allow("*")], [allow("s3:*")], "PASS"),
        (IDENTITY, [allow("s3:*")], [allow("*")], "FAIL"),
        (IDENTITY, [READ, deny("s3:GetObject", on=f"{BUCKET}/a/b/*")], [READ], "FAIL"),
        (IDENTITY, [READ], [READ, deny("s3:GetObject", on=f"{BUCKET}/a/b/*")], "PASS"),
        (IDENTITY, [LIST | {"Condition": PREFIX}], [LIST], "FAIL"),
        (IDENTITY, [LIST], [LIST | {"Condition": PREFIX}], "PASS"),
        (IDENTITY, [LIST | {"Condition": PREFIX}], [LIST | {"Condition": {"StringLike": {"s3:prefix": "*"}}}], "FAIL"),
        (IDENTITY, [READ], [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "FAIL"),
        (IDENTITY, [READ], [{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{BUCKET}/b/*"}], "FAIL"),
        (RESOURCE, [granting(ROOT)], [granting(ROLE)], "PASS"),
        (RESOURCE, [granting(ROLE)], [granting(ROOT)], "FAIL"),
        (RESOURCE, [granting(ROLE)], [granting("*")], "FAIL"),
        (RESOURCE, [granting({"Service": "a.amazonaws.com"})], [granting({"Service": "b.amazonaws.com"})], "FAIL"),
    ],
)
def test_new_access_is_what_the_old_policy_does_not_allow(
    analyzer: Any, kind: dict[str, str], old: list[Any], new: list[Any], result: str
) -> None:
    both = {"existingPolicyDocument": text(*old), "newPolicyDocument": text(*new)}
    assert analyzer.check_no_new_access(**both, **kind)["result"] == result


@pytest.mark.parametrize(
    ("access", "result"),
    [
        ({"actions": ["s3:DeleteBucket", "s3:GetBucketLocation"]}, "PASS"),
        ({"actions": ["s3:DeleteBucket", "S3:getobject"]}, "FAIL"),
        ({"actions": ["s3:Get*"]}, "FAIL"),
        ({"resources": [f"{BUCKET}/a/*"]}, "FAIL"),
        ({"resources": [f"{BUCKET}/a/deep/*"]}, "FAIL"),
        ({"resources": [f"{BUCKET}/*"]}, "FAIL"),
        ({"resources": [f"{BUCKET}/b/*", BUCKET]}, "PASS"),
        ({"actions": ["s3:GetObject"], "resources": [f"{BUCKET}/b/*"]}, "PASS"),
        ({"actions": ["s3:PutObject"], "resources": [f"{BUCKET}/a/*"]}, "PASS"),
    ],
)
def test_access_that_must_not_be_granted(analyzer: Any, access: dict[str, Any], result: str) -> None:
    said = analyzer.check_access_not_granted(policyDocument=text(READ), access=[access], **IDENTITY)
    assert said["result"] == result


def test_the_words_for_access_that_must_not_be_granted(analyzer: Any) -> None:
    statement = READ | {"Sid": "Read"}
    said = analyzer.check_access_not_granted(
        policyDocument=text(LIST, statement), access=[{"actions": ["s3:GetObject"]}], **IDENTITY
    )
    assert said["message"] == "The policy document grants access to perform one or more of the listed actions."
    reason = "One or more of the listed actions in the statement with sid: Read."
    assert said["reasons"] == [{"description": reason, "statementIndex": 1, "statementId": "Read"}]


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ({"Sid": "Bob", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"]}, "FAIL"),
        (granting({"AWS": "*"}), "FAIL"),
        (granting({"AWS": "*"}, Condition={"StringLike": {"s3:prefix": "a/*"}}), "FAIL"),
        (granting("*", Condition={"StringEquals": {"sts:ExternalId": "known"}}), "FAIL"),
        (granting("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE["AWS"]}}), "PASS"),
        (granting("*", Condition={"StringLike": {"aws:PrincipalArn": "*"}}), "FAIL"),
        (granting("*", Condition={"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}), "PASS"),
        (granting("*", Effect="Deny"), "PASS"),
        (granting(ROOT), "PASS"),
        (granting({"Service": "redshift.amazonaws.com"}), "PASS"),
    ],
)
def test_public_is_what_a_stranger_may_do(analyzer: Any, statement: dict[str, Any], result: str) -> None:
    said = analyzer.check_no_public_access(policyDocument=text(statement), resourceType="AWS::S3::Bucket")
    assert said["result"] == result


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ({"Effect": "Allow", "Resource": "*"}, "ERROR MISSING_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "*"}, "ERROR MISSING_EFFECT"),
        ({"Effect": "allow", "Action": "s3:GetObject", "Resource": "*"}, "ERROR INVALID_EFFECT"),
        ({"Effect": "Allow", "Action": "s3:GetObject"}, "ERROR MISSING_RESOURCE"),
        ({"Effect": "Allow", "Action": "s3", "Resource": "*"}, "ERROR INVALID_ACTION"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "bucket/*"}, "ERROR INVALID_ARN_PREFIX"),
        (READ | {"Owner": "me"}, "ERROR INVALID_POLICY_ELEMENT"),
        (READ | {"NotAction": "s3:*"}, "ERROR UNSUPPORTED_ELEMENT_COMBINATION"),
        (READ | {"Principal": "*"}, "ERROR UNSUPPORTED_PRINCIPAL"),
        (READ | {"Sid": "no spaces"}, "ERROR UNSUPPORTED_SID"),
        (READ | {"Sid": ""}, "SUGGESTION EMPTY_SID_VALUE"),
        (READ | {"Condition": {"StringEqual": {"s3:prefix": "a"}}}, "ERROR INVALID_CONDITION_OPERATOR"),
        (allow("iam:PassRole"), "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_RESOURCE"),
        (allow("iam:*"), "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"),
    ],
)
def test_each_flaw_has_awss_code_and_is_found_where_it_is(analyzer: Any, statement: dict[str, Any], code: str) -> None:
    (found,) = analyzer.validate_policy(policyDocument=text(LIST, statement), **IDENTITY)["findings"]
    assert f"{found['findingType']} {found['issueCode']}" == code
    assert found["findingDetails"]
    assert found["learnMoreLink"].endswith(code.lower().replace("_", "-").replace(" ", "-"))
    assert found["locations"][0]["path"][:2] == [{"value": "Statement"}, {"index": 1}]


def test_what_belongs_to_the_whole_document(analyzer: Any) -> None:
    def codes(document: str, **kind: str) -> list[str]:
        return [each["issueCode"] for each in analyzer.validate_policy(policyDocument=document, **kind)["findings"]]

    assert codes("{", **IDENTITY) == ["JSON_SYNTAX_ERROR"]
    assert codes("{}", **IDENTITY) == ["MISSING_VERSION", "MISSING_STATEMENT"]
    assert codes(json.dumps(document(READ) | {"Version": "2021"}), **IDENTITY) == ["INVALID_VERSION"]
    twice = READ | {"Sid": "Read"}
    assert codes(text(twice, twice), **IDENTITY) == ["UNIQUE_SIDS_REQUIRED"] * 2
    assert codes(text(READ), **RESOURCE) == ["MISSING_PRINCIPAL"]
    everybody_else = {"Effect": "Allow", "NotPrincipal": ROOT, "Action": "s3:GetObject", "Resource": BUCKET}
    assert codes(text(everybody_else), **RESOURCE) == ["ALLOW_WITH_NOT_PRINCIPAL"]


@pytest.mark.parametrize("policy", [service_trust("glue.amazonaws.com"), trust_of_onemata()])
def test_a_trust_names_no_resource(policy: dict[str, Any]) -> None:
    assert flaws(json.dumps(policy), "RESOURCE_POLICY", is_trust=True) == []
    assert [each.code for each in flaws(json.dumps(policy), "RESOURCE_POLICY")] == ["MISSING_RESOURCE"]


def test_findings_come_in_pages(analyzer: Any) -> None:
    long = text(*[READ | {"Sid": ""}] * 120)
    pages = list(analyzer.get_paginator("validate_policy").paginate(policyDocument=long, **IDENTITY))
    assert [len(page["findings"]) for page in pages] == [50, 50, 20]


def test_what_aws_would_not_take_is_refused(analyzer: Any) -> None:
    assert refused(
        analyzer.validate_policy,
        policyDocument=text(READ),
        validatePolicyResourceType="AWS::S3::Bucket",
        **IDENTITY,
    ) == ("ValidationException", "InvalidInput")
    broken = {"newPolicyDocument": "{}", "existingPolicyDocument": text(READ)}
    assert refused(analyzer.check_no_new_access, **broken, **IDENTITY)[0] == "InvalidParameterException"
    nothing = {"policyDocument": text(READ), "access": [{}]}
    assert refused(analyzer.check_access_not_granted, **nothing, **IDENTITY)[0] == "ValidationException"
    for condition in (
        {"DateLessThan": {"aws:CurrentTime": "2021-02-10"}},
        {"StringEquals": {f"aws:PrincipalTag/{number}": "x" for number in range(20)}},
    ):
        odd = READ | {"Condition": condition}
        both = {"newPolicyDocument": text(odd), "existingPolicyDocument": text(READ)}
        assert refused(analyzer.check_no_new_access, **both, **IDENTITY)[0] == "UnprocessableEntityException"


def test_it_is_asked_only_with_the_permission(box: Sandbox) -> None:
    someone = user(box, allow("access-analyzer:CheckNoNewAccess")).client("accessanalyzer")
    code, said = refused(someone.validate_policy, policyDocument=text(READ), **IDENTITY)
    assert code == "AccessDeniedException"
    everything = f"arn:aws:access-analyzer:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:*"
    assert f"not authorized to perform: access-analyzer:ValidatePolicy on resource: {everything}" in said


ARNS = st.sampled_from(["*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/a/*", f"{BUCKET}/a/b", f"{BUCKET}*"])
STATEMENTS = st.builds(
    lambda effect, actions, arn: {"Effect": effect, "Action": actions, "Resource": arn},
    st.sampled_from(["Allow", "Deny"]),
    st.lists(st.sampled_from(["s3:GetObject", "s3:Get*", "s3:PutObject", "s3:*", "*"]), min_size=1, max_size=2),
    ARNS,
)


@given(st.lists(STATEMENTS, min_size=1, max_size=3), STATEMENTS)
def test_no_sample_is_new_in_a_policy_that_only_lost(statements: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """Without an Allow, or with another Deny, a policy allows nothing that it did not allow before."""
    wide, narrow = (statements, [*statements, more]) if more["Effect"] == "Deny" else ([*statements, more], statements)
    tried = list(samples([*wide, *narrow], [None]))
    assert tried
    assert not any(each.allowed_by(*narrow) and not each.allowed_by(*wide) for each in tried)


@given(st.text("ab*?", max_size=5), st.text("ab*?", max_size=5))
def test_a_text_that_two_patterns_share_fits_both_and_is_found_if_there_is_one(one: str, other: str) -> None:
    found = meeting_of(one, other)
    if found is not None:
        assert wildcard(one, found)
        assert wildcard(other, found)
    else:
        short = ("".join(letters) for size in range(6) for letters in product("ab", repeat=size))
        assert not any(wildcard(one, each) and wildcard(other, each) for each in short)


@pytest.mark.parametrize("policy", [reader_policy(), bucket_policy(), trust_of_onemata()])
def test_the_policies_of_the_sandbox_can_be_sampled(policy: dict[str, Any]) -> None:
    assert 0 < len(list(samples(statements_of(policy), [None]))) < 10_000
