"""Who acts in the tests of the sandbox, and the few things that many tests set up."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from onemata_helpers import sandbox
from onemata_helpers.sandbox.policies import document, service_trust
from onemata_helpers.sandbox.server import Sandbox


@dataclass
class Actor:
    """Somebody with credentials in the sandbox."""

    box: Sandbox
    key: str
    secret: str
    token: str | None = None

    def client(self, service: str) -> Any:
        return self.box.client_of(service, self.key, self.secret, self.token)

    def assume(self, arn: str, **more: Any) -> "Actor":
        answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **more)
        got = answer["Credentials"]
        return Actor(self.box, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])


def operator(box: Sandbox) -> Actor:
    """The holder of the sandbox's url, in the example's account."""
    key = box.operator()
    return Actor(box, key.id, key.secret)


def user(box: Sandbox, *statements: dict[str, Any], name: str = "tester") -> Actor:
    """A new user of the client's account with these rights."""
    iam = box.client("iam")
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps(document(*statements)))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Actor(box, key["AccessKeyId"], key["SecretAccessKey"])


def allow(*actions: str, on: str = "*", **condition: Any) -> dict[str, Any]:
    """A statement; the condition's operators are the keywords."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return statement | ({"Condition": condition} if condition else {})


def deny(*actions: str, on: str = "*") -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": on}


def role(box: Sandbox, name: str, trust: dict[str, Any] | str, *statements: dict[str, Any]) -> str:
    """A new role of the client's account; `trust` may be the name of a service. Its ARN."""
    iam = box.client("iam")
    policy = service_trust(trust) if isinstance(trust, str) else trust
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(document(*statements)))
    arn: str = created["Role"]["Arn"]
    return arn


def trusting(principal: Any, **condition: Any) -> dict[str, Any]:
    """The trust in an AWS principal."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return document(statement | ({"Condition": condition} if condition else {}))


def profile(box: Sandbox, name: str, role_name: str | None = None) -> None:
    """A new instance profile in the client's account."""
    iam = box.client("iam")
    iam.create_instance_profile(InstanceProfileName=name)
    if role_name:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """The code and message with which AWS refuses this call; fails if it does not."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error.get("Code", ""), error.get("Message", "")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def headers_of(actor: Actor, service: str, body: bytes, path: str = "/", **headers: str) -> dict[str, str]:
    """The headers with which somebody signs this POST."""
    request: Any = AWSRequest("POST", actor.box.endpoint + path, headers=FORM | headers, data=body)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials(actor.key, actor.secret, actor.token), service, sandbox.REGION).add_auth(request)
    return dict(request.prepare().headers)


def send(
    box: Sandbox, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = HTTPConnection(box.endpoint.removeprefix("http://"))
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
