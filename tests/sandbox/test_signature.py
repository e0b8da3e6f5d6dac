"""Nobody comes in without a valid signature."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import FORM, Actor, headers_of, operator, refused, send, user

WHOAMI = b"Action=GetCallerIdentity&Version=2011-06-15"
CALLS = {
    "ec2": ("describe_instances", "AuthFailure", "SignatureDoesNotMatch"),
    "glue": ("get_databases", "UnrecognizedClientException", "SignatureDoesNotMatch"),
    "iam": ("list_roles", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    "redshift": ("describe_clusters", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    "s3": ("list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    "ssm": ("describe_instance_information", "UnrecognizedClientException", "SignatureDoesNotMatch"),
    "sts": ("get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
}


@pytest.mark.parametrize("service", CALLS)
def test_unknown_key_and_wrong_secret(box: Sandbox, service: str) -> None:
    call, unknown, mismatch = CALLS[service]
    stranger = Actor(box, "AKIAIOSFODNN7EXAMPLE", "x" * 40)
    assert refused(getattr(stranger.client(service), call))[0] == unknown
    guesser = Actor(box, operator(box).key, "x" * 40)
    assert refused(getattr(guesser.client(service), call))[0] == mismatch


def signed(box: Sandbox, service: str, path: str, body: bytes = b"", **headers: str) -> dict[str, str]:
    """The headers with which the operator signs this POST."""
    return headers_of(operator(box), service, body, path, **headers)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "said"),
    [
        ("POST", "/", WHOAMI, FORM, "MissingAuthenticationToken"),
        ("GET", f"/{sandbox.BUCKET}", b"", {}, "AccessDenied"),
        ("POST", "/", b"{}", {"X-Amz-Target": "AmazonSSM.SendCommand"}, "MissingAuthenticationToken"),
        ("POST", "/", WHOAMI, FORM | {"Authorization": "AWS AKIA:sig"}, "MissingAuthenticationToken"),
        ("POST", "/moto-api/reset", b"", {}, "InvalidRequest"),
        ("GET", "/latest/meta-data/iam/security-credentials/", b"", {}, "InvalidRequest"),
    ],
)
def test_unsigned_requests(
    box: Sandbox, method: str, path: str, body: bytes, headers: dict[str, str], said: str
) -> None:
    status, answer = send(box, method, path, body, headers)
    assert status in (400, 403)
    assert said in answer


def test_a_signed_request_passes_as_it_was_signed(box: Sandbox) -> None:
    headers = signed(box, "sts", "/", WHOAMI)
    assert send(box, "POST", "/", WHOAMI, headers)[0] == 200
    status, answer = send(box, "POST", "/", WHOAMI.replace(b"15", b"16"), headers)
    assert (status, "SignatureDoesNotMatch" in answer) == (403, True)
    # Host is signed, and is none of the sandbox's here.
    assert send(box, "POST", "/", WHOAMI, headers | {"Host": "evil.example"})[0] == 400


def test_a_body_other_than_the_signed_one(box: Sandbox) -> None:
    headers = signed(box, "s3", "/bucket/key", b"one")
    status, answer = send(box, "POST", "/bucket/key", b"two", headers)
    assert (status, "SignatureDoesNotMatch" in answer) == (403, True)


def test_an_old_signature(box: Sandbox) -> None:
    past = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=16)
    with mock.patch("botocore.auth.get_current_datetime", return_value=past):
        headers = signed(box, "sts", "/", WHOAMI)
    status, answer = send(box, "POST", "/", WHOAMI, headers)
    assert (status, "Signature expired" in answer) == (403, True)


@pytest.mark.parametrize("path", ["/moto-api/reset", "/latest/api/token", "/v20180820/x"])
def test_no_signature_opens_motos_own_paths(box: Sandbox, path: str) -> None:
    assert send(box, "POST", path, headers=signed(box, "s3", path))[0] == 400


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/?Action=ListUsers&Version=2010-05-08", {}), ("/", {"Content-Encoding": "gzip"})],
)
def test_what_moto_could_read_in_another_way(box: Sandbox, path: str, headers: dict[str, str]) -> None:
    """Else the checks might look at one action, and moto carry out another."""
    body = b"Action=ListRoles&Version=2010-05-08"
    status, answer = send(box, "POST", path, body, signed(box, "iam", path, body, **headers))
    assert (status, "InvalidRequest" in answer) == (400, True)


def test_the_account_is_not_the_callers_to_choose(box: Sandbox) -> None:
    headers = signed(box, "sts", "/", WHOAMI) | {"x-moto-account-id": sandbox.ONEMATA_ACCOUNT}
    status, answer = send(box, "POST", "/", WHOAMI, headers)
    assert (status, f"<Account>{sandbox.CLIENT_ACCOUNT}</Account>" in answer) == (200, True)


def test_odd_keys_of_objects_are_signed_alike(box: Sandbox) -> None:
    s3 = box.client("s3", sandbox.ONEMATA_ACCOUNT)
    key = "a b/ü+é%20/~'(x)*.csv"
    s3.put_object(Bucket=sandbox.BUCKET, Key=key, Body=b"x")
    assert s3.get_object(Bucket=sandbox.BUCKET, Key=key)["Body"].read() == b"x"
    listed = s3.list_objects_v2(Bucket=sandbox.BUCKET, Prefix="a b/ü+é%")
    assert [entry["Key"] for entry in listed["Contents"]] == [key]


def test_an_inactive_key(box: Sandbox) -> None:
    kim = user(box, name="kim")
    assert kim.client("sts").get_caller_identity()["Arn"].endswith(":user/kim")
    box.client("iam").update_access_key(UserName="kim", AccessKeyId=kim.key, Status="Inactive")
    assert refused(kim.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"
