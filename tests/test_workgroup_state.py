"""What AWS tells of workgroups and namespaces: roles as texts, and never anything decided from an odd answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import sandbox
from onemata_helpers.errors import OddAnswer
from onemata_helpers.resources.workgroup_state import role_and_state
from onemata_helpers.sandbox.aws import own_services, redshift_serverless
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.state import state

from .account import in_place
from .test_workgroups import OURS, THEIRS, sent, workgroup

ARNS = st.from_regex(
    r"arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/([!-~]{1,20}/)?[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True
)
STATES = st.sampled_from(["in-sync", "adding", "removing"])


@given(ARNS, STATES)
def test_a_role_is_read_in_whatever_order_aws_tells_of_it(arn: str, applied: str) -> None:
    assert role_and_state(arn) == (arn, "")
    assert role_and_state(f"IamRole(applyStatus={applied}, iamRoleArn={arn})") == (arn, applied)
    assert role_and_state(f"IamRole(iamRoleArn={arn}, applyStatus={applied})") == (arn, applied)


@given(ARNS, STATES, st.integers(0, 200), st.text(max_size=3))
def test_no_other_text_is_taken_for_a_role(arn: str, applied: str, place: int, noise: str) -> None:
    told = f"IamRole(applyStatus={applied}, iamRoleArn={arn})"
    other = told[: place % len(told)] + noise + told[place % len(told) + 1 :]
    try:
        found, its = role_and_state(other)
    except ValueError:
        return
    assert other in (
        found,
        f"IamRole(applyStatus={its}, iamRoleArn={found})",
        f"IamRole(iamRoleArn={found}, applyStatus={its})",
    )
    assert re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+", found)


def told(**changes: Any) -> Callable[[Any, Any], dict[str, Any]]:
    whole = {"namespaceName": sandbox.NAMESPACE, "status": "AVAILABLE", "dbName": "dev", "iamRoles": [THEIRS]}
    return lambda *_: {"namespace": whole | changes}


ODD: dict[str, Callable[[Any, Any], dict[str, Any]]] = {
    "of another namespace": told(namespaceName="another"),
    "without a state": told(status=None),
    "roles that are none": told(iamRoles=["IamRole(applyStatus=in-sync)"]),
    "roles with more in them": told(iamRoles=[f"IamRole(applyStatus=in-sync, iamRoleArn={THEIRS}, more=yes)"]),
    "roles that are structures": told(iamRoles=[{"iamRoleArn": THEIRS, "applyStatus": "in-sync"}]),
    "a role's name": told(iamRoles=["adhoc-unload"]),
    "a default that is no ARN": told(defaultIamRoleArn="adhoc-unload"),
    "nothing": lambda *_: {},
}


@pytest.mark.parametrize("name", ODD)
def test_from_an_odd_answer_nothing_is_decided(aws: Sandbox, name: str) -> None:
    own_services.serve("redshift-serverless", {"GetNamespace": ODD[name]})
    try:
        done = workgroup()
    finally:
        redshift_serverless.install()
    assert isinstance(done.error, OddAnswer)
    assert "Who acts" in str(done.error)
    assert done.writes == []


def test_a_plain_arn_is_in_use_when_the_namespace_is_at_rest(aws: Sandbox) -> None:
    own_services.serve("redshift-serverless", {"GetNamespace": told(iamRoles=[THEIRS, OURS])})
    try:
        done = workgroup()
    finally:
        redshift_serverless.install()
    in_place(done)
    assert sent(done) == 0


@pytest.mark.parametrize("how", ["html", "empty", "binary", "long error"])
@pytest.mark.parametrize("operation", ["GetWorkgroup", "GetNamespace", "UpdateNamespace"])
def test_an_answer_that_is_not_awss_is_a_sentence(aws: Sandbox, how: str, operation: str) -> None:
    aws.fail(operation, how, times=20)
    failed = workgroup()
    assert failed.record.outcome == "failed"
    assert "Who acts" in str(failed.error)
    assert namespace_of_state() == ({THEIRS}, THEIRS)


def namespace_of_state() -> tuple[set[str], str]:
    found = state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].namespaces[sandbox.NAMESPACE]
    return set(found.roles), found.default_role
