"""Conditional writes of S3, as strict as AWS has them."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.aws.conditional_writes import OneWriteAtATime
from onemata_helpers.sandbox.aws.own_services import CALL
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.errors import AwsError
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from tests.sandbox.actors import allow, refused, user

ONE = {"Bucket": "theirs", "Key": "one"}


@pytest.fixture(params=[False, True], ids=["plain", "with versions"])
def s3(box: Sandbox, request: pytest.FixtureRequest) -> Any:
    s3 = box.client("s3")
    s3.create_bucket(Bucket="theirs")
    if request.param:
        s3.put_bucket_versioning(Bucket="theirs", VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_what_is_not_as_the_condition_says_is_refused(s3: Any) -> None:
    assert refused(s3.put_object, **ONE, IfMatch='"abc"')[0] == "NoSuchKey"
    first = s3.put_object(**ONE, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **ONE, Body=b"2", IfNoneMatch="*")[0] == "PreconditionFailed"
    second = s3.put_object(**ONE, Body=b"2", IfMatch=first)["ETag"]
    assert refused(s3.put_object, **ONE, Body=b"3", IfMatch=first)[0] == "PreconditionFailed"
    assert refused(s3.put_object, **ONE, IfMatch=second, IfNoneMatch="*")[0] == "NotImplemented"
    assert refused(s3.put_object, **ONE, IfNoneMatch=second)[0] == "NotImplemented"
    assert refused(s3.copy_object, **ONE, CopySource="theirs/one", IfNoneMatch="*")[0] == "PreconditionFailed"
    assert s3.get_object(**ONE)["Body"].read() == b"2"
    assert refused(s3.delete_object, **ONE, IfMatch=first)[0] == "PreconditionFailed"
    s3.delete_object(**ONE, IfMatch="*")
    assert refused(s3.delete_object, **ONE, IfMatch="*")[0] == "NoSuchKey"
    assert refused(s3.put_object, **ONE, IfMatch=second)[0] == "NoSuchKey"
    s3.put_object(**ONE, IfNoneMatch="*")


def test_to_compare_an_object_the_right_to_read_it_is_needed(box: Sandbox, s3: Any) -> None:
    etag = s3.put_object(**ONE)["ETag"]
    writer = user(box, allow("s3:PutObject")).client("s3")
    assert refused(writer.put_object, **ONE, IfMatch=etag)[0] == "AccessDenied"
    writer.put_object(**ONE)


def test_a_condition_cannot_be_told_while_another_write_is_under_way(box: Sandbox) -> None:
    found: list[str] = []

    def put(key: str, **condition: str) -> None:
        params = {"Bucket": sandbox.BUCKET, "Key": key, **condition}
        environ = {CALL: IncomingCall("s3", "PutObject", params, sandbox.ONEMATA_ACCOUNT, sandbox.REGION)}
        try:
            gate(environ, None)
        except AwsError as error:
            found.append(error.code)

    def while_one_is_written(environ: dict[str, Any], _: object) -> list[bytes]:
        if environ[CALL].get("Key") == "one" and not found:
            found.append("under way")
            put("one", IfNoneMatch="*")
            put("another", IfNoneMatch="*")
            put("one")
        return []

    gate = OneWriteAtATime(while_one_is_written)
    put("one", IfNoneMatch="*")
    put("one", IfNoneMatch="*")
    assert found == ["under way", "ConditionalRequestConflict"]
