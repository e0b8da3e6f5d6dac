"""What of a shared policy concerns an account decides as the whole policy does."""

import json
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from onemata_helpers.sandbox.iam.policy_engine import Caller, Request, ResourceSide, decide
from onemata_helpers.sandbox.iam.shared_policy import concerning

ONE, OTHER = ACCOUNTS = ("111111111111", "222222222222")
NAMES = [
    *ACCOUNTS,
    *(f"arn:aws:iam::{account}:{what}" for account in ACCOUNTS for what in ("root", "role/r")),
    f"arn:aws:sts::{ONE}:assumed-role/r/s",
    "*",
    "AIDAEXAMPLE",
]
SOME = [*NAMES, *map(list, combinations_with_replacement(NAMES, 2))]
SERVICE = {"Service": "ec2.amazonaws.com"}
PRINCIPALS: list[Any] = ["*", SERVICE, *({"AWS": some} | more for some in SOME for more in ({}, SERVICE))]


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_same_is_decided(account: str, effect: str, element: str) -> None:
    everything = ({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},)
    request = Request("s3:GetObject", "arn:aws:s3:::bucket/key")
    for principal, owner, rights in product(PRINCIPALS, ACCOUNTS, (everything, ())):
        caller = Caller(account, f"arn:aws:sts::{account}:assumed-role/r/s", f"arn:aws:iam::{account}:role/r", rights)
        policy = {"Statement": [{"Effect": effect, "Action": "s3:*", element: principal}]}
        part = concerning(account, json.dumps(policy))
        assert decide(caller, request, ResourceSide(owner, part)) == decide(
            caller, request, ResourceSide(owner, policy)
        )


def test_a_thousand_other_accounts_are_left_out() -> None:
    each = [{"Effect": "Allow", "Principal": {"AWS": f"{n:012d}"}, "Action": "*"} for n in range(1000)]
    assert concerning("000000000007", json.dumps({"Statement": each})) == {"Statement": [each[7]]}
