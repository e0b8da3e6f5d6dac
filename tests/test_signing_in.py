"""Into the client's account by ordinary means, and into no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers import display, policies, sandbox
from onemata_helpers.calls import ApiCall
from onemata_helpers.errors import ConnectError
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.session import Aws, Identity, prepare_session, sandbox_session
from onemata_helpers.signing_in import connect, refuse_strangers
from onemata_helpers.text import is_plain

from .conftest import run, values


@pytest.fixture
def signed_in(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The operator's keys and the address stand in the environment, as a developer's would."""
    key = aws.operator()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    return aws


def parameters(**changes: Any) -> Any:
    """Of a client who is not the example, but whose account the sandbox has."""
    own = {"client": "acme", "sandbox": True, "operator_role_arn": "", **changes}
    return from_notebook("glue", values("glue", **own)).model_copy(update={"sandbox": False})


APIS = ("iam", "ec2", "redshift", "ssm", "redshift-data", "redshift-serverless", "glue", "athena", "accessanalyzer")


def enter(heard: list[ApiCall] | None = None, **changes: Any) -> Aws:
    return connect(parameters(**changes), APIS, (lambda _: None) if heard is None else heard.append)


def test_the_environment_and_its_endpoint_are_honoured(signed_in: Sandbox) -> None:
    aws = enter()
    assert aws.identity.account == sandbox.CLIENT_ACCOUNT
    assert aws.identity.partition == "aws"


def test_a_session_made_ahead_is_one_sessions_and_knows_no_settings_yet(
    signed_in: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_session()
    monkeypatch.setenv("AWS_CONFIG_FILE", "/of/this/run")
    connected = enter()._session._session
    assert connected.get_config_variable("config_file") == "/of/this/run"
    others = [sandbox_session(name, "secret", None, "us-east-1") for name in ("one", "two")]
    assert [getattr(each.get_credentials(), "access_key", "") for each in others] == ["one", "two"]
    assert len({id(each._session) for each in others} | {id(connected)}) == 3
    assert not connected.get_config_variable("profile")


def test_a_profile_is_honoured(aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = aws.operator()
    config = tmp_path / "config"
    config.write_text(
        f"[profile acme]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        f"endpoint_url = {aws.endpoint}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert enter(aws_profile="acme").identity.account == sandbox.CLIENT_ACCOUNT
    with pytest.raises(ConnectError, match="signs in"):
        enter(aws_profile="other")


def test_the_operator_role_is_entered_with_its_external_id(signed_in: Sandbox) -> None:
    operator = connect(parameters(), APIS, lambda _: None).identity.arn
    trust = policies.document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": operator},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "from-onemata"}},
        }
    )
    iam = signed_in.client("iam")
    arn = iam.create_role(RoleName="entry", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="entry", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    heard: list[ApiCall] = []
    aws = enter(heard, operator_role_arn=arn, operator_external_id="from-onemata")
    assert aws.identity.arn == f"arn:aws:sts::{sandbox.CLIENT_ACCOUNT}:assumed-role/entry/onemata-runbooks"
    assert [call.operation for call in heard] == ["AssumeRole", "GetCallerIdentity"]
    with pytest.raises(ConnectError, match="AccessDenied"):
        enter(operator_role_arn=arn, operator_external_id="wrong")


def test_no_credentials_is_a_sentence(aws: Sandbox) -> None:
    with pytest.raises(ConnectError, match="aws sso login"):
        enter()


def test_another_account_is_refused_before_anything_else(signed_in: Sandbox) -> None:
    heard: list[ApiCall] = []
    with pytest.raises(ConnectError, match="account 012345670123"):
        enter(heard, account_id="123456789012")
    assert [call.operation for call in heard] == ["GetCallerIdentity"]


def test_another_partition_is_refused() -> None:
    """The sandbox goes along with any region's partition, so this asks the rule itself."""
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/operator"
    who = Identity(account=sandbox.CLIENT_ACCOUNT, arn=arn, partition="aws", region="us-gov-west-1")
    with pytest.raises(ConnectError, match=r"is in aws-us-gov"):
        refuse_strangers(who, parameters(region="us-gov-west-1", onemata_role_arn=""))


def test_the_root_user_is_refused(signed_in: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = signed_in.client("iam")
    root = iam._request_signer._credentials
    who = signed_in.client("sts").get_caller_identity()["Arn"]
    assert who.endswith(":root")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", root.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", root.secret_key)
    with pytest.raises(ConnectError, match="root user"):
        enter()


def test_an_endpoint_that_is_not_awss_is_shown_and_recorded(
    signed_in: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = enter()
    assert set(aws.endpoints) == {"sts", *APIS}
    shown = display.identity(aws.identity, aws.endpoints, sandbox=False)._repr_mimebundle_()
    assert f"NOT AWS: calls to iam go to {signed_in.endpoint}" in shown["text/plain"]
    assert f"NOT AWS: calls to iam go to {signed_in.endpoint}" in shown["text/html"]
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", signed_in.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "https://jane:hunter2@ssm.amazonaws.com.example/")
    assert enter().endpoints == {
        "sts": signed_in.endpoint,
        "ssm": "https://[removed]ssm.amazonaws.com.example/",
    }


def test_the_sandboxs_own_address_is_no_news(aws: Sandbox) -> None:
    assert run("glue", "plan").record.endpoints == {}


@pytest.mark.parametrize("address", ["no address", "http://[", "https://\x1b[31m"])
def test_a_broken_address_of_any_service_is_said_at_signing_in(
    address: str, signed_in: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", address)
    with pytest.raises(ConnectError, match="the AWS settings cannot be used") as caught:
        enter()
    assert is_plain(str(caught.value))


def test_the_sandbox_takes_nothing_from_the_users_settings(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (tmp_path / name).write_text("[broken")
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_PROFILE", "of-another-job")
    assert run("glue", "plan").record.outcome == "planned"
