"""Puts those who query with Athena into moto's backends, with their workgroup and a place for results."""

from moto.athena.models import athena_backends
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from . import world
from .client_world import Athena, ClientWorld
from .iam_entities import ensure_holder
from .policies import analyst_policy, analyst_trust, merged


def populate_athena(client: ClientWorld, athena: Athena) -> None:
    """The client's analysts, in a workgroup whose results go to a bucket of the client's."""
    for arn in athena.analysts:
        holder = ensure_holder(arn, analyst_trust(client.account), "Queries with Athena")
        holder.policies["analysts"] = merged(holder.policies.get("analysts"), analyst_policy(client))
    if athena.results_bucket not in s3_backends.bucket_accounts:
        s3_backends[client.account]["aws"].create_bucket(athena.results_bucket, client.region)
    databases = glue_backends[client.account][client.region]
    if athena.database not in databases.databases:
        databases.create_database(athena.database, {"Name": athena.database})
    _workgroup(client, athena)


def _workgroup(client: ClientWorld, athena: Athena) -> None:
    """An account has one from the start, `primary`, which has no place for results."""
    settings = {
        "ResultConfiguration": {"OutputLocation": athena.results},
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": world.SCAN_LIMIT,
    }
    backend = athena_backends[client.account][client.region]
    if athena.workgroup not in backend.work_groups:
        backend.create_work_group(athena.workgroup, settings, "Analysts", [])
    elif not backend.work_groups[athena.workgroup].configuration.get("ResultConfiguration", {}).get("OutputLocation"):
        backend.work_groups[athena.workgroup].configuration.update(settings)
