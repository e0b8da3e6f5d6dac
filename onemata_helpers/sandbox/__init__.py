"""An embedded AWS with clients' accounts and Onemata's, on loopback.

Importing this package is cheap: moto is loaded by `start`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .client_world import ClientWorld
from .instance.machine import AWS_CLI
from .world import (
    ANALYST_ROLE_ARN,
    BUCKET,
    CLIENT_ACCOUNT,
    CLUSTER,
    EXAMPLE,
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
    "EXAMPLE",
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
    clients: Iterable[ClientWorld] = (EXAMPLE,),
    *,
    operator_policy: Mapping[str, Any] | None = None,
    propagation_seconds: float = 0,
    latency: float = 0,
    cli: Path = AWS_CLI,
) -> "Sandbox":
    """Start a fresh sandbox with these clients at a free port of 127.0.0.1.

    `operator_policy` is what the operators may do of whom the clients' worlds do not say it; None is
    everything. With `propagation_seconds`, what is new in IAM cannot be used for that long, as in AWS;
    each call takes `latency` seconds to come in. `cli` is the AWS CLI that the instances have.
    """
    from .server import Sandbox

    return Sandbox(
        clients,
        operator_policy=operator_policy,
        propagation_seconds=propagation_seconds,
        latency=latency,
        cli=cli,
    )
