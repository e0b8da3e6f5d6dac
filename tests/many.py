"""Many clients, each in an account of its own, who share Onemata's account and bucket."""

from __future__ import annotations

from functools import cache
from typing import Any

from onemata_helpers import sandbox
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.parameters import ServiceParameters

from .conftest import SERVICES, values


def account(number: int) -> str:
    """The account of a client, by its number."""
    return f"{200_000_000_000 + 7919 * number:012d}"


def own(service: str, number: int) -> dict[str, Any]:
    """What a client's parameters of a service have that the example's have not."""
    changes = {
        "client": f"client-{number}",
        "account_id": account(number),
        "prefix": f"client-{number}/",
        "onemata_role_arn": f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/onemata-delivery-{number}",
        "onemata_external_id": f"external-{number}",
        "denied_prefix": f"client-{number + 1}/",
    }
    if service == "ec2":
        return changes | {"instance_ids": [f"i-{number + 1:017x}"]}
    return changes | ({"prove": "copy", "denied_bucket": sandbox.OTHER_BUCKET} if service == "redshift" else {})


def parameters(number: int, *services: str) -> list[ServiceParameters]:
    """The parameters of a client's services; of all three unless some are named."""
    return [_example(each).model_copy(update=own(each, number)) for each in services or SERVICES]


@cache
def _example(service: str) -> ServiceParameters:
    return from_notebook(service, values(service))
