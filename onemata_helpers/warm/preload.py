"""What each notebook would load by itself, loaded once: modules, descriptions of AWS's services, templates."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from io import BytesIO

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from .. import display
from ..beginning import begin  # noqa: F401 (with it all that a notebook imports)
from ..errors import OddAnswer
from ..record import versions
from ..redaction import foreign
from ..session import Aws, prepare_session, sandbox_session
from ..values import partition_of
from . import kernel

_NOWHERE = "http://127.0.0.1:9"
# What any runbook may call, each with a call that asks for nothing in particular. One that is missing here only costs
# its notebook the time to load it.
_APIS = {
    "sts": "get_caller_identity", "iam": "list_roles", "accessanalyzer": "list_analyzers",
    "redshift": "describe_clusters", "redshift-data": "list_statements", "redshift-serverless": "list_workgroups",
    "glue": "get_databases", "logs": "describe_log_groups", "athena": "list_work_groups", "ec2": "describe_instances",
    "ssm": "describe_instance_information",
}  # fmt: skip


def load() -> None:
    """Load it. Nothing of the user's is read for that: no file, no credentials, and nothing is sent."""
    kernel.load()
    display.load()
    foreign("")
    versions()
    partition_of("us-east-1")
    session = sandbox_session("nobody", "nothing", None, "us-east-1")
    session.events.register("before-send", _unsent)
    aws = Aws(session, tuple(_APIS), lambda _: None, _NOWHERE)
    for api, operation in _APIS.items():
        with suppress(ClientError, OddAnswer):
            aws.client(api).can_paginate(operation)
            aws.call(api, operation)
    prepare_session()


def _unsent(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """A refusal, in place of AWS's: what boto3 makes for its first call, and for its first refusal, is then there."""
    return AWSResponse(request.url, HTTPStatus.BAD_REQUEST, {}, HTTPResponse(BytesIO()))
