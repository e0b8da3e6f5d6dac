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
from .common import DENIED, LONG, onemata

ROLE = "onemata-redshift"
ROLE_ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLE}"
USERS = f"arn:aws:redshift:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:dbuser:{sandbox.CLUSTER}"
READING = f"cluster {sandbox.CLUSTER} reads Onemata's data"
PROVE: dict[str, Any] = {"prove": "copy", **DENIED}


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
