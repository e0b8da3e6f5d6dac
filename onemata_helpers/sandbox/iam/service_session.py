"""A service of AWS's that acts as a role: the session that it gets, and what it reads of S3 with it.

It reads over HTTP, through the same door as everybody: signed, and weighed against the policies of both sides.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from moto.sts.models import sts_backends

from .. import isolation
from ..state import state
from .policy_engine import Request, Verdict, judge
from .signer import find_role

_SECONDS = 900


@dataclass(frozen=True)
class Session:
    """Credentials of a role, in the hands of a service. Its clients raise ClientError as everybody's do."""

    access_key_id: str
    secret: str
    token: str
    region: str

    def s3(self) -> Any:
        """A boto3 client of S3."""
        return self._client("s3")

    def glue(self) -> Any:
        """A boto3 client of Glue."""
        return self._client("glue")

    def assume(self, role_arn: str, session_name: str, external_id: str) -> "Session":
        """Another role, from this one (role chaining). Raises ClientError where either side refuses."""
        answer = self._client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=session_name, ExternalId=external_id, DurationSeconds=_SECONDS
        )["Credentials"]
        return Session(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], self.region)

    def _client(self, service: str) -> Any:
        return isolation.new_client(
            service,
            region_name=self.region,
            endpoint_url=state.endpoint,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=Config(proxies={}, retries={"max_attempts": 1}),
        )


def service_session(
    role_arn: str, service: str, session_name: str, region: str, context: Mapping[str, tuple[str, ...]] | None = None
) -> Session | None:
    """A session of the role for a service, such as `glue.amazonaws.com`; None if the service may not assume it (yet).

    `context` are the condition keys that the service sends, such as `sts:ExternalId`.
    """
    role = find_role(role_arn)
    if role is None or state.is_fresh(role_arn):
        return None
    trust = json.loads(role.assume_role_policy_document)
    request = Request("sts:AssumeRole", "*", dict(context or {}))
    if judge([trust], request, frozenset({("Service", service)})) is not Verdict.ALLOWED:
        return None
    session = sts_backends[role_arn.split(":")[4]]["aws"].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=_SECONDS,
        external_id="",
    )
    return Session(session.access_key_id, session.secret_access_key, session.session_token, region)
