"""The Athena of the sandbox: only our statements, only who may, and with the querier's own permissions."""

from typing import Any

import pytest
from moto.athena.models import WorkGroup, athena_backends

from onemata_helpers import sandbox
from onemata_helpers.location import Location
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.services.athena_statements import AthenaStatements
from tests.sandbox.actors import Actor, allow, deny, operator, refused, role, trusting, user

PLACE = Location(sandbox.BUCKET, f"{sandbox.PREFIX}{sandbox.PROBE_KEY}")
SQL = AthenaStatements("default", "probe", PLACE)
HOME = f"{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}"
WORKGROUP_ARN = f"arn:aws:athena:{HOME}:workgroup/{sandbox.WORKGROUP}"
QUERIES = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup")


@pytest.fixture
def analyst(box: Sandbox) -> Any:
    """Athena, for the client's analysts."""
    return operator(box).assume(sandbox.ANALYST_ROLE_ARN).client("athena")


def begin(athena: Any, sql: str, **more: Any) -> str:
    answer = athena.start_query_execution(QueryString=sql, **({"WorkGroup": sandbox.WORKGROUP} | more))
    return str(answer["QueryExecutionId"])


def ended(athena: Any, query: str) -> dict[str, Any]:
    for _ in range(4):
        status: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            return status
    raise AssertionError(status)


def result(athena: Any, sql: str, **more: Any) -> str:
    status = ended(athena, begin(athena, sql, **more))
    return str(status.get("StateChangeReason", status["State"]))


def of_workgroup(name: str = sandbox.WORKGROUP) -> WorkGroup:
    return athena_backends[sandbox.CLIENT_ACCOUNT][sandbox.REGION].work_groups[name]


def test_it_is_queued_runs_and_ends(box: Sandbox, analyst: Any) -> None:
    assert result(analyst, SQL.create) == "SUCCEEDED"
    query = begin(analyst, SQL.count)
    code, said = refused(analyst.get_query_results, QueryExecutionId=query)
    assert (code, "did not finish" in said) == ("InvalidRequestException", True)
    seen = [analyst.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"] for _ in range(4)]
    assert seen == ["QUEUED", "RUNNING", "SUCCEEDED", "SUCCEEDED"]
    rows = analyst.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["rows_read", "1"]
    kept = box.client("s3").get_object(Bucket=world.RESULTS_BUCKET, Key=f"analysts/{query}.csv")["Body"].read()
    assert kept == b'"rows_read"\n"1"\n'
    assert result(analyst, SQL.drop) == "SUCCEEDED"
    assert "Table not found probe" in result(analyst, SQL.drop)
    assert "TABLE_NOT_FOUND" in result(analyst, SQL.count)


def test_the_table_is_one_of_the_glue_catalog(box: Sandbox, analyst: Any) -> None:
    result(analyst, SQL.create)
    table = box.client("glue").get_table(DatabaseName="default", Name="probe")["Table"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Parameters"]["onemata_proof"] == table["StorageDescriptor"]["Location"] == PLACE.around.uri
    assert "AlreadyExistsException(message:Table probe already exists)" in result(analyst, SQL.create)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        SQL.count.replace("count(*)", "*"),
        SQL.count.replace(" AS rows_read", ""),
        SQL.count + " OR true",
        SQL.count + "; " + SQL.drop,
        SQL.create.replace("EXTERNAL ", ""),
        SQL.create + " AS SELECT 1",
        SQL.drop.replace("TABLE", "DATABASE"),
        SQL.drop + " ",
    ],
)
def test_any_other_statement_is_a_syntax_error(analyst: Any, sql: str) -> None:
    code, said = refused(analyst.start_query_execution, QueryString=sql, WorkGroup=sandbox.WORKGROUP)
    assert code == "InvalidRequestException"
    assert said.startswith(f"line 1:1: mismatched input '{sql.split(' ')[0]}'. Expecting: ")


def test_a_call_that_is_sent_again_begins_nothing_new(analyst: Any) -> None:
    token = {"ClientRequestToken": "x" * 32}
    assert begin(analyst, SQL.create, **token) == begin(analyst, SQL.create, **token)
    code, _ = refused(analyst.start_query_execution, QueryString=SQL.drop, WorkGroup=sandbox.WORKGROUP, **token)
    assert code == "InvalidRequestException"


def test_only_what_the_path_names_is_read_and_hidden_objects_are_not(box: Sandbox, analyst: Any) -> None:
    s3 = box.client("s3", account=sandbox.ONEMATA_ACCOUNT)
    folder = PLACE.around.prefix
    for name in ("other.csv", "_hidden.csv", ".hidden.csv", "_folder/x.csv"):
        s3.put_object(Bucket=sandbox.BUCKET, Key=folder + name, Body=b"1\n2\n3\n")
    result(analyst, SQL.create)
    counted = {}
    for name in ("probe.csv", "other.csv", "_hidden.csv", ".hidden.csv", "_folder/x.csv", "none.csv"):
        asked = AthenaStatements("default", "probe", Location(sandbox.BUCKET, folder + name))
        query = begin(analyst, asked.count)
        assert ended(analyst, query)["State"] == "SUCCEEDED"
        rows = analyst.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        counted[name] = rows[1]["Data"][0]["VarCharValue"]
    assert counted == {
        "probe.csv": "1", "other.csv": "3", "_hidden.csv": "0", ".hidden.csv": "0", "_folder/x.csv": "0",
        "none.csv": "0",
    }  # fmt: skip


def test_each_call_is_a_right_on_the_workgroup_and_a_query_keeps_to_its_own(box: Sandbox, analyst: Any) -> None:
    query = begin(analyst, SQL.create)
    rights = [allow(f"athena:{each}", on=WORKGROUP_ARN.replace(sandbox.WORKGROUP, "primary")) for each in QUERIES]
    other = user(box, *rights).client("athena")
    for operation in ("get_query_execution", "get_query_results", "stop_query_execution"):
        code, said = refused(getattr(other, operation), QueryExecutionId=query)
        assert code == "AccessDeniedException"
        assert f"on resource: {WORKGROUP_ARN}" in said
    assert refused(other.get_work_group, WorkGroup=sandbox.WORKGROUP)[0] == "AccessDeniedException"
    assert other.get_work_group(WorkGroup="primary")["WorkGroup"]["Name"] == "primary"


def test_without_a_place_for_results_nothing_begins(box: Sandbox) -> None:
    athena = box.client("athena")
    code, said = refused(athena.start_query_execution, QueryString=SQL.drop)
    assert code == "InvalidRequestException"
    assert said.startswith("No output location provided.")
    place = {"OutputLocation": f"s3://{world.RESULTS_BUCKET}/own/"}
    assert "Table not found" in result(athena, SQL.drop, WorkGroup="primary", ResultConfiguration=place)


def test_a_workgroup_may_insist_on_its_place(box: Sandbox, analyst: Any) -> None:
    query = begin(analyst, SQL.create, ResultConfiguration={"OutputLocation": "s3://elsewhere/"})
    found = analyst.get_query_execution(QueryExecutionId=query)["QueryExecution"]["ResultConfiguration"]
    assert found["OutputLocation"] == f"{world.RESULTS}{query}.txt"


def test_workgroups_that_are_not_there_or_disabled(box: Sandbox) -> None:
    athena = box.client("athena")
    assert refused(athena.get_work_group, WorkGroup="gone")[1] == "WorkGroup gone is not found."
    vars(of_workgroup())["state"] = "DISABLED"
    code, said = refused(athena.start_query_execution, QueryString=SQL.drop, WorkGroup=sandbox.WORKGROUP)
    assert (code, said) == ("InvalidRequestException", f"WorkGroup {sandbox.WORKGROUP} is disabled.")


def test_a_query_that_would_scan_too_much_is_cancelled(analyst: Any) -> None:
    result(analyst, SQL.create)
    of_workgroup().configuration["BytesScannedCutoffPerQuery"] = 3
    status = ended(analyst, begin(analyst, SQL.count))
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")


def test_a_query_can_be_stopped_until_it_has_ended(analyst: Any) -> None:
    query = begin(analyst, SQL.create)
    analyst.stop_query_execution(QueryExecutionId=query)
    assert ended(analyst, query)["State"] == "CANCELLED"
    assert result(analyst, SQL.create) == "SUCCEEDED"


ALL = allow("athena:*", "glue:*", "s3:*")


def querier(box: Sandbox, *statements: dict[str, Any]) -> Actor:
    """Somebody of the client's, whom Onemata's bucket policy lets read, with these rights."""
    box.client("iam").delete_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="analysts")
    box.client("iam").delete_role(RoleName=world.ANALYST_ROLE)
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/{world.OPERATOR}"
    role(box, world.ANALYST_ROLE, trusting(arn), *statements)
    return operator(box).assume(sandbox.ANALYST_ROLE_ARN)


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        (deny("s3:ListBucket"), f"Permission denied on S3 path: {PLACE.around.uri}"),
        (deny("s3:GetObject", on=f"arn:aws:s3:::{sandbox.BUCKET}/*"), f"Permission denied on S3 path: {PLACE.uri}"),
        (deny("s3:PutObject"), f"Access denied when writing output to url: {world.RESULTS}"),
    ],
)
def test_it_reads_and_writes_with_the_queriers_rights(box: Sandbox, denied: dict[str, Any], said: str) -> None:
    admin = box.client("athena")
    assert result(admin, SQL.create) == "SUCCEEDED"
    athena = querier(box, ALL, denied).client("athena")
    assert result(athena, SQL.count).startswith(said)


@pytest.mark.parametrize("action", ["GetDatabase", "GetTable", "CreateTable"])
@pytest.mark.parametrize("kind", ["catalog", "database/default", "table/default/probe"])
def test_making_a_table_is_a_right_on_it_its_database_and_the_catalog(box: Sandbox, action: str, kind: str) -> None:
    arn = f"arn:aws:glue:{HOME}:{kind}"
    athena = querier(box, ALL, deny(f"glue:{action}", on=arn)).client("athena")
    if action == "GetDatabase" and kind.startswith("table"):
        assert result(athena, SQL.create) == "SUCCEEDED"
    else:
        said = result(athena, SQL.create)
        assert f"is not authorized to perform: glue:{action} on resource: {arn}" in said
        assert said.startswith("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask.")


def test_the_bucket_of_the_results_must_be_seen(box: Sandbox) -> None:
    athena = querier(box, ALL, deny("s3:GetBucketLocation")).client("athena")
    code, said = refused(athena.start_query_execution, QueryString=SQL.drop, WorkGroup=sandbox.WORKGROUP)
    assert (code, said) == ("InvalidRequestException", f"Unable to verify/create output bucket {world.RESULTS_BUCKET}")


def test_what_athena_does_for_somebody_says_so(box: Sandbox) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena-calledvia.html"""
    via = {"Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": ["athena.amazonaws.com"]}}}
    actor = querier(box, allow("athena:*"), allow("glue:*", "s3:*") | via)
    assert result(actor.client("athena"), SQL.create) == "SUCCEEDED"
    assert refused(actor.client("glue").get_table, DatabaseName="default", Name="probe")[0] == "AccessDeniedException"
