"""Into the client's account, by the ordinary means of boto3, and into no other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from aws_assume_role_lib.aws_assume_role_lib import assume_role
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .calls import ApiCall, watch
from .errors import ConnectError, refused
from .parameters import ClientParameters
from .plan import Frozen
from .sandbox_address import parsed_url

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 6},
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="onemata-runbooks",
)


class Identity(Frozen):
    """Who we are in the account, as STS says."""

    account: str
    arn: str
    partition: str
    region: str


class Aws:
    """A session in one account. `client(name)` gives a boto3 client; there is one of each."""

    def __init__(self, session: boto3.Session, endpoint: str | None = None) -> None:
        self._session = session
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service, like `iam`."""
        if service not in self._clients:
            config = (
                _CONFIG.merge(Config(proxies={})) if self._endpoint else _CONFIG
            )  # the sandbox is no proxy's to reach
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint, config=config)
        return self._clients[service]

    @cached_property
    def identity(self) -> Identity:
        """Account, ARN, partition and region of this session. One call, sts:GetCallerIdentity."""
        answer = self.client("sts").get_caller_identity()
        arn = answer["Arn"]
        return Identity(
            account=answer["Account"], arn=arn, partition=arn.split(":")[1], region=self._session.region_name
        )

    @property
    def where(self) -> str:
        """The account and region, for messages."""
        return f"account {self.identity.account}, {self.identity.region}"

    def secrets(self) -> list[str]:
        """The credentials in use, so that a record can be kept clear of them."""
        credentials = self._session.get_credentials()
        if credentials is None:
            return []
        frozen = credentials.get_frozen_credentials()
        return [secret for secret in (frozen.access_key, frozen.secret_key, frozen.token) if secret]


def connect(parameters: ClientParameters, on_call: Callable[[ApiCall], None], sandbox_url: str = "") -> Aws:
    """A session in the client's account, each of its calls told to `on_call`.

    With `sandbox_url` it goes to that embedded AWS, with the credentials in the address. Otherwise by
    aws_profile, or boto3's usual chain, and then operator_role_arn if given.

    Raises ConnectError for another account than `account_id`, another partition, or the root user.
    """
    try:
        aws = _sandbox(sandbox_url, parameters.region, on_call) if sandbox_url else _account(parameters, on_call)
        identity = aws.identity
    except ClientError as error:
        raise ConnectError(str(refused("Signing in", f"region {parameters.region}", error))) from None
    except BotoCoreError as error:
        raise ConnectError(
            f"No AWS session: {error}. Who acts: the engineer signs in (aws sso login, aws_profile or the "
            "environment) and runs the notebook again."
        ) from None
    refuse_strangers(identity, parameters)
    return aws


def _account(parameters: ClientParameters, on_call: Callable[[ApiCall], None]) -> Aws:
    session = boto3.Session(profile_name=parameters.aws_profile or None, region_name=parameters.region)
    watch(session, on_call)
    if not parameters.operator_role_arn:
        return Aws(session)
    external_id: dict[str, Any] = (
        {"ExternalId": parameters.operator_external_id} if parameters.operator_external_id else {}
    )
    entered = assume_role(session, parameters.operator_role_arn, RoleSessionName="onemata-runbooks", **external_id)
    watch(entered, on_call)
    return Aws(entered)


def _sandbox(url: str, region: str, on_call: Callable[[ApiCall], None]) -> Aws:
    address = parsed_url(url)
    session = boto3.Session(aws_access_key_id=address.key_id, aws_secret_access_key=address.secret, region_name=region)
    watch(session, on_call)
    return Aws(session, address.endpoint)


def refuse_strangers(identity: Identity, parameters: ClientParameters) -> None:
    """Raise ConnectError unless this is the client's account and partition, and not its root user."""
    if identity.account != parameters.account_id:
        raise ConnectError(
            f"This session is in account {identity.account} as {identity.arn}, but the client's account_id is "
            f"{parameters.account_id}. Nothing was read or changed. Who acts: the engineer corrects aws_profile, "
            "operator_role_arn or account_id."
        )
    if identity.arn.endswith(":root"):
        raise ConnectError(
            f"This session is the root user of account {identity.account}. Nothing was read or changed. "
            "Who acts: the client's admin gives a role or SSO access; root is never used."
        )
    if identity.partition != parameters.partition:
        raise ConnectError(
            f"This session is in the partition {identity.partition}, but region {parameters.region} is in "
            f"{parameters.partition}. Who acts: the engineer corrects region or aws_profile."
        )
