"""What AWS says, word for word as it was seen, and what that proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import sandbox
from onemata_helpers.location import Location
from onemata_helpers.resources.data_api import Ended
from onemata_helpers.services.copy_statement import CopyStatement
from onemata_helpers.services.copy_verdict import Reader, perhaps_not_yet, refused_by_s3

PLACE = Location(sandbox.BUCKET, "example-client/_onemata/probe.csv")
ROLE = "arn:aws:iam::012345670123:role/onemata-redshift"
USER = "arn:aws:redshift:us-east-1:012345670123:dbuser:analytics/loader"
READER = Reader("cluster analytics", CopyStatement((ROLE,)), "loader", USER)
CHAINED = Reader("cluster analytics", CopyStatement((ROLE, sandbox.ONEMATA_ROLE_ARN)), "loader", USER)

NOT_ASSUMABLE = (
    f"ERROR: User {USER} is not authorized to assume IAM Role {ROLE}\n  Detail: \n  "
    "-----------------------------------------------\n  error:  User is not authorized\n  code:      8001\n  "
    f"context:   IAM Role={ROLE}\n  query:     0\n  location:  xen_aws_credentials_mgr.cpp:402\n"
)
NO_CREDENTIALS = f"ERROR: Not authorized to get credentials of role {ROLE}\n  Detail: \n  code: 30000"
UNAUTHORIZED = "ERROR: exception name : UnauthorizedException, error type : 135, message: The requested role is not"
REVOKED = f'ERROR: User loader does not have ASSUMEROLE permission on IAM role "{ROLE}" for COPY'
S3_DENIED = (
    "ERROR: S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 7RX0YQ2ZT8,CanRetry 1\n  Detail: \n  "
    "code: 8001\n  context: S3 key being read : s3://onemata-example-data/x"
)
S3_DENIED_AT_LENGTH = (
    "ERROR: S3ServiceException:User: arn:aws:sts::012345670123:assumed-role/onemata-redshift/RedshiftIamRoleSession is "
    "not authorized to perform: s3:ListBucket on resource because no resource-based policy allows the s3:ListBucket "
    "action,Status 403,Error AccessDenied,Rid 7RX0YQ2ZT8,ExtRid x,CanRetry 1"
)
NO_PREFIX = "ERROR: The specified S3 prefix 'example-client/_onemata/probe.csv' does not exist\n  Detail: \n code: 8001"
NO_KEY = "ERROR: S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,Rid 7R,CanRetry 1"
NOT_PARSED = "ERROR: Load into table 'onemata_probe' failed.  Check 'stl_load_errors' system table for details."
NOT_PARSED_SERVERLESS = (
    "ERROR: Load into table 'onemata_probe' failed. Check 'sys_load_error_detail' system table for details."
)
OTHER_REGION = (
    "ERROR: S3ServiceException:The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint.,Status 301,Error PermanentRedirect,Rid 7RX,CanRetry 1"
)
NO_DATABASE = 'ERROR: FATAL: database "nowhere" does not exist'
NOT_PERMITTED = "ERROR: permission denied for schema pg_temp"
EXPIRED = "ERROR: S3ServiceException:The provided token has expired.,Status 400,Error ExpiredToken,Rid 7RX,CanRetry 1"
MANIFEST = "ERROR: COPY with MANIFEST parameter requires full path of an S3 object"
SYNTAX = 'ERROR: syntax error at or near "NOLOAD"'

SEEN = {
    NOT_ASSUMABLE: ("failed", "the client's admin", "not provable from here"),
    NO_CREDENTIALS: ("failed", "the client's admin", "not provable from here"),
    UNAUTHORIZED: ("failed", "the client's admin", "not provable from here"),
    REVOKED: (
        "not provable from here",
        f"GRANT ASSUMEROLE ON '{ROLE}' TO \"loader\" FOR COPY;",
        "not provable from here",
    ),
    NO_PREFIX: ("not provable from here", "Onemata puts the probe object", "failed"),
    NO_KEY: ("not provable from here", "Onemata puts the probe object", "failed"),
    NOT_PARSED: ("proven", "", "failed"),
    NOT_PARSED_SERVERLESS: ("proven", "", "failed"),
    OTHER_REGION: ("failed", "the engineer sets bucket_region", "not provable from here"),
    NO_DATABASE: ("not provable from here", "the engineer corrects database", "not provable from here"),
    NOT_PERMITTED: ("not provable from here", "the engineer corrects database", "not provable from here"),
    EXPIRED: ("not provable from here", "the engineer reads AWS's message", "not provable from here"),
    MANIFEST: ("not provable from here", "the engineer reads AWS's message", "not provable from here"),
    SYNTAX: ("not provable from here", "the engineer reads AWS's message", "not provable from here"),
}


@pytest.mark.parametrize("said", SEEN)
def test_what_aws_says_has_its_meaning_and_somebody_who_acts(said: str) -> None:
    result, who, of_refusal = SEEN[said]
    ended = Ended("FAILED", said)
    assert not refused_by_s3(ended)
    verdict = READER.reading(ended, PLACE)
    assert verdict.result == result
    assert who in verdict.who
    assert verdict.check("x", said).evidence.count("ERROR:") == 1
    assert READER.refusal(ended, PLACE).result == of_refusal


@pytest.mark.parametrize("said", [S3_DENIED, S3_DENIED_AT_LENGTH])
def test_only_a_refusal_by_s3_proves_that_access_is_refused(said: str) -> None:
    ended = Ended("FAILED", said)
    assert refused_by_s3(ended)
    assert READER.refusal(ended, PLACE).result == "proven"
    assert not refused_by_s3(Ended("FINISHED", ""))
    assert READER.refusal(Ended("FINISHED", ""), PLACE).result == "failed"


def test_what_may_pass_is_waited_for_and_nothing_else() -> None:
    passing = {NOT_ASSUMABLE, NO_CREDENTIALS, UNAUTHORIZED, S3_DENIED, S3_DENIED_AT_LENGTH}
    assert {each for each in [*SEEN, *passing] if perhaps_not_yet(Ended("FAILED", each))} == passing


def test_in_a_chain_onemata_acts_too() -> None:
    verdict = CHAINED.reading(Ended("FAILED", NOT_ASSUMABLE), PLACE)
    assert "the client's admin checks" in verdict.who
    assert f"Onemata checks that its role trusts {ROLE}" in verdict.who
    assert USER in verdict.who


@given(st.sampled_from(["SUBMITTED", "PICKED", "STARTED", "FAILED", "ABORTED", "ALL", ""]), st.text())
def test_nothing_but_an_end_in_order_or_a_known_text_is_proof(status: str, said: str) -> None:
    assert READER.reading(Ended(status, said), PLACE).result != "proven"
    assert READER.refusal(Ended(status, said), PLACE).result != "proven"


@pytest.mark.parametrize("said", [*SEEN, S3_DENIED])
@pytest.mark.parametrize("status", ["SUBMITTED", "STARTED", "ABORTED", "FINISHED"])
def test_a_known_text_counts_only_for_a_statement_that_failed(status: str, said: str) -> None:
    assert READER.reading(Ended(status, said), PLACE).result == "not provable from here"
    assert READER.refusal(Ended(status, said), PLACE).result != "proven"
