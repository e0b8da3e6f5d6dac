"""The policy documents on Onemata's side of the sandbox, from what a client's folder says."""

import json
from typing import Any

from . import world
from .client_world import ClientWorld, Trusted

Statement = dict[str, Any]


def document(*statements: Statement) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def merged(policy: str | bytes | None, *additions: dict[str, Any]) -> str:
    """The policy, as text, with those statements of the additions that it lacks."""
    documents = [json.loads(policy) if policy else document(), *additions]
    each_once = {json.dumps(one, sort_keys=True): one for every in documents for one in every["Statement"]}
    return json.dumps(document(*each_once.values()))


def service_trust(*services: str) -> dict[str, Any]:
    """The trust of a role that AWS services assume."""
    named = services[0] if len(services) == 1 else list(services)
    return document({"Effect": "Allow", "Principal": {"Service": named}, "Action": "sts:AssumeRole"})


def account_trust(account: str) -> dict[str, Any]:
    """A trust that leaves the choice to the account: whom its own policies let through."""
    return document({"Effect": "Allow", "Principal": _root(account), "Action": "sts:AssumeRole"})


def trust_of_onemata(client: ClientWorld = world.EXAMPLE) -> dict[str, Any]:
    """Only the client's roles that read as Onemata's role, and only with the external ID.

    The principal is the client's account with a condition on the caller, and not the role itself,
    so that Onemata's role can be made before the client's role is.
    """
    return document(*(_trust_in(client, each) for each in client.trusted))


def _trust_in(client: ClientWorld, trusted: Trusted) -> Statement:
    external = {"StringEquals": {"sts:ExternalId": trusted.external_id}} if trusted.external_id else {}
    return {
        "Effect": "Allow",
        "Principal": _root(client.account),
        "Action": "sts:AssumeRole",
        "Condition": external | {"ArnEquals": {"aws:PrincipalArn": trusted.role_arn}},
    }


def reader_policy(client: ClientWorld = world.EXAMPLE) -> dict[str, Any]:
    """What Onemata's role may do: read the client's prefix."""
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": client.kms_key_arn}
    return document(*_reading(client), *([decrypt] if client.kms_key_arn else []))


def bucket_policy(client: ClientWorld = world.EXAMPLE) -> dict[str, Any]:
    """Lets the client's readers read the client's prefix."""
    if not client.readers:
        return document()
    return document(*(each | _for_readers(client, each.get("Condition", {})) for each in _reading(client)))


def key_policy(client: ClientWorld) -> dict[str, Any]:
    """Lets the client's readers decrypt."""
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    return document(*([decrypt | _for_readers(client, {})] if client.readers else []))


def analyst_policy(client: ClientWorld = world.EXAMPLE) -> dict[str, Any]:
    """What the client's analysts may do: read any bucket that lets them, query in their workgroup, keep results.

    https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html (what a query takes)
    """
    if client.athena is None:
        return document()
    home, its = f"{client.region}:{client.account}", client.athena
    parts = ("catalog", f"database/{its.database}", f"table/{its.database}/*")
    catalog = [f"arn:aws:glue:{home}:{each}" for each in parts]
    querying = ["GetWorkGroup", "StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"]
    keeping = ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:DeleteTable"]
    return document(
        _allow([f"athena:{each}" for each in querying], f"arn:aws:athena:{home}:workgroup/{its.workgroup}"),
        _allow(keeping, catalog),
        _allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"], "*"),
        _allow(["s3:PutObject", "s3:AbortMultipartUpload"], f"arn:aws:s3:::{its.results_bucket}/*"),
    )


def analyst_trust(account: str = world.CLIENT_ACCOUNT) -> dict[str, Any]:
    """The operator may enter the analysts' role."""
    operator = f"arn:aws:iam::{account}:user/{world.OPERATOR}"
    return document({"Effect": "Allow", "Principal": {"AWS": operator}, "Action": "sts:AssumeRole"})


def _allow(actions: list[str], resources: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _reading(client: ClientWorld) -> list[Statement]:
    folder, arn = client.prefix.rstrip("/"), client.bucket_arn
    below = {"StringLike": {"s3:prefix": [folder, f"{folder}/", f"{folder}/*"]}}
    return [
        {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": arn},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn} | ({"Condition": below} if folder else {}),
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/{client.prefix}*"},
    ]


def _for_readers(client: ClientWorld, condition: Statement) -> Statement:
    readers = {"ArnEquals": {"aws:PrincipalArn": list(client.readers)}}
    return {"Principal": _root(client.account), "Condition": condition | readers}


def _root(account: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account}:root"}
