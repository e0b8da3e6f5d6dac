"""Puts clients' worlds into moto's backends: each client's account, and Onemata's side."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from moto.ec2.models import ec2_backends
from moto.redshift.models import redshift_backends
from moto.secretsmanager.models import secretsmanager_backends

from . import world
from .analysts import populate_athena
from .client_world import ClientWorld, Cluster, Workgroup
from .iam_entities import ensure_holder, ensure_policy, ensure_role
from .onemata_side import populate_onemata
from .policies import account_trust, service_trust
from .serverless import Namespace
from .serverless import Workgroup as ServerlessWorkgroup
from .state import state

_IMAGE = "ami-0c1d2e3f405162738"


def populate(clients: Sequence[ClientWorld]) -> None:
    """Put in what these clients' folders name. What is there already stays as it is.

    Several clients may share an account, on either side.
    """
    populate_onemata(clients)
    for client in clients:
        for cluster in client.clusters:
            _cluster(client, cluster)
        if client.athena:
            populate_athena(client, client.athena)
        _instances(client, "analytics-worker", client.instances)
        _instances(client, "analytics-batch", client.stopped_instances)
        ec2_backends[client.account][client.region].stop_instances(list(client.stopped_instances))
        for arn in client.holders:
            ensure_holder(arn, account_trust(client.account), "The client's own")
        if client.boundary_arn:
            ensure_policy(client.boundary_arn)
        if client.secret_arn:
            _secret(client)
        for workgroup in client.workgroups:
            _workgroup(client, workgroup)


def _cluster(client: ClientWorld, cluster: Cluster) -> None:
    """An available cluster with a role of the client's own as its default."""
    backend = redshift_backends[client.account][client.region]
    if cluster.name in backend.clusters:
        return
    role_arn = f"arn:aws:iam::{client.account}:role/{world.CLUSTER_ROLE}"
    ensure_role(role_arn, service_trust("redshift.amazonaws.com"), "Unloads the nightly reports")
    made = backend.create_cluster(
        cluster_identifier=cluster.name,
        node_type="ra3.large",
        master_username=cluster.admin,
        master_user_password=None,
        db_name=cluster.database,
        cluster_type="single-node",
        cluster_security_groups=[],
        vpc_security_group_ids=[],
        cluster_subnet_group_name=None,
        availability_zone=None,
        preferred_maintenance_window=None,
        cluster_parameter_group_name=None,
        automated_snapshot_retention_period=1,
        port=5439,
        cluster_version="1.0",
        allow_version_upgrade=True,
        number_of_nodes=1,
        publicly_accessible=False,
        encrypted=True,
        region_name=client.region,
        iam_roles_arn=[role_arn],
    )
    vars(made)["default_iam_role_arn"] = role_arn


def _workgroup(client: ClientWorld, workgroup: Workgroup) -> None:
    """An available workgroup, whose namespace has a role of the client's own as its default."""
    here = state.serverless[client.account, client.region]
    if workgroup.name in here.workgroups:
        return
    role_arn = f"arn:aws:iam::{client.account}:role/{world.NAMESPACE_ROLE}"
    trust = service_trust("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")
    ensure_role(role_arn, trust, "Unloads what analysts ask for")
    name = workgroup.namespace
    roles = {role_arn: "in-sync"}
    its = Namespace(name, client.id_of(name), workgroup.database, workgroup.admin, roles, default_role=role_arn)
    here.add(ServerlessWorkgroup(workgroup.name, client.id_of(workgroup.name), its))


def _instances(client: ClientWorld, name: str, ids: Sequence[str]) -> None:
    backend = ec2_backends[client.account][client.region]
    there = {instance.id for instance in backend.all_instances()} if ids else set()
    new = [each for each in ids if each not in there]
    with _instance_ids(new):
        for _ in new:
            backend.run_instances(
                _IMAGE,
                1,
                None,
                [],
                region_name=client.region,
                instance_type="t3.small",
                is_instance_type_default=True,  # otherwise it looks through all of AWS's for it
                metadata_options={"HttpTokens": "required"},
                tags={"instance": {"Name": name}},
            )


@contextmanager
def _instance_ids(ids: Sequence[str]) -> Iterator[None]:
    """Give the next instances these ids, since parameters name them."""
    with mock.patch("moto.ec2.models.instances.random_instance_id", mock.Mock(side_effect=ids)):
        yield


def _secret(client: ClientWorld) -> None:
    """A secret with the login of the clusters' admin, under the ARN that the folder names."""
    region, name = client.secret_arn.split(":")[3], client.secret_arn.split(":", 6)[6]
    backend = secretsmanager_backends[client.account][region]
    if client.secret_arn in backend.secrets:
        return
    login = json.dumps({"username": Cluster("").admin, "password": "unused"})
    backend.create_secret(
        name,
        secret_string=login,
        secret_binary=None,
        description=None,
        tags=[],
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    backend.secrets[name].arn = client.secret_arn
