"""The Data API of the sandbox: only our statements, only who may, and with the role's own credentials."""

import json
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies, world
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import Actor, allow, refused, role, user

ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
CREATE = "CREATE TEMP TABLE onemata_probe (line VARCHAR(65535));"
COPY = (
    f"COPY onemata_probe FROM 's3://{sandbox.BUCKET}/{sandbox.PREFIX}{sandbox.PROBE_KEY}' "
    f"IAM_ROLE '{ARN}' FORMAT AS CSV NOLOAD;"
)
WHERE = {"ClusterIdentifier": sandbox.CLUSTER, "Database": "dev"}
CLUSTER_ARN = f"arn:aws:redshift:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:cluster:{sandbox.CLUSTER}"
DATABASE_ARN = f"arn:aws:redshift:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}:dbname:{sandbox.CLUSTER}/dev"
SENDING = ("redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement")
READ = allow("s3:ListBucket", "s3:GetObject")


@pytest.fixture
def data(box: Sandbox) -> Any:
    """The Data API, for the client's admin, with a role that reads on the cluster."""
    role(box, "onemata-redshift", "redshift.amazonaws.com", READ)
    redshift = box.client("redshift")
    redshift.modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, AddIamRoles=[ARN])
    for _ in range(2):
        redshift.describe_clusters(ClusterIdentifier=sandbox.CLUSTER)
    return box.client("redshift-data")


def ended(data: Any, statement_id: str) -> dict[str, Any]:
    for _ in range(5):
        found: dict[str, Any] = data.describe_statement(Id=statement_id)
        if found["Status"] not in ("SUBMITTED", "PICKED", "STARTED"):
            return found
    raise AssertionError(found["Status"])


def batch(data: Any, *sqls: str, **where: Any) -> dict[str, Any]:
    return ended(data, data.batch_execute_statement(Sqls=list(sqls), **(WHERE | where))["Id"])


def error(data: Any, *sqls: str, **where: Any) -> str:
    found = batch(data, *sqls, **where)
    assert found["Status"] == "FAILED"
    return str(found["Error"])


def test_it_is_submitted_started_and_finished(data: Any) -> None:
    sent = data.batch_execute_statement(Sqls=[CREATE, COPY], **WHERE)["Id"]
    seen = [data.describe_statement(Id=sent) for _ in range(4)]
    assert [each["Status"] for each in seen] == ["SUBMITTED", "STARTED", "FINISHED", "FINISHED"]
    assert [part["Id"] for part in seen[2]["SubStatements"]] == [f"{sent}:1", f"{sent}:2"]
    assert [part["Status"] for part in seen[2]["SubStatements"]] == ["FINISHED", "FINISHED"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        COPY.replace(" NOLOAD", ""),
        COPY.replace("CSV", "PARQUET"),
        COPY.replace("onemata_probe", "sales"),
        COPY + " DROP TABLE sales;",
        COPY.replace("NOLOAD", "NOLOAD MAXERROR 5"),
        CREATE.replace("TEMP ", ""),
        "",
    ],
)
def test_any_other_statement_is_a_syntax_error(data: Any, sql: str) -> None:
    assert "syntax error at or near" in error(data, CREATE, sql)


def test_what_follows_a_failure_is_not_run(data: Any) -> None:
    found = batch(data, "SELECT 1;", CREATE)
    assert [part["Status"] for part in found["SubStatements"]] == ["FAILED", "ABORTED"]


def test_a_temporary_table_ends_with_its_session(data: Any) -> None:
    assert "nonexistent table" in error(data, COPY)
    opened = data.execute_statement(Sql=CREATE, SessionKeepAliveSeconds=60, **WHERE)
    assert ended(data, opened["Id"])["Status"] == "FINISHED"
    second = data.execute_statement(Sql=COPY, SessionId=opened["SessionId"])
    assert ended(data, second["Id"])["Status"] == "FINISHED"
    alone = data.execute_statement(Sql=COPY, **WHERE)
    assert "SessionId" not in alone
    assert "nonexistent table" in ended(data, alone["Id"])["Error"]
    assert refused(data.execute_statement, Sql=COPY, SessionId="a" * 36)[0] == "ValidationException"
    both = {"SessionId": opened["SessionId"], **WHERE}
    assert refused(data.execute_statement, Sql=COPY, **both)[0] == "ValidationException"


def test_the_cluster_the_database_and_the_user_must_be_there(data: Any, box: Sandbox) -> None:
    elsewhere = WHERE | {"ClusterIdentifier": "nowhere"}
    assert refused(data.batch_execute_statement, Sqls=[CREATE], **elsewhere)[0] == "ValidationException"
    assert 'database "nowhere" does not exist' in error(data, CREATE, COPY, Database="nowhere")
    assert "authentication failed" in error(data, CREATE, COPY, DbUser="nobody")
    assert batch(data, CREATE, COPY, DbUser="awsuser")["Status"] == "FINISHED"


def test_every_object_that_begins_with_the_key_is_read(data: Any, box: Sandbox) -> None:
    s3 = box.client("s3", account=sandbox.ONEMATA_ACCOUNT)
    s3.put_object(Bucket=sandbox.BUCKET, Key=f"{sandbox.PREFIX}{sandbox.PROBE_KEY}.more", Body=b"two,columns\n")
    assert "stl_load_errors" in error(data, CREATE, COPY)


def test_a_regional_principal_is_enough_and_only_of_this_region(data: Any, box: Sandbox) -> None:
    def trust(service: str) -> None:
        text = json.dumps(policies.service_trust(service))
        box.client("iam").update_assume_role_policy(RoleName="onemata-redshift", PolicyDocument=text)

    trust("redshift.us-east-1.amazonaws.com")
    assert batch(data, CREATE, COPY)["Status"] == "FINISHED"
    trust("redshift.eu-west-1.amazonaws.com")
    assert "Not authorized to get credentials" in error(data, CREATE, COPY)


def test_the_role_must_be_on_the_cluster_and_in_sync(data: Any, box: Sandbox) -> None:
    box.client("redshift").modify_cluster_iam_roles(ClusterIdentifier=sandbox.CLUSTER, RemoveIamRoles=[ARN])
    assert "is not authorized to assume IAM Role" in error(data, CREATE, COPY)
    other = COPY.replace("onemata-redshift", "gone")
    assert "is not authorized to assume IAM Role" in error(data, CREATE, other)


def test_what_ended_cannot_be_cancelled_and_what_runs_can(data: Any, box: Sandbox) -> None:
    done = batch(data, CREATE)["Id"]
    assert refused(data.cancel_statement, Id=done)[0] == "ValidationException"
    assert refused(data.cancel_statement, Id="a" * 36)[0] == "ResourceNotFoundException"
    box.let_statements_hang()
    sent = data.batch_execute_statement(Sqls=[CREATE], **WHERE)["Id"]
    assert {data.describe_statement(Id=sent)["Status"] for _ in range(9)} == {"SUBMITTED", "STARTED"}
    assert data.cancel_statement(Id=sent)["Status"] is True
    assert data.describe_statement(Id=sent)["Status"] == "ABORTED"


def own_statements(actor: Actor) -> Any:
    return actor.client("redshift-data")


def test_who_sends_needs_the_login_and_only_who_sent_is_told(data: Any, box: Sandbox) -> None:
    owner = {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}
    follow = allow("redshift-data:DescribeStatement", "redshift-data:CancelStatement", StringEquals=owner)
    send = allow(*SENDING, on=CLUSTER_ARN)
    log_in = allow("redshift:GetClusterCredentialsWithIAM", on=DATABASE_ARN)
    one = own_statements(user(box, send, log_in, follow, name="one"))
    other = own_statements(user(box, send, log_in, follow, name="other"))
    stranger = own_statements(user(box, send, follow, name="stranger"))
    sent = one.batch_execute_statement(Sqls=[CREATE], **WHERE)["Id"]
    assert ended(one, sent)["Status"] == "FINISHED"
    assert refused(other.describe_statement, Id=sent)[0] == "AccessDeniedException"
    code, said = refused(stranger.batch_execute_statement, Sqls=[CREATE], **WHERE)
    assert code == "AccessDeniedException"
    assert "redshift:GetClusterCredentialsWithIAM" in said
    for more in ({"Database": "another"}, {"DbUser": "awsuser"}, {"ClusterIdentifier": "another"}):
        assert refused(one.batch_execute_statement, Sqls=[CREATE], **(WHERE | more))[0] == "AccessDeniedException"
    opened = one.execute_statement(Sql=CREATE, SessionKeepAliveSeconds=60, **WHERE)
    assert one.execute_statement(Sql=COPY, SessionId=opened["SessionId"])["Id"]


def test_an_encrypted_object_needs_the_key_on_both_sides(box: Sandbox) -> None:
    def key(*principals: str) -> str:
        everybody = {"AWS": [f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root", *principals]}
        policy = policies.document({"Effect": "Allow", "Principal": everybody, "Action": "kms:*", "Resource": "*"})
        made = box.client("kms", account=sandbox.ONEMATA_ACCOUNT).create_key(Policy=json.dumps(policy))
        return str(made["KeyMetadata"]["Arn"])

    def put(key_arn: str) -> dict[str, str]:
        address = {"Bucket": sandbox.BUCKET, "Key": f"{sandbox.PREFIX}secret"}
        s3 = box.client("s3", account=sandbox.ONEMATA_ACCOUNT)
        s3.put_object(**address, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn)
        return address

    trust = policies.account_trust(sandbox.CLIENT_ACCOUNT)
    arn = role(box, "onemata-redshift", trust, READ, allow("kms:Decrypt"))
    bare_arn = role(box, "AWSGlueServiceRoleOnemata", trust, READ)
    entering = user(box, allow("sts:AssumeRole"))
    reader, bare = (entering.assume(each).client("s3") for each in (arn, bare_arn))
    address = put(key(f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"))
    assert reader.get_object(**address)["Body"].read() == b"x"
    code, said = refused(bare.get_object, **address)
    assert code == "AccessDenied"
    assert "kms:Decrypt" in said
    assert refused(reader.get_object, **put(key()))[0] == "AccessDenied"
    gone = f"arn:aws:kms:{sandbox.REGION}:{sandbox.ONEMATA_ACCOUNT}:key/0a1b2c3d"
    assert refused(reader.get_object, **put(gone))[0] == "AccessDenied"


def test_the_world_has_a_probe_object_for_each_client() -> None:
    assert f"{world.PREFIX}{world.PROBE_KEY}" in world.OBJECTS
    assert f"{world.OTHER_PREFIX}{world.PROBE_KEY}" in world.OBJECTS
