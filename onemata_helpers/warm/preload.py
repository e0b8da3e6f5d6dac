"""What each notebook would load by itself, loaded once: modules, descriptions of AWS's services, templates."""

from __future__ import annotations

from .. import display
from ..redaction import foreign
from ..runbook import Runbook  # noqa: F401 (with it all that a notebook imports)
from ..session import Aws, sandbox_session
from ..values import partition_of
from . import kernel

_APIS = (
    "accessanalyzer", "athena", "ec2", "glue", "iam", "logs", "redshift", "redshift-data", "redshift-serverless",
    "ssm", "sts",
)  # fmt: skip
_NOWHERE = "http://127.0.0.1:9"


def load() -> None:
    """Load it. Nothing of the user's is read for that: no file, no credentials, and no call is made."""
    kernel.load()
    display.load()
    foreign("")
    aws = Aws(sandbox_session("nobody", "nothing", None, "us-east-1"), _APIS, lambda _: None, _NOWHERE)
    for api in _APIS:
        client = aws.client(api)
        client.can_paginate(next(iter(client.meta.method_to_api_mapping)))
    partition_of("us-east-1")
