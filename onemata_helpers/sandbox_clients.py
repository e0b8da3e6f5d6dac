"""What the sandbox must hold for a client, by the client's parameters; and what it cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .errors import ParameterError, Problem
from .parameters import Ec2Parameters, GlueParameters, RedshiftParameters, ServiceParameters
from .sandbox.aws.managed_policies import NAMES
from .sandbox.client_world import Athena, ClientWorld, Cluster, StoredObject, Trusted, Workgroup

Services = Mapping[str, ServiceParameters]

_DATA = {
    "2021-02-10/part-0000.csv": b"id,visits\n1,12\n2,7\n",
    "2021-02-11/part-0000.csv": b"id,visits\n1,9\n2,11\n",
    "README.txt": b"Example data, delivered daily.\n",
}


def client_world(services: Iterable[ServiceParameters]) -> ClientWorld:
    """The world of one client, by the parameters of one service or several.

    Everything that they name is there, as they name it, but what a runbook makes.
    """
    each = list(services)
    first = each[0]
    redshift = [one for one in each if isinstance(one, RedshiftParameters)]
    glue = [one for one in each if isinstance(one, GlueParameters)]
    ec2 = [one for one in each if isinstance(one, Ec2Parameters)]
    return ClientWorld(
        account=first.account_id,
        region=first.region,
        onemata_account=first.onemata_account_id,
        bucket=first.bucket,
        bucket_region=first.bucket_region or first.region,
        prefix=f"{first.location.folder}/" if first.location.folder else "",
        objects=tuple(_objects(first)),
        kms_key_arn=next((one.kms_key_arn for one in each if one.kms_key_arn), ""),
        readers=tuple(arn for one in each for arn in _readers(one)),
        onemata_role_arn=first.onemata_role_arn,
        trusted=(
            *(Trusted(one.role_arn, one.onemata_external_id) for one in ec2),
            *(Trusted(one.role_arn) for one in redshift if one.role_chain),
        ),
        denied_role_arn=next((one.denied_role_arn for one in ec2), ""),
        clusters=tuple(cluster for one in redshift for cluster in _clusters(one)),
        workgroups=tuple(workgroup for one in redshift for workgroup in _workgroups(one)),
        instances=tuple(instance_id for one in ec2 for instance_id in one.instance_ids),
        athena=next((_athena(one) for one in glue if one.athena_principals), None),
        holders=tuple(arn for one in glue for arn in one.pass_role_to),
        boundary_arn=first.permissions_boundary_arn,
        secret_arn=next((one.database_secret_arn for one in redshift), ""),
    )


def not_in_the_sandbox(found: Mapping[Path, Services]) -> list[Problem]:
    """What the folders with `sandbox: true` name that the sandbox cannot hold, or cannot hold for all of them."""
    in_it = {folder: services for folder, services in found.items() if next(iter(services.values())).sandbox}
    firsts = {folder: next(iter(services.values())) for folder, services in in_it.items()}
    alone = [
        Problem(str(folder / "client.yaml"), *cannot)
        for folder, first in firsts.items()
        for cannot in _cannot_hold(first)
    ]
    return [*alone, *_contradictions(in_it)]


def refuse_what_it_cannot_hold(parameters: ServiceParameters, where: str) -> None:
    """Raise ParameterError for what one service's parameters name that the sandbox cannot hold."""
    problems = [Problem(where, *cannot) for cannot in _cannot_hold(parameters)]
    if problems:
        raise ParameterError(problems)


def _cannot_hold(p: ServiceParameters) -> Iterator[tuple[str, str, str]]:
    """Key, value, and what it must be."""
    if p.partition != "aws":
        yield "region", p.region, "must be in the partition aws with sandbox: true: the sandbox has no other"
    arn = p.permissions_boundary_arn
    if arn.split(":")[4:5] == ["aws"] and arn.rpartition("/")[2] not in NAMES:
        must = f"must be the client's own, or one of the AWS policies that the sandbox has: {', '.join(NAMES)}"
        yield "permissions_boundary_arn", arn, must


def _contradictions(found: Mapping[Path, Services]) -> list[Problem]:
    """Folders that name one thing, and do not agree on what it is."""
    seen: dict[tuple[str, ...], tuple[Path, str]] = {}
    problems = []
    for folder, services in found.items():
        for file, key, thing, said in _said(services):
            first, before = seen.setdefault(thing, (folder, said))
            if said != before:
                must = f"must be the same in all folders with sandbox: true: here {said}, but in {first} {before}"
                problems.append(Problem(str(folder / file), key, thing[-1], must))
    return problems


def _said(services: Services) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """File and key, the thing that is named there, and what is said of it."""
    world = client_world(services.values())
    where = f"in account {world.onemata_account}, {world.bucket_region}"
    yield "client.yaml", "bucket", ("bucket", world.bucket), where
    for cluster in world.clusters:
        place = ("cluster", world.account, world.region, cluster.name)
        yield "redshift.yaml", "cluster_identifiers", place, f"with database {cluster.database}, user {cluster.admin}"
    for workgroup in world.workgroups:
        place = ("workgroup", world.account, world.region, workgroup.name)
        yield "redshift.yaml", "workgroup_names", place, f"with database {workgroup.database}"


def _objects(client: ServiceParameters) -> Iterator[StoredObject]:
    folder = f"{client.location.folder}/" if client.location.folder else ""
    yield StoredObject(client.bucket, client.probe.object.prefix)
    yield from (StoredObject(client.bucket, folder + name, content) for name, content in _DATA.items())
    yield from (StoredObject(place.bucket, place.prefix) for place in client.probe.refused.values())


def _readers(service: ServiceParameters) -> list[str]:
    """Whom the hand-over asks Onemata to let into the bucket."""
    if isinstance(service, GlueParameters):
        return [service.role_arn, *service.athena_principals]
    return [service.role_arn] if isinstance(service, RedshiftParameters) and not service.role_chain else []


def _athena(service: GlueParameters) -> Athena:
    """The client's bucket for results has a name that no other bucket in the world may have."""
    results = f"s3://athena-results-{service.account_id}-{service.region}/"
    return Athena(tuple(service.athena_principals), service.athena_workgroup, service.athena_database, results)


def _clusters(service: RedshiftParameters) -> list[Cluster]:
    """One that is to be launched is not there yet."""
    if service.launch:
        return []
    usual = Cluster("")
    database, admin = service.database or usual.database, service.database_user or usual.admin
    return [Cluster(name, database, admin) for name in service.cluster_identifiers]


def _workgroups(service: RedshiftParameters) -> list[Workgroup]:
    return [Workgroup(name, service.database or Workgroup("").database) for name in service.workgroup_names]
