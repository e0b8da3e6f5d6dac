"""What AWS says of a crawler, word for word as it was seen, and what that proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import sandbox
from onemata_helpers.location import Location
from onemata_helpers.resources.crawls import Ended, perhaps_not_yet
from onemata_helpers.services.crawl_verdict import Reader, refused_by_s3

PLACE = Location(sandbox.BUCKET, "example-client/_onemata/")
ROLE = "arn:aws:iam::012345670123:role/AWSGlueServiceRoleOnemata"
READER = Reader(ROLE)
UNSEEN = "not provable from here"

TRUST = "InvalidInputException: Service is unable to assume provided role. Please verify role's TrustPolicy"
TRUST_BEFORE = f"InvalidInputException: Service is unable to assume role {ROLE}. Please verify role's TrustPolicy"
NO_STS = (
    "InvalidInputException: com.amazonaws.services.glue.model.AccessDeniedException: You need to enable AWS Security "
    "Token Service for this region. . Please verify the role's TrustPolicy."
)
NO_BUCKET = "InvalidInputException: S3 bucket onemata-example-data does not exist."
DENIED = (
    "InvalidInputException: Unable to validate existence of s3 target s3://bucket1 because: Access Denied (Service: "
    "Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: WVRS3D6JAJ48346H; S3 Extended Request ID: "
    "N8CQERQ=; Proxy: null)"
)
FORBIDDEN = DENIED.replace("Access Denied", "Forbidden").replace("AccessDenied", "403 Forbidden")
DENIED_ANEW = "Access Denied (Service: S3, Status Code: 403, Request ID: WVRS3D6JAJ48346H)"
DISABLED = DENIED.replace("Access Denied", "All access to this object has been disabled").replace(
    "AccessDenied", "AllAccessDisabled"
)
LAKE_FORMATION = "InvalidInputException: Insufficient Lake Formation permission(s) on s3://onemata-example-data"
LAKE_FORMATION_RUN = "User is not authorized to perform: lakeformation:GetDataAccess on resource: *"
INTERNAL = "Internal Service Exception"
NOT_READ = (
    "[2c8d] ERROR : Error Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: "
    "7RX0) retrieving file at s3://onemata-example-data/x. Tables created did not infer schemas from this file."
)
UNKNOWN = "InvalidInputException: The sky is too low"

SEEN = {
    TRUST: ("failed", "its trust policy lets in glue.amazonaws.com"),
    TRUST_BEFORE: ("failed", "its trust policy lets in glue.amazonaws.com"),
    NO_STS: ("failed", "the client's admin activates STS"),
    NO_BUCKET: ("failed", "the engineer corrects bucket"),
    DISABLED: (UNSEEN, "the engineer reads AWS's message"),
    LAKE_FORMATION: (UNSEEN, "the client's Lake Formation administrator"),
    LAKE_FORMATION_RUN: (UNSEEN, "the client's Lake Formation administrator"),
    INTERNAL: (UNSEEN, "the engineer reads the crawler's log"),
    UNKNOWN: (UNSEEN, "the engineer reads AWS's message"),
}
BY_S3 = (DENIED, FORBIDDEN, DENIED_ANEW, NOT_READ)


@pytest.mark.parametrize("said", SEEN)
def test_what_aws_says_has_its_meaning_and_somebody_who_acts(said: str) -> None:
    result, who = SEEN[said]
    refused, failed = Ended(made=False, said=said), Ended(made=True, status="FAILED", said=said)
    for verdict in (READER.seeing(refused, PLACE), READER.reading(refused, PLACE), READER.reading(failed, PLACE)):
        assert verdict.result == result
        assert who in verdict.who
        assert said in verdict.check("x", said).evidence
    assert not refused_by_s3(refused)
    assert READER.refusal(refused, PLACE).result == UNSEEN


@pytest.mark.parametrize("said", BY_S3)
def test_only_a_refusal_by_s3_proves_that_access_is_refused(said: str) -> None:
    for ended in (Ended(made=False, said=said), Ended(made=True, status="FAILED", said=said)):
        assert refused_by_s3(ended)
        assert READER.refusal(ended, PLACE).result == "proven"


def test_what_was_read_was_not_refused_whatever_the_log_says() -> None:
    ended = Ended(made=True, status="SUCCEEDED", said=NOT_READ, tables={"one": (), "two": ("col0",)})
    assert READER.reading(ended, PLACE).result == "proven"
    assert READER.refusal(ended, PLACE).result == "failed"
    assert not refused_by_s3(ended)


def test_succeeded_is_no_proof_without_a_table_with_columns() -> None:
    for tables in ({}, {"one": ()}):
        ended = Ended(made=True, status="SUCCEEDED", tables=tables)
        assert READER.reading(ended, PLACE).result == UNSEEN
        assert READER.refusal(ended, PLACE).result == UNSEEN


def test_what_may_pass_is_waited_for_and_nothing_else() -> None:
    passing = {TRUST, TRUST_BEFORE, NO_STS, *BY_S3}
    assert {each for each in (*SEEN, *BY_S3) if perhaps_not_yet(each)} == passing


@given(st.sampled_from(["", "RUNNING", "STOPPING", "READY", "FAILED", "CANCELLED", "ALL"]), st.booleans(), st.text())
def test_nothing_but_a_crawl_that_succeeded_is_proof_of_reading(status: str, made: bool, said: str) -> None:
    tables = {"one": ("col0",)}
    assert READER.reading(Ended(made, status, said, tables), PLACE).result != "proven"


@given(st.sampled_from(["", "RUNNING", "READY", "FAILED", "SUCCEEDED", "CANCELLED"]), st.booleans(), st.text())
def test_nothing_but_a_refusal_by_s3_is_proof_of_refusal(status: str, made: bool, said: str) -> None:
    assert READER.refusal(Ended(made, status, said), PLACE).result != "proven"
