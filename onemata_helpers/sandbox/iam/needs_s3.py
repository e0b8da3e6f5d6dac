"""What calls of S3 need.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html (If-Match asks for s3:GetObject, too)
"""

from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket, s3_backends

from ..wire.incoming_call import IncomingCall
from .need import Need
from .policy_engine import Request, ResourceSide
from .shared_policy import concerning

_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}
_CONDITIONS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}


def s3_needs(call: IncomingCall) -> list[Need]:
    """The right on the bucket or its objects. The bucket's policy and its owner have a say."""
    name = call.get("Bucket", "")
    bucket = find_bucket(name)
    owner = _side(bucket, call) if bucket else None
    action = f"s3:{_ACTIONS.get(call.operation, call.operation)}"
    context = {
        key: (str(call.get(parameter)),) for parameter, key in _CONDITIONS.items() if call.get(parameter) is not None
    }
    actions = (action, "s3:GetObject") if call.get("IfMatch") else (action,)
    needs = [Need(Request(each, arn, context), owner) for arn in _resources(call, name) for each in actions]
    return needs + _copy_source(call) + _decryption(call, bucket)


def _decryption(call: IncomingCall, bucket: FakeBucket | None) -> list[Need]:
    """To get an object that a KMS key encrypts, the key's policy and the caller's must both allow it.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
    """
    found = bucket.keys.get(call.get("Key", "")) if bucket and call.operation == "GetObject" else None
    arn: str | None = getattr(found, "kms_key_id", None)  # a delete marker has none
    if not arn:
        return []
    region, account, name = arn.split(":")[3:6]
    key = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    side = ResourceSide(account, concerning(call.account, key.policy) if key else None, must_allow=True)
    return [Need(Request("kms:Decrypt", arn, {"kms:ViaService": (f"s3.{region}.amazonaws.com",)}), side)]


def find_bucket(name: str) -> FakeBucket | None:
    """The bucket of this name, whoever owns it."""
    if name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].buckets.get(name)


def _side(bucket: FakeBucket, call: IncomingCall) -> ResourceSide:
    return ResourceSide(bucket.account_id, concerning(call.account, bucket.policy) if bucket.policy else None)


def _resources(call: IncomingCall, bucket: str) -> list[str]:
    if not bucket:
        return ["*"]
    arn = f"arn:aws:s3:::{bucket}"
    if call.operation == "DeleteObjects":
        return [f"{arn}/{one['Key']}" for one in call.get("Delete.Objects", [])]
    key = call.get("Key")
    return [f"{arn}/{key}" if key else arn]


def _copy_source(call: IncomingCall) -> list[Need]:
    source = str(call.get("CopySource", "")).lstrip("/")
    if not source:
        return []
    bucket = find_bucket(source.partition("/")[0])
    request = Request("s3:GetObject", f"arn:aws:s3:::{source}")
    return [Need(request, _side(bucket, call) if bucket else None)]
