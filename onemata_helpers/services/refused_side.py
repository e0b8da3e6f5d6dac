"""Which side refuses where S3 refuses a role or user: the client's policies can be simulated, Onemata's cannot."""

from __future__ import annotations

from ..errors import OnemataError
from ..location import Location
from ..refusal import as_refusal
from ..resources.simulation import allows
from ..session import Aws
from .verdict import Verdict

ONEMATA_LOOKS = "Onemata looks at its bucket policy, and at its key policy if the objects are encrypted with a KMS key"


_CLIENT_ADDS = "the client's admin adds the permission, or looks for a deny (permissions boundary, organization)"
_PERHAPS_OURS = (
    "the engineer runs it again with action: apply if the role is ours; else, or if it stays, " + _CLIENT_ADDS
)


def refused_side(aws: Aws, reader_arn: str, place: Location, kms_key_arn: str, *, ours: bool = True) -> Verdict:
    """The verdict on a role or user of the client's that S3 refuses to list or give the object `place`.

    `ours` says whether the role may be one that a runbook makes.
    """
    try:
        with as_refusal("iam:SimulatePrincipalPolicy", aws.where):
            missing = _missing(aws, reader_arn, place, kms_key_arn)
    except OnemataError as error:
        client = f"the client's admin checks that the policies of {reader_arn} allow to read {place.uri}"
        who = f"{client}; {ONEMATA_LOOKS}"
        return Verdict("failed", f"S3 refuses {reader_arn}. Which side does cannot be seen: {error}", who)
    if missing:
        who = _PERHAPS_OURS if ours else _CLIENT_ADDS
        return Verdict("failed", f"The policies of {reader_arn} do not allow {' and '.join(missing)}.", who)
    key = "" if kms_key_arn else ". If there is such a key, it names it for kms_key_arn"
    return Verdict("failed", f"S3 refuses {reader_arn}, though its own policies allow it.", f"{ONEMATA_LOOKS}{key}")


def _missing(aws: Aws, reader_arn: str, place: Location, kms_key_arn: str) -> list[str]:
    """The actions that reading needs and the reader's own policies do not allow."""
    partition = aws.identity.partition
    bucket = place.bucket_arn(partition)
    held = {
        "s3:ListBucket": allows(aws, reader_arn, "s3:ListBucket", bucket, s3__prefix=place.prefix),
        "s3:GetObject": allows(aws, reader_arn, "s3:GetObject", f"{bucket}/{place.prefix}"),
    }
    if kms_key_arn:
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        via = f"s3.{kms_key_arn.split(':')[3]}.{domain}"
        held["kms:Decrypt"] = allows(aws, reader_arn, "kms:Decrypt", kms_key_arn, kms__ViaService=via)
    return [action for action, allowed in held.items() if not allowed]
