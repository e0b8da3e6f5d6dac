"""Builds the world of `world.py` in moto's empty backends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.athena.models import athena_backends
from moto.ec2.models import ec2_backends
from moto.glue.models import glue_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.redshift.models import redshift_backends
from moto.s3.models import s3_backends

from . import world
from .policies import (
    account_trust,
    analyst_policy,
    analyst_trust,
    bucket_policy,
    reader_policy,
    service_trust,
    trust_of_onemata,
)
from .serverless import Namespace, Workgroup
from .state import state

_IMAGE = "ami-0c1d2e3f405162738"


def populate() -> None:
    """Put Onemata's role and buckets, and the client's cluster, analysts, instances and workgroup, in their places."""
    _onemata_role(iam_backends[world.ONEMATA_ACCOUNT]["aws"])
    _buckets()
    _cluster()
    _analysts()
    with _instance_ids(world.INSTANCE_ID, world.STOPPED_INSTANCE_ID):
        _instance("analytics-worker")
        _instance("analytics-batch")
    ec2_backends[world.CLIENT_ACCOUNT][world.REGION].stop_instances([world.STOPPED_INSTANCE_ID])
    _workgroup()


def create_role(iam: IAMBackend, name: str, trust: dict[str, Any], description: str) -> None:
    """Create a role at the path `/` with no policies."""
    iam.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description=description,
        tags=[],
        max_session_duration="3600",
    )


def _onemata_role(iam: IAMBackend) -> None:
    create_role(iam, world.ONEMATA_ROLE, trust_of_onemata(), "Delivery to the example client")
    iam.put_role_policy(world.ONEMATA_ROLE, "read-delivery", json.dumps(reader_policy()))
    create_role(iam, world.OTHER_ROLE, account_trust(world.CLIENT_ACCOUNT), "Delivery to another client")


def _buckets() -> None:
    s3 = s3_backends[world.ONEMATA_ACCOUNT]["aws"]
    for bucket in (world.BUCKET, world.OTHER_BUCKET):
        s3.create_bucket(bucket, world.REGION)
    for key, content in world.OBJECTS.items():
        s3.put_object(world.BUCKET, key, content)
    s3.put_object(world.OTHER_BUCKET, "2021-02-10/part-0000.csv", b"id,visits\n4,1\n")
    s3.put_object(world.OTHER_BUCKET, world.PROBE_KEY, b"onemata\n")
    s3.put_bucket_policy(world.BUCKET, json.dumps(bucket_policy()).encode())


def _cluster() -> None:
    """An available cluster with a role of the client's own as its default."""
    iam = iam_backends[world.CLIENT_ACCOUNT]["aws"]
    name = world.CLUSTER_ROLE_ARN.rpartition("/")[2]
    create_role(iam, name, service_trust("redshift.amazonaws.com"), "Unloads the nightly reports")
    cluster = redshift_backends[world.CLIENT_ACCOUNT][world.REGION].create_cluster(
        cluster_identifier=world.CLUSTER,
        node_type="ra3.large",
        master_username="awsuser",
        master_user_password=None,
        db_name="dev",
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
        region_name=world.REGION,
        iam_roles_arn=[world.CLUSTER_ROLE_ARN],
    )
    vars(cluster)["default_iam_role_arn"] = world.CLUSTER_ROLE_ARN


def _workgroup() -> None:
    """A workgroup, whose namespace has a role of the client's own as its default."""
    trust = service_trust("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")
    name = world.NAMESPACE_ROLE_ARN.rpartition("/")[2]
    create_role(iam_backends[world.CLIENT_ACCOUNT]["aws"], name, trust, "Unloads what analysts ask for")
    roles = {world.NAMESPACE_ROLE_ARN: "in-sync"}
    namespace = Namespace(world.NAMESPACE, world.NAMESPACE_ID, roles=roles, default_role=world.NAMESPACE_ROLE_ARN)
    client = state.serverless[world.CLIENT_ACCOUNT, world.REGION]
    client.add(Workgroup(world.SERVERLESS_WORKGROUP, world.SERVERLESS_WORKGROUP_ID, namespace))


def _analysts() -> None:
    """A role that queries with Athena, in a workgroup whose results go to a bucket of the client's."""
    iam = iam_backends[world.CLIENT_ACCOUNT]["aws"]
    create_role(iam, world.ANALYST_ROLE, analyst_trust(), "Queries with Athena")
    iam.put_role_policy(world.ANALYST_ROLE, "analysts", json.dumps(analyst_policy()))
    s3_backends[world.CLIENT_ACCOUNT]["aws"].create_bucket(world.RESULTS_BUCKET, world.REGION)
    glue_backends[world.CLIENT_ACCOUNT][world.REGION].create_database("default", {"Name": "default"})
    settings = {
        "ResultConfiguration": {"OutputLocation": world.RESULTS},
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": world.SCAN_LIMIT,
    }
    athena_backends[world.CLIENT_ACCOUNT][world.REGION].create_work_group(world.WORKGROUP, settings, "Analysts", [])


def _instance(name: str) -> None:
    ec2_backends[world.CLIENT_ACCOUNT][world.REGION].run_instances(
        _IMAGE,
        1,
        None,
        [],
        region_name=world.REGION,
        instance_type="t3.small",
        is_instance_type_default=False,
        metadata_options={"HttpTokens": "required"},
        tags={"instance": {"Name": name}},
    )


@contextmanager
def _instance_ids(*ids: str) -> Iterator[None]:
    """Give the next instances these ids, since committed parameters name one of them."""
    with mock.patch("moto.ec2.models.instances.random_instance_id", mock.Mock(side_effect=ids)):
        yield
