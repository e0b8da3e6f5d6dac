"""Faults to order, and the time that IAM's changes take to reach the other services."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from onemata_helpers import sandbox
from onemata_helpers.sandbox import state
from onemata_helpers.sandbox.policies import document, service_trust
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import allow, operator, profile, refused, role, trusting, user

LONG = 60.0
TRUST = json.dumps(service_trust("ec2.amazonaws.com"))


def unretried(box: Sandbox, service: str) -> Any:
    """A client that shows each refusal, where botocore would ask again."""
    client = box.client(service)
    name = client.meta.service_model.service_id.hyphenize()
    client.meta.events.unregister(f"needs-retry.{name}", unique_id=f"retry-config-{name}")
    return client


@pytest.mark.parametrize(
    ("service", "operation", "call", "code"),
    [
        ("iam", "ListRoles", "list_roles", "Throttling"),
        ("ec2", "DescribeInstances", "describe_instances", "RequestLimitExceeded"),
        ("s3", "ListBuckets", "list_buckets", "SlowDown"),
        ("ssm", "DescribeInstanceInformation", "describe_instance_information", "ThrottlingException"),
    ],
)
def test_throttling(box: Sandbox, service: str, operation: str, call: str, code: str) -> None:
    box.throttle(operation, 2)
    client = unretried(box, service)
    assert [refused(getattr(client, call))[0] for _ in range(2)] == [code, code]
    getattr(client, call)()


def test_throttling_is_for_one_operation(box: Sandbox) -> None:
    box.throttle("ListRoles", 1)
    unretried(box, "iam").list_users()
    assert refused(unretried(box, "iam").list_roles)[0] == "Throttling"


def test_botocore_outwaits_throttling(box: Sandbox) -> None:
    box.throttle("ListRoles", 1)
    answer = box.client("iam").list_roles()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_busy_cluster(box: Sandbox) -> None:
    arn = role(box, "ours", "redshift.amazonaws.com")
    box.busy_cluster(2)
    redshift = box.client("redshift")
    arguments = {"ClusterIdentifier": sandbox.CLUSTER, "AddIamRoles": [arn]}
    for _ in range(2):
        assert refused(redshift.modify_cluster_iam_roles, **arguments)[0] == "InvalidClusterState"
    redshift.modify_cluster_iam_roles(**arguments)


def attach(box: Sandbox, arn: str) -> Any:
    return box.client("redshift").modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[arn])


def associate(box: Sandbox) -> Any:
    return box.client("ec2").associate_iam_instance_profile(
        IamInstanceProfile={"Name": "p"}, InstanceId=sandbox.INSTANCE_ID
    )


def test_a_new_role_is_not_redshifts_yet(box: Sandbox) -> None:
    box.propagation_seconds = LONG
    arn = role(box, "ours", "redshift.amazonaws.com")
    code, message = refused(lambda: attach(box, arn))
    assert code == "InvalidParameterValue"
    assert "must delegate access to an Amazon Redshift account" in message
    box.propagation_seconds = 0
    attach(box, arn)


def test_a_new_trust_is_not_redshifts_yet(box: Sandbox) -> None:
    arn = role(box, "ours", "ec2.amazonaws.com")
    box.propagation_seconds = LONG
    trust = json.dumps(service_trust("redshift.amazonaws.com"))
    box.client("iam").update_assume_role_policy(RoleName="ours", PolicyDocument=trust)
    assert refused(lambda: attach(box, arn))[0] == "InvalidParameterValue"
    box.propagation_seconds = 0
    attach(box, arn)


def test_a_new_profile_is_not_ec2s_yet(box: Sandbox) -> None:
    role(box, "ours", "ec2.amazonaws.com")
    box.propagation_seconds = LONG
    profile(box, "p", "ours")
    code, message = refused(lambda: associate(box))
    assert (code, message.endswith("Invalid IAM Instance Profile name")) == (
        "InvalidParameterValue",
        True,
    )
    box.propagation_seconds = 0
    associate(box)


def test_a_new_role_in_a_profile_is_not_ec2s_yet(box: Sandbox) -> None:
    role(box, "ours", "ec2.amazonaws.com")
    profile(box, "p")
    box.propagation_seconds = LONG
    box.client("iam").add_role_to_instance_profile(InstanceProfileName="p", RoleName="ours")
    code, message = refused(lambda: associate(box))
    assert (code, message.endswith("has no associated IAM Roles")) == (
        "InvalidParameterValue",
        True,
    )
    box.propagation_seconds = 0
    associate(box)


def test_a_new_role_cannot_be_assumed_yet(box: Sandbox) -> None:
    tester = user(box, allow("sts:AssumeRole"))
    box.propagation_seconds = LONG
    arn = role(box, "ours", trusting(f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"))
    assert refused(lambda: tester.assume(arn))[0] == "AccessDenied"
    box.propagation_seconds = 0
    assert tester.assume(arn).token


def test_a_new_role_is_no_principal_yet(box: Sandbox) -> None:
    box.propagation_seconds = LONG
    arn = role(box, "ours", "ec2.amazonaws.com")
    code, message = refused(lambda: role(box, "second", trusting(arn)))
    assert (code, message) == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{arn}"',
    )
    grant = allow("s3:GetObject", on=f"arn:aws:s3:::{sandbox.BUCKET}/*") | {"Principal": {"AWS": arn}}
    arguments = {"Bucket": sandbox.BUCKET, "Policy": json.dumps(document(grant))}
    s3 = box.client("s3", sandbox.ONEMATA_ACCOUNT)
    assert refused(s3.put_bucket_policy, **arguments)[0] == "MalformedPolicy"
    box.propagation_seconds = 0
    role(box, "second", trusting(arn))
    s3.put_bucket_policy(**arguments)


def test_what_is_new_is_read_back_at_once(box: Sandbox) -> None:
    box.propagation_seconds = LONG
    role(box, "ours", "ec2.amazonaws.com")
    profile(box, "p", "ours")
    iam = operator(box).client("iam")
    assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Roles"]


def test_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(state, "time", SimpleNamespace(monotonic=lambda: now[-1]))
    with sandbox.start(propagation_seconds=0.3) as box:
        assert box.propagation_seconds == pytest.approx(0.3)
        arn = role(box, "ours", "redshift.amazonaws.com")
        now.append(0.25)
        assert refused(lambda: attach(box, arn))[0] == "InvalidParameterValue"
        now.append(0.35)
        attach(box, arn)


def role_exists(box: Sandbox, name: str) -> bool:
    return name in {found["RoleName"] for found in box.client("iam").list_roles()["Roles"]}


@pytest.mark.parametrize(("how", "carried_out"), [("lost answer", True), ("no answer", False)])
def test_a_connection_that_closes(box: Sandbox, how: str, *, carried_out: bool) -> None:
    box.fail("CreateRole", how)
    with pytest.raises(ConnectionClosedError):
        unretried(box, "iam").create_role(RoleName="ours", AssumeRolePolicyDocument=TRUST)
    assert role_exists(box, "ours") is carried_out


@pytest.mark.parametrize("how", ["html", "bad gateway", "empty", "binary"])
def test_what_is_not_aws_answers(box: Sandbox, how: str) -> None:
    box.fail("GetCallerIdentity", how)
    with pytest.raises((ResponseParserError, ClientError, KeyError)):
        _ = unretried(box, "sts").get_caller_identity()["Arn"]
    assert unretried(box, "sts").get_caller_identity()["Arn"]


def test_an_error_of_any_length_and_code(box: Sandbox) -> None:
    box.fail("CreateRole", "long error")
    box.fail("CreateRole", "ServiceFailure")
    client = unretried(box, "iam")
    arguments = {"RoleName": "ours", "AssumeRolePolicyDocument": TRUST}
    assert len(refused(client.create_role, **arguments)[1]) == 300_000
    assert refused(client.create_role, **arguments)[0] == "ServiceFailure"
    assert not role_exists(box, "ours")
    client.create_role(**arguments)


@pytest.mark.parametrize("unknown", ["emtpy", "", "lost  answer", "No Such Code"])
def test_a_fault_that_nobody_knows(box: Sandbox, unknown: str) -> None:
    with pytest.raises(ValueError, match="neither a fault nor the code"):
        box.fail("CreateRole", unknown)


def test_hooks_see_the_call_before_and_after_it_is_carried_out(box: Sandbox) -> None:
    seen: list[tuple[str, bool]] = []
    box.before("CreateRole", lambda call: seen.append((call.get("RoleName"), role_exists(box, "ours"))))
    box.after("CreateRole", lambda call: seen.append((call.get("RoleName"), role_exists(box, "ours"))))
    role(box, "ours", "ec2.amazonaws.com")
    assert seen == [("ours", False), ("ours", True)]


def test_nothing_of_a_fault_is_printed(box: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    test_a_connection_that_closes(box, "lost answer", carried_out=True)
    assert capfd.readouterr() == ("", "")
