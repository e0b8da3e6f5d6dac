"""The instance's metadata service, asked as the AWS tools ask it."""

import json
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import boto3
import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.instance import imds
from onemata_helpers.sandbox.server import Sandbox
from tests.processes import LONG
from tests.sandbox.on_instance import ROLE, associations, attach, make_role, set_options

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(box: Sandbox, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Ask the metadata service. Header names are given with _ for -."""
    request = urllib.request.Request(
        f"{box.instance.imds_endpoint}/latest/{path}",
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with DIRECT.open(request, timeout=LONG) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def get_token(box: Sandbox, ttl: str = "60", **headers: str) -> tuple[int, str]:
    given = {"X_aws_ec2_metadata_token_ttl_seconds": ttl} if ttl else {}
    return ask(box, "api/token", "PUT", **given, **headers)


def get(box: Sandbox, path: str) -> tuple[int, str]:
    return ask(box, path, X_aws_ec2_metadata_token=get_token(box)[1])


def credentials(box: Sandbox, role: str = ROLE) -> dict[str, str]:
    found: dict[str, str] = json.loads(get(box, f"meta-data/iam/security-credentials/{role}")[1])
    return found


def test_credentials_are_a_session_of_the_attached_role(box: Sandbox) -> None:
    make_role(box)
    attach(box)
    assert get(box, "meta-data/iam/security-credentials/") == (200, ROLE)
    given = credentials(box)
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    sts = session.client("sts", sandbox.REGION, endpoint_url=box.endpoint)
    assert sts.get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{sandbox.CLIENT_ACCOUNT}:assumed-role/{ROLE}/{sandbox.INSTANCE_ID}"
    )
    assert credentials(box)["AccessKeyId"] == given["AccessKeyId"]


def test_credentials_follow_the_attachment(box: Sandbox) -> None:
    make_role(box)
    make_role(box, "other")
    association = attach(box)
    first = credentials(box)
    assert get(box, "meta-data/iam/security-credentials/other")[0] == 404
    box.client("ec2").disassociate_iam_instance_profile(AssociationId=association)
    assert get(box, "meta-data/iam/security-credentials/")[0] == 404
    assert [one["State"] for one in associations(box)] == ["disassociating"]
    assert get(box, "meta-data/iam/info")[0] == 404
    attach(box, "other")
    assert get(box, "meta-data/iam/security-credentials/") == (200, "other")
    assert credentials(box, "other")["AccessKeyId"] != first["AccessKeyId"]


def test_profile_without_role_gives_no_credentials(box: Sandbox) -> None:
    make_role(box)
    attach(box)
    box.client("iam").remove_role_from_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
    assert get(box, "meta-data/iam/security-credentials/")[0] == 404
    assert f"instance-profile/{ROLE}" in get(box, "meta-data/iam/info")[1]


def test_role_that_ec2_may_not_assume(box: Sandbox) -> None:
    make_role(box, service="ecs.amazonaws.com")
    attach(box)
    assert credentials(box)["Code"] == "AssumeRoleUnauthorizedAccess"


def test_what_the_instance_is(box: Sandbox) -> None:
    identity = json.loads(get(box, "dynamic/instance-identity/document")[1])
    assert identity["accountId"] == sandbox.CLIENT_ACCOUNT
    assert identity["instanceId"] == get(box, "meta-data/instance-id")[1]
    assert identity["region"] == get(box, "meta-data/placement/region")[1] == sandbox.REGION
    assert get(box, "meta-data/nothing")[0] == 404
    assert ask(box, "meta-data/instance-id", "POST")[0] == 405


def test_version_1_only_where_tokens_are_optional(box: Sandbox) -> None:
    set_options(box, HttpTokens="required")
    assert ask(box, "meta-data/instance-id")[0] == 401
    assert get(box, "meta-data/instance-id")[0] == 200
    set_options(box, HttpTokens="optional")
    assert ask(box, "meta-data/instance-id")[0] == 200
    assert ask(box, "meta-data/instance-id", X_aws_ec2_metadata_token="made-up")[0] == 401


def test_disabled_service_refuses_everything(box: Sandbox) -> None:
    token = get_token(box)[1]
    changed = set_options(box, HttpEndpoint="disabled")
    assert changed["HttpTokens"] == "required", "what is not named stays"
    assert get_token(box)[0] == 403
    assert ask(box, "meta-data/instance-id", X_aws_ec2_metadata_token=token)[0] == 403


def test_tokens(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [get_token(box, ttl)[0] for ttl in ("", "x", "0", "21601")] == [400] * 4
    assert get_token(box, X_Forwarded_For="10.0.0.1")[0] == 403
    assert ask(box, "api/token")[0] == 405
    token = get_token(box, "60")[1]
    later = time.monotonic() + 61
    monkeypatch.setattr(imds, "time", SimpleNamespace(monotonic=lambda: later))
    assert ask(box, "meta-data/instance-id", X_aws_ec2_metadata_token=token)[0] == 401


def test_address_is_secret_and_on_loopback(box: Sandbox) -> None:
    base, _, secret = box.instance.imds_endpoint.rpartition("/")
    assert base.startswith("http://127.0.0.1:")
    assert len(secret) > 20
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        DIRECT.open(f"{base}/latest/meta-data/instance-id", timeout=LONG)
    refused.value.close()
