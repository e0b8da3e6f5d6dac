"""What of a shared policy concerns an account decides as the whole policy does."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.sandbox.iam.policy_engine import Caller, Request, ResourceSide, decide
from onemata_helpers.sandbox.iam.shared_policy import concerning

ACCOUNTS = ("111111111111", "222222222222")
NAMES = st.sampled_from(
    [
        each
        for account in ACCOUNTS
        for each in (account, f"arn:aws:iam::{account}:root", f"arn:aws:iam::{account}:role/r")
    ]
    + ["*", "AIDAEXAMPLE", f"arn:aws:sts::{ACCOUNTS[0]}:assumed-role/r/s"]
)
AWS = st.one_of(NAMES, st.lists(NAMES, min_size=1, max_size=3)).map(lambda names: {"AWS": names})
PRINCIPALS = st.one_of(
    AWS, st.just("*"), st.just({"Service": "ec2.amazonaws.com"}), AWS.map(lambda p: p | {"Service": "x"})
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": st.sampled_from(["s3:*", "s3:GetObject"])}
).flatmap(
    lambda rest: st.tuples(st.sampled_from(["Principal", "NotPrincipal"]), PRINCIPALS).map(lambda p: rest | dict([p]))
)
POLICIES = st.one_of(STATEMENTS, st.lists(STATEMENTS, max_size=5)).map(lambda found: {"Statement": found})


@given(policy=POLICIES, account=st.sampled_from(ACCOUNTS), owner=st.sampled_from(ACCOUNTS), may=st.booleans())
def test_the_same_is_decided(policy: dict[str, Any], account: str, owner: str, may: bool) -> None:
    allow = ({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},) if may else ()
    caller = Caller(account, f"arn:aws:sts::{account}:assumed-role/r/s", f"arn:aws:iam::{account}:role/r", allow)
    request = Request("s3:GetObject", "arn:aws:s3:::bucket/key")
    part = concerning(account, json.dumps(policy))
    assert decide(caller, request, ResourceSide(owner, part)) == decide(caller, request, ResourceSide(owner, policy))


def test_a_thousand_other_accounts_are_left_out() -> None:
    each = [{"Effect": "Allow", "Principal": {"AWS": f"{n:012d}"}, "Action": "*"} for n in range(1000)]
    assert concerning("000000000007", json.dumps({"Statement": each})) == {"Statement": [each[7]]}
