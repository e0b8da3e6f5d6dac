"""The sandbox's start and end, and what stands in it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from onemata_helpers import sandbox
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.aws.managed_policies import NAMES
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import operator, refused


def test_the_url_makes_its_holder_the_operator(box: Sandbox) -> None:
    arn = operator(box).client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/{world.OPERATOR}"
    assert box.url.endswith("@" + box.endpoint.removeprefix("http://"))


@pytest.mark.parametrize("account", [sandbox.CLIENT_ACCOUNT, sandbox.ONEMATA_ACCOUNT])
def test_clients_have_all_rights_in_their_account(box: Sandbox, account: str) -> None:
    answer = box.client("sts", account).get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == (account, f"arn:aws:iam::{account}:root")


def test_the_clients_account(box: Sandbox) -> None:
    [cluster] = box.client("redshift").describe_clusters()["Clusters"]
    assert cluster["ClusterIdentifier"] == sandbox.CLUSTER
    assert cluster["ClusterStatus"] == "available"
    assert cluster["DefaultIamRoleArn"] == world.CLUSTER_ROLE_ARN
    assert cluster["IamRoles"] == [{"IamRoleArn": world.CLUSTER_ROLE_ARN, "ApplyStatus": "in-sync"}]
    [workgroup] = box.client("redshift-serverless").list_workgroups()["workgroups"]
    assert (workgroup["workgroupName"], workgroup["status"]) == (sandbox.SERVERLESS_WORKGROUP, "AVAILABLE")
    reservations = box.client("ec2").describe_instances()["Reservations"]
    instances = {i["InstanceId"]: i for reservation in reservations for i in reservation["Instances"]}
    assert instances[sandbox.INSTANCE_ID]["State"]["Name"] == "running"
    assert instances[sandbox.STOPPED_INSTANCE_ID]["State"]["Name"] == "stopped"
    assert all("IamInstanceProfile" not in instance for instance in instances.values())


def test_the_clients_analysts(box: Sandbox) -> None:
    found = box.client("athena").get_work_group(WorkGroup=world.WORKGROUP)["WorkGroup"]
    assert found["State"] == "ENABLED"
    assert found["Configuration"]["BytesScannedCutoffPerQuery"] == world.SCAN_LIMIT
    assert found["Configuration"]["ResultConfiguration"]["OutputLocation"] == world.RESULTS
    first = box.client("athena").get_work_group(WorkGroup="primary")["WorkGroup"]["Configuration"]
    assert "BytesScannedCutoffPerQuery" not in first
    assert box.client("glue").get_database(Name="default")["Database"]["Name"] == "default"
    entered = operator(box).assume(world.ANALYST_ROLE_ARN).client("s3")
    assert entered.list_objects_v2(Bucket=sandbox.BUCKET, Prefix=sandbox.PREFIX)["KeyCount"] > 0


def test_onematas_account(box: Sandbox) -> None:
    s3 = box.client("s3", sandbox.ONEMATA_ACCOUNT)
    names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert names == {sandbox.BUCKET, sandbox.OTHER_BUCKET}
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=sandbox.BUCKET)["Contents"]}
    assert keys == set(world.OBJECTS)
    assert {key.startswith(sandbox.PREFIX) for key in keys} == {True, False}
    assert [bucket["Name"] for bucket in box.client("s3").list_buckets()["Buckets"]] == [world.RESULTS_BUCKET]


def test_managed_policies_are_there(box: Sandbox) -> None:
    iam = box.client("iam")
    found = iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]
    assert {policy["PolicyName"] for policy in found} == set(NAMES)
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert "glue:*" in document["Statement"][0]["Action"]


def test_each_start_is_a_fresh_world_with_the_same_ids() -> None:
    seen = []
    for _ in range(2):
        with sandbox.start() as box:
            ec2 = box.client("ec2")
            seen.append(
                (
                    box.client("redshift").describe_clusters()["Clusters"][0]["Endpoint"],
                    [i["Instances"][0]["SubnetId"] for i in ec2.describe_instances()["Reservations"]],
                    box.url,
                )
            )
            box.client("iam").create_user(UserName="left-behind")
    with sandbox.start() as box:
        assert len(box.client("iam").list_users()["Users"]) == 1
    (*first_ids, first_url), (*second_ids, second_url) = seen
    assert first_ids == second_ids
    assert first_url.split("@")[0] != second_url.split("@")[0]


def test_credentials_do_not_repeat_with_the_ids() -> None:
    keys = set()
    for _ in range(2):
        with sandbox.start() as box:
            box.client("iam").create_user(UserName="kim")
            answer = box.client("iam").create_access_key(UserName="kim")
            keys.add(answer["AccessKey"]["SecretAccessKey"])
    assert len(keys) == 2


def test_stop_closes_the_port_and_may_be_repeated() -> None:
    box = sandbox.start()
    sts = box.client("sts")
    box.stop()
    box.stop()
    with pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()


def test_it_listens_on_loopback_only(box: Sandbox) -> None:
    host, port = box.endpoint.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", int(port)), timeout=1)


def test_it_says_nothing(box: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    refused(box.client("iam").get_role, RoleName="nobody")
    box.client("ec2").describe_instances()
    assert capfd.readouterr() == ("", "")


def test_what_it_cannot_do_is_told_to_the_caller(box: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    code, message = refused(box.client("iam").get_organizations_access_report, JobId="x" * 36)
    assert (code, "has not been implemented" in message) == ("InternalFailure", True)
    assert capfd.readouterr() == ("", "")


def test_moto_is_loaded_by_start_only() -> None:
    script = "import sys, onemata_helpers.sandbox; print('moto' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_developers_own_configuration_is_not_read(tmp_path: Path) -> None:
    broken = tmp_path / "config"
    broken.write_text("not an AWS configuration")
    script = "from onemata_helpers import sandbox as s; b = s.start(); b.client('iam').list_roles(); b.stop()"
    variables = {"AWS_PROFILE": "gone", "AWS_CONFIG_FILE": str(broken), "HTTP_PROXY": "http://127.0.0.1:9"}
    subprocess.run([sys.executable, "-W", "error", "-c", script], env=os.environ | variables, check=True)


@pytest.mark.parametrize("service", ["athena", "glue", "kms", "secretsmanager", "ssm"])
def test_other_services_answer(box: Sandbox, service: str) -> None:
    client = box.client(service)
    operations = {
        "athena": "list_work_groups",
        "glue": "get_databases",
        "kms": "list_keys",
        "secretsmanager": "list_secrets",
        "ssm": "describe_instance_information",
    }
    getattr(client, operations[service])()
