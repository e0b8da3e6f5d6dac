"""Many clients in one sandbox: each has what its parameters name, and none reaches another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from onemata_helpers import policies, sandbox
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.client_world import ClientWorld
from onemata_helpers.sandbox.policies import account_trust
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_clients import client_world
from onemata_helpers.sandbox_in_use import worlds
from tests.many import account, parameters
from tests.sandbox.actors import Actor, refused

ONE, OTHER = account(1), account(2)
EVERYTHING = policies.pretty(policies.document({"Effect": "Allow", "Action": "*", "Resource": "*"}))


def many(*numbers: int) -> list[ClientWorld]:
    return worlds(each for number in numbers for each in parameters(number))


@pytest.fixture
def both() -> Iterator[Sandbox]:
    """A sandbox with two clients."""
    with sandbox.start(many(1, 2)) as box:
        yield box


def actor(box: Sandbox, role: str, account_id: str) -> Actor:
    """A session of a role of the client's that may do everything that the client's side can allow."""
    iam, sts = box.client("iam", account_id), box.client("sts", account_id)
    arn = f"arn:aws:iam::{account_id}:role/{role}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=policies.pretty(account_trust(account_id)))
    iam.put_role_policy(RoleName=role, PolicyName="everything", PolicyDocument=EVERYTHING)
    got = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return Actor(box, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])


def test_each_operator_is_in_its_own_account_and_sees_what_is_there(both: Sandbox) -> None:
    for number, account_id in ((1, ONE), (2, OTHER)):
        key = both.operator(account_id)
        operator = Actor(both, key.id, key.secret)
        arn = f"arn:aws:iam::{account_id}:user/{world.OPERATOR}"
        assert operator.client("sts").get_caller_identity()["Arn"] == arn
        [cluster] = operator.client("redshift").describe_clusters()["Clusters"]
        assert cluster["DefaultIamRoleArn"].split(":")[4] == account_id
        [reservation] = operator.client("ec2").describe_instances()["Reservations"]
        assert reservation["Instances"][0]["InstanceId"] == f"i-{number + 1:017x}"


def test_nobody_else_has_an_account_there(both: Sandbox) -> None:
    for account_id in (sandbox.CLIENT_ACCOUNT, account(3)):
        key = both.operator(account_id)
        code, _ = refused(Actor(both, key.id, key.secret).client("sts").get_caller_identity)
        assert code == "InvalidClientTokenId"


def test_an_operator_may_do_what_its_own_clients_runbooks_need_and_no_more(both: Sandbox) -> None:
    key = both.operator(ONE)
    iam = Actor(both, key.id, key.secret).client("iam")
    trust = policies.pretty(policies.service_trust("redshift", "aws"))
    assert refused(iam.create_role, RoleName="other", AssumeRolePolicyDocument=trust)[0] == "AccessDenied"
    iam.create_role(RoleName="onemata-redshift", AssumeRolePolicyDocument=trust)


@pytest.mark.parametrize("role", ["onemata-redshift", "AWSGlueServiceRoleOnemata"])
def test_a_reader_gets_its_own_clients_objects_and_no_others(both: Sandbox, role: str) -> None:
    s3 = actor(both, role, ONE).client("s3")
    assert s3.get_object(Bucket=sandbox.BUCKET, Key="client-1/_onemata/probe.csv")["Body"].read() == b"onemata\n"
    assert s3.list_objects_v2(Bucket=sandbox.BUCKET, Prefix="client-1/")["KeyCount"] == 4
    for key in ("client-2/_onemata/probe.csv", "client-2/README.txt"):
        assert refused(s3.get_object, Bucket=sandbox.BUCKET, Key=key)[0] == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=sandbox.BUCKET, Prefix="client-2/")[0] == "AccessDenied"


def test_onematas_role_lets_its_own_client_in_and_no_other(both: Sandbox) -> None:
    mine = actor(both, "onemata-ec2", ONE)
    own = mine.assume(f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/onemata-delivery-1", ExternalId="external-1")
    s3 = own.client("s3")
    s3.get_object(Bucket=sandbox.BUCKET, Key="client-1/README.txt")
    assert refused(s3.get_object, Bucket=sandbox.BUCKET, Key="client-2/README.txt")[0] == "AccessDenied"
    assume = mine.client("sts").assume_role
    for number, external_id in ((1, "external-2"), (2, "external-2"), (2, "external-1")):
        arn = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/onemata-delivery-{number}"
        assert refused(assume, RoleArn=arn, RoleSessionName="test", ExternalId=external_id)[0] == "AccessDenied"


def test_what_is_running_in_one_account_is_not_known_in_the_other(both: Sandbox) -> None:
    """Statements, sessions, queries, commands, and what the simulator says of a role."""
    mine, theirs = both.client("redshift-data", ONE), both.client("redshift-data", OTHER)
    where = {"ClusterIdentifier": sandbox.CLUSTER, "Database": "dev"}
    create = "CREATE TEMP TABLE onemata_probe (line VARCHAR(65535));"
    sent = mine.execute_statement(Sql=create, SessionKeepAliveSeconds=60, **where)
    mine.describe_statement(Id=sent["Id"])
    assert refused(theirs.describe_statement, Id=sent["Id"])[0] == "ResourceNotFoundException"
    assert refused(theirs.cancel_statement, Id=sent["Id"])[0] == "ResourceNotFoundException"
    assert refused(theirs.execute_statement, Sql=create, SessionId=sent["SessionId"])[0] == "ValidationException"
    both.client("s3", ONE).create_bucket(Bucket="results-of-one")
    place = {"OutputLocation": "s3://results-of-one/"}
    query = both.client("athena", ONE).start_query_execution(
        QueryString="DROP TABLE `default`.`onemata_probe`", ResultConfiguration=place
    )["QueryExecutionId"]
    both.client("athena", ONE).get_query_execution(QueryExecutionId=query)
    code, said = refused(both.client("athena", OTHER).get_query_execution, QueryExecutionId=query)
    assert (code, said) == ("InvalidRequestException", f"QueryExecution {query} was not found")
    command = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    assert refused(both.client("ssm", OTHER).send_command, InstanceIds=[f"i-{2:017x}"], **command)[0] == (
        "InvalidInstanceId"
    )
    role = f"arn:aws:iam::{ONE}:role/{world.CLUSTER_ROLE}"
    asked = {"PolicySourceArn": role, "ActionNames": ["s3:GetObject"]}
    both.client("iam", ONE).simulate_principal_policy(**asked)
    assert refused(both.client("iam", OTHER).simulate_principal_policy, **asked)[0] == "NoSuchEntity"


def test_instances_of_one_id_in_two_accounts_have_machines_of_their_own() -> None:
    same = {"instance_ids": [sandbox.INSTANCE_ID]}
    described = [client_world([each.model_copy(update=same)]) for n in (1, 2) for each in parameters(n, "ec2")]
    with sandbox.start(described) as box:
        for account_id in (ONE, OTHER):
            ssm = box.client("ssm", account_id)
            sent = ssm.send_command(
                InstanceIds=[sandbox.INSTANCE_ID],
                DocumentName="AWS-RunShellScript",
                Parameters={"commands": [f"echo {account_id} >> {'x' * 8}"], "executionTimeout": ["60"]},
            )["Command"]["CommandId"]
            while not any(
                each["Status"] == "Success"
                for each in ssm.list_command_invocations(CommandId=sent)["CommandInvocations"]
            ):
                pass
        for account_id in (ONE, OTHER):
            machine = box.instances[account_id, sandbox.REGION, sandbox.INSTANCE_ID].machine
            assert (machine.root / ("x" * 8)).read_text() == f"{account_id}\n"


def test_a_machine_is_there_when_it_is_first_needed_and_not_before(both: Sandbox) -> None:
    instance = both.instances[ONE, sandbox.REGION, f"i-{2:017x}"]
    assert vars(instance)["_machine"] is None
    assert instance.home.is_dir()


def test_adding_clients_leaves_what_is_there_as_it_is() -> None:
    with sandbox.start(many(1)) as box:
        iam = box.client("iam", ONE)
        iam.create_user(UserName="kim")
        box.client("redshift", ONE).delete_cluster(ClusterIdentifier=sandbox.CLUSTER, SkipFinalClusterSnapshot=True)
        box.add(many(1, 2))
        assert {user["UserName"] for user in iam.list_users()["Users"]} == {"kim", world.OPERATOR}
        assert box.client("redshift", ONE).describe_clusters()["Clusters"] == []
        assert len(box.client("redshift", OTHER).describe_clusters()["Clusters"]) == 1


def test_sixteen_at_once_in_accounts_of_their_own_mix_nothing_up() -> None:
    with sandbox.start(many(*range(16))) as box, ThreadPoolExecutor(16) as pool:
        clients = [Actor(box, key.id, key.secret) for key in (box.operator(account(n)) for n in range(16))]
        made = list(pool.map(_work, clients, range(16)))
        for number, roles in enumerate(made):
            assert roles == [f"arn:aws:iam::{account(number)}:role/onemata-redshift"]
            tags = box.client("iam", account(number)).list_role_tags(RoleName="onemata-redshift")["Tags"]
            assert {tag["Value"] for tag in tags} == {str(n) for n in range(number, number + 20)}


def _work(client: Actor, number: int) -> list[str]:
    """What a runbook does, many times over."""
    iam, redshift, data = (client.client(name) for name in ("iam", "redshift", "redshift-data"))
    trust = policies.pretty(policies.service_trust("redshift", "aws"))
    arn = iam.create_role(RoleName="onemata-redshift", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="onemata-redshift", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[arn])
    for each in range(number, number + 20):
        iam.tag_role(RoleName="onemata-redshift", Tags=[{"Key": f"key-{each}", "Value": str(each)}])
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)
    assert _proof(data, arn, f"client-{number}/") == "FINISHED"
    assert _proof(data, arn, f"client-{number + 1}/") == "FAILED"
    [cluster] = redshift.describe_clusters()["Clusters"]
    return [role["IamRoleArn"] for role in cluster["IamRoles"] if role["IamRoleArn"].endswith("onemata-redshift")]


def _proof(data: Any, arn: str, prefix: str) -> str:
    """How COPY of the probe object in this prefix ends."""
    copy = f"COPY onemata_probe FROM 's3://{sandbox.BUCKET}/{prefix}_onemata/probe.csv' IAM_ROLE '{arn}'"
    sqls = ["CREATE TEMP TABLE onemata_probe (line VARCHAR(65535));", f"{copy} FORMAT AS CSV NOLOAD;"]
    where = {"ClusterIdentifier": sandbox.CLUSTER, "Database": "dev"}
    sent = data.batch_execute_statement(Sqls=sqls, **where)["Id"]
    states = [data.describe_statement(Id=sent)["Status"] for _ in range(4)]
    return str(states[-1])
