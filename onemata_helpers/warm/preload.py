"""What each notebook would load by itself, loaded once: modules, descriptions of AWS's services, templates."""

from __future__ import annotations

from collections.abc import Collection

from .. import display
from ..practice import practise
from ..record import versions
from ..redaction import foreign
from ..runbook import Runbook  # noqa: F401 (with it all that a notebook imports)
from ..session import prepare_session
from ..somebody import somebody_may_be_there  # noqa: F401
from ..values import partition_of
from . import kernel

# What any runbook may call, each with a call that asks for nothing in particular. One that is missing here only costs
# its notebook the time to load it.
_CALLS = {
    "sts": "get_caller_identity", "iam": "list_roles", "accessanalyzer": "list_analyzers",
    "redshift": "describe_clusters", "redshift-data": "list_statements", "redshift-serverless": "list_workgroups",
    "glue": "get_databases", "logs": "describe_log_groups", "athena": "list_work_groups", "ec2": "describe_instances",
    "ssm": "describe_instance_information",
}  # fmt: skip

# What every runbook calls. CPython rewrites a function's code at the eighth call: what is rewritten before a fork, no
# fork has to copy. https://peps.python.org/pep-0659/, and QUICKENING_WARMUP_DELAY of CPython 3.11
_ALWAYS, _OFTEN = ("sts", "iam"), 8


def load(apis: Collection[str] = ()) -> None:
    """Load it, of AWS's services these, or all where it is not known which will be called.

    Nothing of the user's is read for that: no file, no credentials, and nothing is sent.
    """
    kernel.load()
    display.load()
    foreign("")
    versions()
    partition_of("us-east-1")
    practise({api: call for api, call in _CALLS.items() if not apis or api in (*_ALWAYS, *apis)})
    for _ in range(_OFTEN):
        practise({api: _CALLS[api] for api in _ALWAYS})
    prepare_session()
