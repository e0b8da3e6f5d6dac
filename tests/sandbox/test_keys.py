"""Access keys tell their account, and an operator's come from the sandbox's secret and the account alone."""

import re

from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_keys import account_of, operator_credentials

ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True)


@given(account=ACCOUNTS, secret=st.text(min_size=1))
def test_an_operators_key_is_of_its_account_and_always_the_same(account: str, secret: str) -> None:
    key_id, key = operator_credentials(secret, account)
    assert account_of(key_id) == account
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key_id)
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", key)
    assert operator_credentials(secret, account) == (key_id, key)


@given(accounts=st.tuples(ACCOUNTS, ACCOUNTS), secrets=st.tuples(st.text(min_size=1), st.text(min_size=1)))
def test_another_account_or_another_secret_has_other_credentials(
    accounts: tuple[str, str], secrets: tuple[str, str]
) -> None:
    seen = {operator_credentials(secret, account) for secret in secrets for account in accounts}
    assert len(seen) == len(set(accounts)) * len(set(secrets))


@given(key_id=st.text(max_size=24) | st.from_regex(r"(AKIA|ASIA)[A-Z2-7]{0,18}", fullmatch=True))
def test_any_text_is_a_key_of_some_account_or_of_none(key_id: str) -> None:
    assert re.fullmatch(r"([0-9]{12,13})?", account_of(key_id))


def test_the_keys_that_the_sandbox_issues_tell_their_account(box: Sandbox) -> None:
    iam, sts = box.client("iam"), box.client("sts")
    iam.create_user(UserName="kim")
    keys = [iam.create_access_key(UserName="kim")["AccessKey"]["AccessKeyId"], box.operator().id]
    assert {account_of(key) for key in keys} == {sts.get_caller_identity()["Account"]}
