"""What the tests of Redshift's proof share: runs that prove, and who is who."""

from __future__ import annotations

import json
from typing import Any

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..conftest import Run, run
from .common import (
    DENIED,
    LONG,
    UNSEEN,
    Broken,
    bucket_policy_for_another_than,
    emptied,
    encrypted,
    nothing,
    onemata,
    without_bucket_policy,
    without_probe,
)

ROLE = "onemata-redshift"
ROLE_ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLE}"
USERS = f"arn:aws:redshift:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:dbuser:{sandbox.CLUSTER}"
READING = f"cluster {sandbox.CLUSTER} reads Onemata's data"
PROVE: dict[str, Any] = {"prove": "copy", **DENIED}
GONE = f"arn:aws:secretsmanager:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:secret:gone-Ab1Cd2"

IN_EITHER: dict[str, Broken] = {
    "no bucket policy": Broken(
        without_bucket_policy, "failed", "Access Denied,Status 403", "Who acts: Onemata looks at its bucket policy"
    ),
    "bucket policy for another role": Broken(
        bucket_policy_for_another_than(f"role/{ROLE}"), "failed", "Access Denied,Status 403",
        "Who acts: Onemata looks at its bucket policy"
    ),
    "KMS key closed to the role": Broken(encrypted, "failed", "Status 403", "names it for kms_key_arn"),
    "prefix empty": Broken(
        emptied, UNSEEN, "does not exist", "Who acts: Onemata puts the probe object there"
    ),
    "probe object missing": Broken(
        without_probe, UNSEEN, "does not exist", "Who acts: Onemata puts the probe object there"
    ),
    "wrong region": Broken(
        nothing, "failed", "must be addressed using the specified endpoint", "the engineer sets bucket_region",
        {"bucket_region": "eu-west-1"},
    ),
    "no such database": Broken(
        nothing, UNSEEN, 'database "nowhere" does not exist', "the engineer corrects database",
        {"database": "nowhere"},
    ),
    "no such secret": Broken(
        nothing, UNSEEN, "can't find the specified secret", "Who acts: the engineer corrects",
        {"database_secret_arn": GONE},
    ),
}  # fmt: skip
"""What may be broken for a cluster and for a workgroup alike."""


def prove(action: str = "apply", wait: Wait = LONG, **changes: Any) -> Run:
    return run("redshift", action, wait, **(PROVE | changes))


def prove_later(**changes: Any) -> Run:
    """Prove it in a run that changes nothing, so that nothing is waited for that may still come."""
    run("redshift", **(PROVE | changes | {"prove": "none"}))
    return prove("verify", **changes)


def sent(done: Run) -> list[str]:
    return [each.operation for each in done.record.calls if each.service == "redshift-data"]


def secret(box: Sandbox) -> dict[str, Any]:
    login = json.dumps({"username": "awsuser", "password": "unused"})
    made = box.client("secretsmanager").create_secret(Name="login", SecretString=login)
    return {"database_secret_arn": made["ARN"]}


def trust_onematas_role(box: Sandbox, statement: str) -> None:
    text = json.dumps(documents.document(json.loads(statement)))
    onemata(box, "iam").update_assume_role_policy(RoleName=world.ONEMATA_ROLE, PolicyDocument=text)
