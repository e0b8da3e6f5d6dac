"""S3 where moto is kinder than AWS: checks that come before moto's own."""

import json

from ..iam.needs_s3 import find_bucket
from ..iam.principals import invalid_principal
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall


def check(call: IncomingCall) -> None:
    """Raise S3's error for a call that moto would let pass."""
    _check_owner(call)
    if call.operation == "PutBucketPolicy":
        _check_policy(call.get("Policy", ""))


def _check_owner(call: IncomingCall) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html"""
    bucket, expected = find_bucket(call.get("Bucket", "")), call.get("ExpectedBucketOwner")
    if bucket and expected and expected != bucket.account_id:
        raise AwsError("AccessDenied", "Access Denied", 403)


def _check_policy(text: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-principal-intro.html"""
    try:
        problem = invalid_principal(json.loads(text))
    except (ValueError, KeyError) as error:
        raise AwsError("MalformedPolicy", "Policies must be valid JSON.") from error
    if problem:
        raise AwsError("MalformedPolicy", "Invalid principal in policy")
