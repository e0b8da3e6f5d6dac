"""What the tests of Athena's proof share: runs that prove, and what is in the catalog."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.athena.models import WorkGroup, athena_backends

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from ..conftest import Run, run
from .common import DENIED, LONG, onemata

ANALYST = sandbox.ANALYST_ROLE_ARN
READING = f"Athena reads for {ANALYST}"
TABLE = "onemata_probe_9e680b98"
LEFT = f"table default.{TABLE} is not left behind"
USER = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user"
PROVE: dict[str, Any] = {
    "prove": "crawler",
    "athena_principals": [ANALYST],
    "athena_workgroup": sandbox.WORKGROUP,
    **DENIED,
}


def prove(action: str = "verify", wait: Wait = LONG, **changes: Any) -> Run:
    return run("glue", action, wait, **(PROVE | changes))


def of_athena(done: Run) -> dict[str, str]:
    """The results of all checks of Athena's, by name."""
    return {each.name: each.result for each in done.record.checks if "Athena" in each.name or each.name == LEFT}


def sent(done: Run, service: str = "athena") -> list[str]:
    return [each.operation for each in done.record.calls if each.service == service]


def tables(box: Sandbox) -> list[str]:
    return [each["Name"] for each in box.client("glue").get_tables(DatabaseName="default")["TableList"]]


def workgroup() -> WorkGroup:
    return athena_backends[sandbox.CLIENT_ACCOUNT][sandbox.REGION].work_groups[sandbox.WORKGROUP]


def denies(*actions: str, on: str = "*") -> Callable[[Sandbox], None]:
    """The analysts' policies deny something."""

    def damage(box: Sandbox) -> None:
        text = json.dumps(documents.document({"Effect": "Deny", "Action": list(actions), "Resource": on}))
        box.client("iam").put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="less", PolicyDocument=text)

    return damage


def let_in(box: Sandbox, arn: str) -> None:
    """Onemata's bucket policy names another reader than the analysts."""
    text = json.dumps(documents.bucket_policy()).replace(ANALYST, arn)
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=text)


def clients_table(box: Sandbox) -> None:
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": "s3://theirs/sales/"}
    table = {"Name": TABLE, "StorageDescriptor": storage, "Parameters": {"owner": "sales"}}
    box.client("glue").create_table(DatabaseName="default", TableInput=table)
