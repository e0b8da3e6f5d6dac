"""Who can read Onemata's buckets: S3 across accounts."""

import json
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.policies import document
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import Actor, allow, refused, role, trusting, user

BUCKET = f"arn:aws:s3:::{sandbox.BUCKET}"
OBJECT = f"{sandbox.PREFIX}2021-02-10/part-0000.csv"
OUTSIDE = next(key for key in world.OBJECTS if not key.startswith(sandbox.PREFIX))
READER = "onemata-redshift"
TESTER = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/tester"
ALL = allow("s3:*")


def reader(box: Sandbox, *statements: dict[str, Any], name: str = READER) -> Actor:
    """A session of a role of the client's."""
    assumer = user(box, allow("sts:AssumeRole"))
    return assumer.assume(role(box, name, trusting(TESTER), *statements))


def listed(actor: Actor, **more: Any) -> list[str]:
    answer = actor.client("s3").list_objects_v2(Bucket=sandbox.BUCKET, **more)
    return [entry["Key"] for entry in answer["Contents"]]


def test_a_role_that_the_bucket_policy_grants(box: Sandbox) -> None:
    actor = reader(box, ALL)
    assert OBJECT in listed(actor, Prefix=sandbox.PREFIX)
    s3 = actor.client("s3")
    s3.get_bucket_location(Bucket=sandbox.BUCKET)
    assert s3.get_object(Bucket=sandbox.BUCKET, Key=OBJECT)["Body"].read() == world.OBJECTS[OBJECT]


def test_neither_more_than_the_prefix_nor_writing(box: Sandbox) -> None:
    s3 = reader(box, ALL).client("s3")
    bucket = {"Bucket": sandbox.BUCKET}
    reason = "because no resource-based policy allows the s3:ListBucket action"
    code, message = refused(s3.list_objects_v2, **bucket)
    assert code == "AccessDenied"
    assert reason in message
    assert refused(s3.list_objects_v2, **bucket, Prefix="another")[0] == "AccessDenied"
    assert refused(s3.get_object, **bucket, Key=OUTSIDE)[0] == "AccessDenied"
    assert refused(s3.put_object, **bucket, Key=OBJECT, Body=b"")[0] == "AccessDenied"
    assert refused(s3.delete_object, **bucket, Key=OBJECT)[0] == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=sandbox.OTHER_BUCKET)[0] == "AccessDenied"


def test_the_callers_own_permission_is_needed_too(box: Sandbox) -> None:
    s3 = reader(box, allow("s3:GetObject", on=f"{BUCKET}/*")).client("s3")
    s3.get_object(Bucket=sandbox.BUCKET, Key=OBJECT)
    code, message = refused(s3.list_objects_v2, Bucket=sandbox.BUCKET, Prefix=sandbox.PREFIX)
    assert code == "AccessDenied"
    assert "because no identity-based policy allows the s3:ListBucket action" in message


def test_a_role_of_another_name_is_not_granted(box: Sandbox) -> None:
    s3 = reader(box, ALL, name="somebody-else").client("s3")
    assert refused(s3.get_object, Bucket=sandbox.BUCKET, Key=OBJECT)[0] == "AccessDenied"


def test_without_the_bucket_policy_nobody_is_granted(box: Sandbox) -> None:
    s3 = reader(box, ALL).client("s3")
    box.client("s3", sandbox.ONEMATA_ACCOUNT).delete_bucket_policy(Bucket=sandbox.BUCKET)
    assert refused(s3.get_object, Bucket=sandbox.BUCKET, Key=OBJECT)[0] == "AccessDenied"


def test_all_rights_in_ones_own_account_open_no_other(box: Sandbox) -> None:
    arguments = {"Bucket": sandbox.BUCKET, "Key": OBJECT}
    assert refused(box.client("s3").get_object, **arguments)[0] == "AccessDenied"


def test_the_identity_policy_can_be_limited_to_a_prefix(box: Sandbox) -> None:
    rights = allow("s3:ListBucket", on=BUCKET, StringLike={"s3:prefix": [f"{sandbox.PREFIX}*"]})
    actor = reader(box, rights)
    assert OBJECT in listed(actor, Prefix=f"{sandbox.PREFIX}2021")
    s3 = actor.client("s3")
    assert refused(s3.list_objects_v2, Bucket=sandbox.BUCKET, Prefix="example")[0] == "AccessDenied"


def test_head_bucket_tells_the_region_even_when_it_refuses(box: Sandbox) -> None:
    s3 = user(box).client("s3")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.head_bucket(Bucket=sandbox.BUCKET)
    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 403
    assert metadata["HTTPHeaders"]["x-amz-bucket-region"] == sandbox.REGION


def test_the_expected_owner(box: Sandbox) -> None:
    s3 = reader(box, ALL).client("s3")
    arguments = {"Bucket": sandbox.BUCKET, "Key": OBJECT}
    s3.get_object(**arguments, ExpectedBucketOwner=sandbox.ONEMATA_ACCOUNT)
    other = {"ExpectedBucketOwner": sandbox.CLIENT_ACCOUNT}
    assert refused(s3.get_object, **arguments, **other)[0] == "AccessDenied"


def test_a_bucket_that_is_not_there(box: Sandbox) -> None:
    assert refused(box.client("s3").list_objects_v2, Bucket="not-there")[0] == "NoSuchBucket"


def test_copying_is_reading_too(box: Sandbox) -> None:
    box.client("s3").create_bucket(Bucket="clients-own")
    arguments = {"Bucket": "clients-own", "Key": "k"}
    source = {"Bucket": sandbox.BUCKET, "Key": OUTSIDE}
    code, message = refused(box.client("s3").copy_object, **arguments, CopySource=source)
    assert code == "AccessDenied"
    assert "s3:GetObject" in message


def test_a_bucket_policy_names_only_principals_that_are_there(box: Sandbox) -> None:
    s3 = box.client("s3", sandbox.ONEMATA_ACCOUNT)
    arn = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{READER}"
    grant = allow("s3:GetObject", on=f"{BUCKET}/*") | {"Principal": {"AWS": arn}}
    arguments = {"Bucket": sandbox.BUCKET, "Policy": json.dumps(document(grant))}
    assert refused(s3.put_bucket_policy, **arguments) == (
        "MalformedPolicy",
        "Invalid principal in policy",
    )
    actor = reader(box, ALL)
    s3.put_bucket_policy(**arguments)
    actor.client("s3").get_object(Bucket=sandbox.BUCKET, Key=OUTSIDE)
    assert refused(s3.put_bucket_policy, Bucket=sandbox.BUCKET, Policy="no JSON")[0] == ("MalformedPolicy")
