"""Which of the addresses that a session's calls go to are AWS's."""

from __future__ import annotations

import boto3
import pytest

from onemata_helpers.session import Aws

from .test_signing_in import APIS


def endpoints(region: str) -> dict[str, str]:
    return Aws(boto3.Session(region_name=region), APIS, lambda _: None).endpoints


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_awss_own_endpoints_are_awss(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoints(region) == {}
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    assert endpoints(region) == {}
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert endpoints(region) == {}


def test_a_private_link_is_awss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "https://vpce-0a1b-2c3d-us-east-1a.ssm.us-east-1.vpce.amazonaws.com")
    assert endpoints("us-east-1") == {}


@pytest.mark.parametrize(
    "address",
    [
        "http://ssm.us-east-1.amazonaws.com", "https://ec2-203-0-113-1.compute-1.amazonaws.com",
        "https://abc.execute-api.us-east-1.amazonaws.com", "https://ssm.s3.amazonaws.com", "https://iam.amazonaws.com",
        "https://ssm-1.us-east-1.elb.amazonaws.com", "https://x@ssm.us-east-1.amazonaws.com",
        "https://ssm.us-east-1.amazonaws.com:8443", "https://ssm.us-east-1.amazonaws.com/x",
    ],
)  # fmt: skip
def test_what_only_has_a_name_of_awss_is_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", address)
    assert set(endpoints("us-east-1")) == {"ssm"}
