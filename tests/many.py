"""Many clients, each in an account of its own, who share Onemata's account and bucket."""

from __future__ import annotations

from functools import cache

from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.parameters import ServiceParameters

from .conftest import SERVICES, values


def account(number: int) -> str:
    """The account of a client, by its number."""
    return f"{200_000_000_000 + 7919 * number:012d}"


def parameters(number: int, *services: str) -> list[ServiceParameters]:
    """The parameters of a client's services; of all three unless some are named."""
    role = f"arn:aws:iam::987654321098:role/onemata-delivery-{number}"
    own = {
        "client": f"client-{number}",
        "account_id": account(number),
        "prefix": f"client-{number}/",
        "onemata_role_arn": role,
        "onemata_external_id": f"external-{number}",
    }
    instances = {"instance_ids": [f"i-{number:017x}"]}
    return [
        _example(service).model_copy(update=own | (instances if service == "ec2" else {}))
        for service in services or SERVICES
    ]


@cache
def _example(service: str) -> ServiceParameters:
    return from_notebook(service, values(service, prove="copy") if service == "redshift" else values(service))
