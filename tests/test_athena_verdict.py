"""What Athena's answers mean: each text of the facts, and none that is not known is taken for proof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.location import Location
from onemata_helpers.resources.athena_queries import Ended
from onemata_helpers.services.athena_verdict import Querier

ARN = "arn:aws:iam::012345670123:role/analyst"
QUERIER = Querier(ARN, "analysts", "s3://results/analysts/", "default", "onemata_probe_1a2b3c4d")
PLACE = Location("data", "client/_onemata/probe.csv")
DDL = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
DENIED_BY_S3 = {
    "Permission denied on S3 path: s3://data/client/_onemata/probe.csv": "data",
    "Permission denied on S3 path: s3://data.": "data",
    "Insufficient permissions to execute the query. Amazon S3 access denied on s3://data/client": "data",
    f"{DDL}MetaException(message:Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied))": (
        "not told"
    ),
    "PERMISSION_DENIED: Access Denied (Service: S3, Status Code: 403)": "not told",
    "User: x is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::data/client because": "data",
    "AccessDeniedException: User: x is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::results/a": (
        "results"
    ),
    "Permission denied on S3 path: s3://results/analysts/1.csv": "results",
    "Access denied when writing output to url: s3://results/analysts/1.csv . Please ensure": "results",
    "Access denied when writing to location: s3://results/analysts/1.csv": "results",
    "InvalidRequestException: Unable to verify/create output bucket results": "results",
    "Permission denied on S3 path: s3://somewhere-else/x": "",
    "Query exhausted resources at this scale factor": "",
}
UNSEEN = {
    "Access denied when writing output to url: s3://results/analysts/1.csv": "the client's admin allows",
    "InvalidRequestException: No output location provided. An output location is required either through the "
    "Workgroup result configuration setting or as an API input.": "sets the result location",
    "InvalidRequestException: WorkGroup analysts is disabled.": "the client's admin enables it",
    "InvalidRequestException: WorkGroup analysts is not found.": "names another one for athena_workgroup",
    "AccessDeniedException: You are not authorized to perform: athena:StartQueryExecution on the resource.": (
        "athena:StartQueryExecution, GetQueryExecution"
    ),
    f"{DDL}MetaException(message:Insufficient Lake Formation permission(s): Required Create Table on default": (
        "data lake administrator"
    ),
    "Insufficient permissions to execute the query. Principal does not have any privilege on specified resource": (
        "data lake administrator"
    ),
    f"{DDL}MetaException(message:User: x is not authorized to perform: glue:CreateTable on resource: y": (
        "glue:GetDatabase, GetTable, CreateTable and DeleteTable"
    ),
    "FAILED: SemanticException [Error 10072]: Database does not exist: default": "names one that is there",
    "SCHEMA_NOT_FOUND: line 1:15: Schema 'default' does not exist": "names one that is there",
    "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.onemata_probe_1a2b3c4d' does not exist": "no two at the",
    f"{DDL}AlreadyExistsException(message:Table onemata_probe_1a2b3c4d already exists)": "no two at the same time",
    "Bytes scanned limit was exceeded": "names a small object in a folder of its own",
    "Query exhausted resources at this scale factor": "reads AWS's message",
    "": "reads AWS's message",
}


@pytest.mark.parametrize("said", DENIED_BY_S3)
def test_what_s3_refuses_is_told_by_the_bucket_that_is_named(said: str) -> None:
    assert QUERIER.denied(Ended("FAILED", said), PLACE) == DENIED_BY_S3[said]


@pytest.mark.parametrize("said", UNSEEN)
@pytest.mark.parametrize("status", ["FAILED", "REFUSED"])
def test_what_is_no_word_of_the_data_proves_nothing_and_says_who_acts(said: str, status: str) -> None:
    for verdict in (QUERIER.reading(Ended(status, said), PLACE), QUERIER.refusal(Ended(status, said), PLACE)):
        assert verdict.result == "not provable from here"
        assert UNSEEN[said] in verdict.who
        assert "{" not in verdict.sentence + verdict.who


def test_a_row_proves_and_none_does_not() -> None:
    assert QUERIER.reading(Ended("SUCCEEDED", number=1), PLACE).result == "proven"
    for number in (0, None):
        verdict = QUERIER.reading(Ended("SUCCEEDED", number=number), PLACE)
        assert verdict.result == "not provable from here"
        assert verdict.who.startswith("Onemata puts the probe object there")


@pytest.mark.parametrize("number", [0, 1, None])
def test_whatever_is_reached_that_must_be_refused_fails(number: int | None) -> None:
    verdict = QUERIER.refusal(Ended("SUCCEEDED", number=number), PLACE)
    assert verdict.result == "failed"
    assert verdict.who.startswith("Onemata")


def test_a_cutoff_is_told_from_a_query_that_somebody_stopped() -> None:
    assert "cut off" in QUERIER.reading(Ended("CANCELLED", "Bytes scanned limit was exceeded"), PLACE).sentence
    assert "Somebody stopped" in QUERIER.reading(Ended("CANCELLED"), PLACE).sentence


@given(said=st.text(), status=st.sampled_from(["FAILED", "CANCELLED", "QUEUED", "RUNNING", "REFUSED", "SPLENDID", ""]))
def test_nothing_but_a_query_that_ended_well_proves_that_it_reads(said: str, status: str) -> None:
    assert QUERIER.reading(Ended(status, said), PLACE).result == "not provable from here"


@given(said=st.text())
def test_nothing_but_s3s_own_words_prove_that_it_is_refused(said: str) -> None:
    assert QUERIER.refusal(Ended("FAILED", said), PLACE).result == "not provable from here"
