"""An embedded AWS with two accounts, the client's and Onemata's, on loopback.

Importing this package is cheap: moto is loaded by `start`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .instance.machine import AWS_CLI
from .world import (
    ANALYST_ROLE_ARN,
    BUCKET,
    CLIENT_ACCOUNT,
    CLUSTER,
    EXTERNAL_ID,
    INSTANCE_ID,
    NAMESPACE,
    ONEMATA_ACCOUNT,
    ONEMATA_ROLE_ARN,
    OTHER_BUCKET,
    OTHER_PREFIX,
    PREFIX,
    PROBE_KEY,
    REGION,
    SERVERLESS_WORKGROUP,
    SERVERLESS_WORKGROUP_ID,
    STOPPED_INSTANCE_ID,
    WORKGROUP,
)

if TYPE_CHECKING:
    from .server import Sandbox

__all__ = [
    "ANALYST_ROLE_ARN",
    "BUCKET",
    "CLIENT_ACCOUNT",
    "CLUSTER",
    "EXTERNAL_ID",
    "INSTANCE_ID",
    "NAMESPACE",
    "ONEMATA_ACCOUNT",
    "ONEMATA_ROLE_ARN",
    "OTHER_BUCKET",
    "OTHER_PREFIX",
    "PREFIX",
    "PROBE_KEY",
    "REGION",
    "SERVERLESS_WORKGROUP",
    "SERVERLESS_WORKGROUP_ID",
    "STOPPED_INSTANCE_ID",
    "WORKGROUP",
    "start",
]


def start(
    *, operator_policy: dict[str, Any] | None = None, propagation_seconds: float = 0, cli: Path = AWS_CLI
) -> "Sandbox":
    """Start a fresh sandbox at a free port of 127.0.0.1.

    `operator_policy` is what the operator may do; None is everything. With `propagation_seconds`,
    what is new in IAM cannot be used for that long, as in AWS. `cli` is the AWS CLI that its
    instance has.
    """
    from .server import Sandbox

    return Sandbox(operator_policy=operator_policy, propagation_seconds=propagation_seconds, cli=cli)
