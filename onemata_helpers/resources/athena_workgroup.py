"""A workgroup of Athena's: whether queries may be run in it, what bounds them, and where their results go.

https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroup.html
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from ..answers import Answer, Plain
from ..errors import OnemataError, who_acts
from ..frozen import Frozen
from ..refusal import as_refusal
from ..session import Aws
from .athena_queries import SERVICE
from .base import Look, Permission
from .role_state import same_thing

_NAMES_ANOTHER = "the engineer names another one for athena_workgroup"


class Workgroup(Frozen):
    """Where queries run. `trouble` is why none is run there, with who acts; empty if they may be.

    `limit` is how many bytes a query may scan; `results` is where results go, empty where Athena keeps them itself.
    """

    trouble: str = ""
    limit: int = 0
    results: str = ""


def permissions(workgroup_arn: str) -> tuple[Permission, ...]:
    """What it takes to see how a workgroup is set up. What queries take, whoever queries has on his own."""
    return (Permission(("athena:GetWorkGroup",), (workgroup_arn,)),)


def workgroup(look: Look, name: str) -> Workgroup:
    """How the workgroup is set up."""
    return look.once(f"Athena workgroup {name}", lambda aws: _read_workgroup(aws, name))


class _ResultConfiguration(Answer):
    output_location: Annotated[Plain, StringConstraints(pattern=r"^s3://[^/\s]+(/\S*)?$")] | None = None


class _ManagedResults(Answer):
    enabled: bool


class _Configuration(Answer):
    # https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
    bytes_scanned_cutoff_per_query: int | None = None
    result_configuration: _ResultConfiguration | None = None
    managed_query_results_configuration: _ManagedResults | None = None


class _WorkGroup(Answer):
    name: Plain
    state: Plain
    configuration: _Configuration


class _WorkGroupAnswer(Answer):
    work_group: _WorkGroup


def _read_workgroup(aws: Aws, name: str) -> Workgroup:
    try:
        with as_refusal(f"athena:GetWorkGroup for {name}", aws.where):
            found = aws.ask(SERVICE, "get_work_group", _WorkGroupAnswer, WorkGroup=name).work_group
        same_thing("athena:GetWorkGroup", found.name, name)
    except OnemataError as error:
        return Workgroup(trouble=str(error))
    return _usable(found)


def _usable(found: _WorkGroup) -> Workgroup:
    """https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html (the limit)"""
    settings = found.configuration
    limit = settings.bytes_scanned_cutoff_per_query
    results = settings.result_configuration.output_location if settings.result_configuration else None
    managed = settings.managed_query_results_configuration
    if found.state != "ENABLED":
        return _trouble(found.name, f"is {found.state}", f"the client's admin enables it, or {_NAMES_ANOTHER}")
    if not limit:
        sets = "the client's admin sets its data limit for each query (10 MB will do)"
        return _trouble(
            found.name, "does not limit what a query scans, and so what it costs", f"{sets}, or {_NAMES_ANOTHER}"
        )
    if not results and not (managed and managed.enabled):
        sets = "the client's admin sets its result location"
        return _trouble(found.name, "has no place for results", f"{sets}, or {_NAMES_ANOTHER}")
    return Workgroup(limit=limit, results="" if managed and managed.enabled else results or "")


def _trouble(name: str, what: str, who: str) -> Workgroup:
    return Workgroup(trouble=who_acts(f"The workgroup {name} {what}", who))
