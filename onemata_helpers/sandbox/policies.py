"""The policy documents on Onemata's side of the sandbox."""

from typing import Any

from . import world

_BUCKET_ARN = f"arn:aws:s3:::{world.BUCKET}"
_OBJECTS_ARN = f"{_BUCKET_ARN}/{world.PREFIX}*"


def service_trust(*services: str) -> dict[str, Any]:
    """The trust of a role that AWS services assume."""
    named = services[0] if len(services) == 1 else list(services)
    return document({"Effect": "Allow", "Principal": {"Service": named}, "Action": "sts:AssumeRole"})


def trust_of_onemata() -> dict[str, Any]:
    """Only the client's EC2 role, and only with the external ID.

    The principal is the client's account with a condition on the caller, and not the role itself,
    so that Onemata's role can be made before the client's role is.
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": _root(world.CLIENT_ACCOUNT)},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": world.EXTERNAL_ID},
                "ArnEquals": {"aws:PrincipalArn": world.EC2_ROLE_ARN},
            },
        }
    )


def reader_policy() -> dict[str, Any]:
    """What Onemata's role may do: read the client's prefix."""
    return document(
        {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": _BUCKET_ARN},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": _BUCKET_ARN,
            "Condition": _only_prefix(),
        },
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": _OBJECTS_ARN},
    )


def bucket_policy() -> dict[str, Any]:
    """Lets the client's Redshift and Glue roles, and its analysts, read the client's prefix."""
    readers = {"ArnEquals": {"aws:PrincipalArn": list(world.READER_ROLE_ARNS)}}
    client = {"AWS": _root(world.CLIENT_ACCOUNT)}
    return document(
        {
            "Sid": "Locate",
            "Effect": "Allow",
            "Principal": client,
            "Action": "s3:GetBucketLocation",
            "Resource": _BUCKET_ARN,
            "Condition": readers,
        },
        {
            "Sid": "List",
            "Effect": "Allow",
            "Principal": client,
            "Action": "s3:ListBucket",
            "Resource": _BUCKET_ARN,
            "Condition": readers | _only_prefix(),
        },
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Principal": client,
            "Action": "s3:GetObject",
            "Resource": _OBJECTS_ARN,
            "Condition": readers,
        },
    )


def analyst_policy() -> dict[str, Any]:
    """What the client's analysts may do: read any bucket that lets them, query in their workgroup, keep results.

    https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html (what a query takes)
    """
    home = f"{world.REGION}:{world.CLIENT_ACCOUNT}"
    results = f"arn:aws:s3:::{world.RESULTS_BUCKET}"
    catalog = [f"arn:aws:glue:{home}:{each}" for each in ("catalog", "database/default", "table/default/*")]
    querying = ["GetWorkGroup", "StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"]
    keeping = ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:DeleteTable"]
    return document(
        _allow([f"athena:{each}" for each in querying], f"arn:aws:athena:{home}:workgroup/{world.WORKGROUP}"),
        _allow(keeping, catalog),
        _allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"], "*"),
        _allow(["s3:PutObject", "s3:AbortMultipartUpload"], f"{results}/*"),
    )


def analyst_trust() -> dict[str, Any]:
    """The operator may enter the analysts' role."""
    operator = f"arn:aws:iam::{world.CLIENT_ACCOUNT}:user/{world.OPERATOR}"
    return document({"Effect": "Allow", "Principal": {"AWS": operator}, "Action": "sts:AssumeRole"})


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: list[str], resources: str | list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _only_prefix() -> dict[str, Any]:
    bare = world.PREFIX.rstrip("/")
    return {"StringLike": {"s3:prefix": [bare, world.PREFIX, f"{world.PREFIX}*"]}}


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def account_trust(account: str) -> dict[str, Any]:
    """A trust that leaves the choice to the account: whom its own policies let through."""
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
