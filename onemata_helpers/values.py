"""The kinds of values that parameters have, each with the sentence that says what is due.

Names and lengths: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any

import boto3
from pydantic import AfterValidator, BeforeValidator, ValidationInfo

_PLACEHOLDERS = ("111111111111", "ROLENAME", "DOC-EXAMPLE-BUCKET", "AROAEXAMPLEID")
PARTITION = "aws|aws-cn|aws-us-gov"


def _text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError("this is text: put it in quotes")
    if isinstance(value, str):
        for placeholder in _PLACEHOLDERS:
            if placeholder in value:
                raise ValueError(f"{placeholder} is a placeholder of the guide: put the real value in its place")
    return value


def _account_id(value: Any) -> Any:
    if isinstance(value, (int, float)):
        raise ValueError(
            "an account id must be quoted: YAML reads it as a number, drops leading zeros, and takes one that starts "
            "with 0 for octal. Copy it from the AWS console, and put it in quotes"
        )
    return _text(value)


def matches(pattern: str, due: str) -> AfterValidator:
    """A validator: the whole text fits the pattern (ASCII), or is empty; else `due` is said."""

    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(due)
        return value

    return AfterValidator(check)


def _filled(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Filled = AfterValidator(_filled)
AccountId = Annotated[
    str, BeforeValidator(_account_id), matches(r"\d{12}", "an AWS account id has exactly 12 digits"), Filled
]
RoleArn = Annotated[
    Text,
    matches(
        rf"arn:({PARTITION}):iam::\d{{12}}:role/([!-~]+/)?[\w+=,.@-]{{1,64}}",
        "the ARN of an IAM role is due, like arn:aws:iam::<12 digits>:role/<name>",
    ),
]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
OptionalBucket = Annotated[
    Text,
    matches(
        r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "a bucket's name alone is due: 3 to 63 small letters, digits, '.' and '-', no s3:// before it",
    ),
]
QueryPrincipalArn = Annotated[
    Text,
    matches(
        rf"arn:({PARTITION}):iam::\d{{12}}:(user|role)/[!-~]+",
        "the ARN of an IAM user or role is due (of a role, not of a session: arn:aws:iam::…:role/…)",
    ),
    Filled,
]
PolicyHolderArn = Annotated[
    Text,
    matches(
        rf"arn:({PARTITION}):iam::\d{{12}}:(user|group|role)/[!-~]+",
        "the ARN of an IAM user, group or role is due (of a role, not of a session: arn:aws:iam::…:role/…)",
    ),
    Filled,
]
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (names and their lengths)
RoleName = Annotated[
    Text, matches(r"[\w+=,.@-]{1,64}", "a role name has 1 to 64 letters, digits or any of _+=,.@-"), Filled
]
ProfileName = Annotated[Text, matches(r"[\w+=,.@-]{1,128}", "1 to 128 letters, digits or any of _+=,.@-")]


@cache
def partition_of(region: str) -> str | None:
    """`aws`, `aws-cn` or `aws-us-gov`; None for a region that is in none of them."""
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        return None
    session = boto3.Session()
    for partition in PARTITION.split("|"):
        if region in session.get_available_regions("sts", partition):
            return partition
    return None


def same_partition(arn: str, info: ValidationInfo) -> None:
    """Raise ValueError if an ARN is of another partition than the region among the values so far."""
    region = info.data.get("region")
    partition = partition_of(region) if region else None
    if partition and arn.split(":")[1] != partition:
        raise ValueError(f"partition {arn.split(':')[1]} is not that of region {region}, {partition}")
