"""What each notebook would load by itself, loaded once: modules, descriptions of AWS's services, templates."""

from __future__ import annotations

from .. import display
from ..beginning import begin  # noqa: F401 (with it all that a notebook imports)
from ..redaction import foreign
from ..session import Aws, prepare_session, sandbox_session
from ..values import partition_of
from . import kernel

_NOWHERE = "http://127.0.0.1:9"
# What any runbook may call. One that is missing here only costs its notebook the time to load it.
_APIS = (
    "sts", "iam", "accessanalyzer", "redshift", "redshift-data", "redshift-serverless", "glue", "logs", "athena", "ec2",
    "ssm",
)  # fmt: skip


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
    prepare_session()
