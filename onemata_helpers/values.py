"""The kinds of values that parameters have, each with the sentence that says what it must be.

All are text of IAM's own plain characters, ASCII letters and digits and `_+=,.@:/-`, narrowed for each kind. None of
these acts in a shell, in SQL, in a policy, in the AWS CLI's configuration, in HTML or on a terminal, so a value that
has passed is the same wherever it is written. Only texts that never leave our side of AWS may hold more: tags, the
name of our own AWS profile, who approved a plan, and the path of the record.

Names and lengths: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any

from botocore.regions import EndpointResolver
from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from .raw_value import Unquoted, is_a, kind_of
from .redaction import looks_like_credential
from .service_descriptions import descriptions
from .text import is_plain

_PLACEHOLDERS = ("111111111111", "ROLENAME", "DOC-EXAMPLE-BUCKET", "AROAEXAMPLEID")
_LONGEST = 2048
PARTITION = "aws|aws-cn|aws-us-gov"
# IAM's names may hold a comma as well, but Redshift splits IAM_ROLE there, and tags cannot hold one.
_NAME = "A-Za-z0-9_+=.@-"
_SEGMENTS = rf"(?:[{_NAME}]+/)*"


def matches(pattern: str, must: str) -> AfterValidator:
    """A validator: the whole text fits the pattern, or is empty; else it says what the text `must` be."""
    form = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if value and not form.fullmatch(value):
            raise ValueError(must)
        return value

    return AfterValidator(check)


def _text(value: Any) -> Any:
    """Text that hides nothing; YAML's and Python's nothing is the empty text. Raises ValueError for all else."""
    if value is None:
        return ""
    if is_a(value, int, float, Unquoted):
        raise ValueError(f"must be text in quotes: without them it is {kind_of(value)}")
    if not is_a(value, str):
        raise ValueError(f"must be text, not {kind_of(value)}")
    if len(value) > _LONGEST:
        raise ValueError(f"must be at most {_LONGEST} characters long, not {len(value)}")
    if not is_plain(value):
        raise ValueError("must be of characters that can be seen, in one line")
    return _real(value)


def _real(value: str) -> str:
    if looks_like_credential(value):
        raise ValueError("must not be a credential, as this seems to be: credentials are never parameters")
    for placeholder in _PLACEHOLDERS:
        if placeholder in value:
            raise ValueError(f"must be the real value: {placeholder} is a placeholder of the guide")
    return value


def _account_id(value: Any) -> Any:
    if is_a(value, int, float, Unquoted) and not is_a(value, bool):
        raise ValueError(
            "must be quoted: without quotes it is a number, which loses leading zeros, and one that starts "
            "with 0 is taken for octal. Copy it from the AWS console, and put it in quotes"
        )
    return _text(value)


def _filled(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _not_default(value: str) -> str:
    if value.lower() == "default":
        raise ValueError("must not be default, which AWS keeps for itself")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Filled = AfterValidator(_filled)
NotDefault = AfterValidator(_not_default)


def _arn(kinds: Sequence[str], account: str, longest: int, must: str) -> AfterValidator:
    """A validator: the text is an IAM ARN, its path of the same plain characters as its name: no wildcard, no `${...}`.

    A path has up to 512 characters; its first `/` stands with the kind.
    """
    kind = "|".join(kinds)
    path = rf"(?![^:]{{511,}}/){_SEGMENTS}"
    return matches(rf"arn:(?:{PARTITION}):iam::{account}:(?:{kind})/{path}[{_NAME}]{{1,{longest}}}", must)


AccountId = Annotated[
    str, BeforeValidator(_account_id), matches(r"\d{12}", "must be an AWS account id: exactly 12 digits"), Filled
]
RoleArn = Annotated[
    Text, _arn(("role",), r"\d{12}", 64, "must be the ARN of an IAM role, like arn:aws:iam::<12 digits>:role/<name>")
]
PolicyArn = Annotated[
    Text,
    _arn(
        ("policy",),
        r"(?:\d{12}|aws)",
        128,
        "must be the ARN of an IAM policy, like arn:aws:iam::<12 digits>:policy/<name>",
    ),
]
_NO_SESSION = "(of a role, not of a session), like arn:aws:iam::<12 digits>:role/<name>"
QueryPrincipalArn = Annotated[
    Text, _arn(("user", "role"), r"\d{12}", 64, f"must be the ARN of an IAM user or role {_NO_SESSION}"), Filled
]
PolicyHolderArn = Annotated[
    Text,
    _arn(("user", "group", "role"), r"\d{12}", 128, f"must be the ARN of an IAM user, group or role {_NO_SESSION}"),
    Filled,
]
RoleName = Annotated[Text, matches(rf"[{_NAME}]{{1,64}}", "must be 1 to 64 letters, digits or any of _+=.@-"), Filled]
InstanceProfileName = Annotated[
    Text, matches(rf"[{_NAME}]{{1,128}}", "must be up to 128 letters, digits or any of _+=.@-")
]
IamPath = Annotated[
    Text,
    matches(
        rf"(?!.{{513}})/{_SEGMENTS}",
        "must be a path that begins and ends with '/', of letters, digits and any of _+=.@- between, "
        "at most 512 characters",
    ),
    Filled,
]
ExternalId = Annotated[
    Text, matches(r"[A-Za-z0-9_+=,.@:/-]{2,1224}", "must be 2 to 1224 letters, digits or any of _+=,.@:/-")
]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
OptionalBucket = Annotated[
    Text,
    matches(
        r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "must be a bucket's name alone, with no s3:// before it: 3 to 63 small letters, digits, '.' and '-'",
    ),
]
# With `//` at its end it would be less than the folder that policies name. A key has 1,024 bytes in all:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
Prefix = Annotated[
    Text,
    matches(
        r"(?!.*//)[A-Za-z0-9_+=,.@:-][A-Za-z0-9_+=,.@:/-]{0,899}",
        "must be up to 900 letters, digits or any of _+=,.@:/-, with no leading '/', no '//', no spaces, no wildcards",
    ),
]
# An object, not a folder.
ObjectKey = Annotated[
    Text,
    matches(
        r"(?!.*//)(?!.*/$)[A-Za-z0-9_+=,.@:-][A-Za-z0-9_+=,.@:/-]{0,999}",
        "must be the key of one object: up to 1,000 letters, digits or any of _+=,.@:/-, no '/' first or last, no '//'",
    ),
]
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (the secrets that Redshift keeps
# itself have a `!` in their names)
SecretArn = Annotated[
    Text,
    matches(
        rf"arn:(?:{PARTITION}):secretsmanager:[a-z0-9-]{{1,32}}:\d{{12}}:secret:[A-Za-z0-9/_+=.@!-]{{1,519}}",
        "must be the ARN of a secret, like arn:aws:secretsmanager:us-east-1:<12 digits>:secret:<name>-<6 characters>",
    ),
]
KmsKeyArn = Annotated[
    Text,
    matches(
        rf"arn:(?:{PARTITION}):kms:[a-z0-9-]{{1,32}}:\d{{12}}:key/[A-Za-z0-9_-]{{1,128}}",
        "must be the ARN of a KMS key, like arn:aws:kms:us-east-1:<12 digits>:key/<id>",
    ),
]
# A profile of our own machine's ~/.aws/config goes to boto3 alone, and may be written in any language.
OwnProfile = Annotated[
    Text,
    AfterValidator(lambda value: _any_language(value, 128, "letters, digits, spaces and any of _.:/=+@,-", ",")),
]
# Who approved a plan, and where that can be read: a ticket, a mail or a call. Both go into the record and nowhere else.
Approver = Annotated[
    Text,
    AfterValidator(lambda value: _any_language(value, 128, "letters, digits, spaces and any of _.:/=+@,'()-", ",'()")),
]
Reference = Annotated[
    Text,
    AfterValidator(
        lambda value: _any_language(value, 256, "letters, digits, spaces and any of _.:/=+@,'()#?&%-", ",'()#?&%")
    ),
]
Digest = Annotated[Text, matches(r"[0-9a-f]{20}", "must be the digest under a plan: 20 hexadecimal digits")]
UtcTime = Annotated[
    Text,
    matches(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00",
        "must be a time in UTC as the records have it, like 2026-01-31T12:00:00.000+00:00",
    ),
]
RecordFile = Annotated[
    Text,
    matches(
        r"(?s)(?!s3:).{1,1000}\.json", "must be the path of a file here that ends in .json, at most 1,000 characters"
    ),
]
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
TagKey = Annotated[Text, AfterValidator(lambda key: _tag(key, 128, ("aws:", "onemata:"))), Filled]
TagValue = Annotated[Text, AfterValidator(lambda value: _tag(value, 256, ("aws:",)))]


def _any_language(value: str, longest: int, must: str, more: str = "") -> str:
    if not re.fullmatch(rf"[\w .:/=+@{more}-]{{0,{longest}}}", value) or value != value.strip():
        raise ValueError(f"must be at most {longest} {must}, with no space at either end")
    return value


def _tag(value: str, longest: int, reserved: tuple[str, ...]) -> str:
    if value.lower().startswith(reserved):
        raise ValueError(f"must not begin with {' or '.join(reserved)}, which is reserved")
    return _any_language(value, longest, "letters, digits, spaces and any of _.:/=+@-")


def each_once(values: list[str], identity: Callable[[str], str] = str.lower) -> list[str]:
    """The same list. Raises ValueError if it names a thing twice; `identity` says by what two are the same."""
    seen: dict[str, str] = {}
    for value in values:
        same = identity(value)
        if same in seen:
            first = f" (as {seen[same]})" if seen[same] != value else ""
            raise ValueError(f"must name each thing once: {value} is listed twice{first}")
        seen[same] = value
    return values


def name_of(arn: str) -> str:
    """What an IAM ARN names, without its path: IAM has one thing of a kind and name in an account, in any case."""
    kind, _, name = arn.partition("/")
    return f"{kind}/{name.rsplit('/', 1)[-1]}".lower()


@cache
def partition_of(region: str) -> str | None:
    """`aws`, `aws-cn` or `aws-us-gov`; None for a region that is in none of them."""
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
        return None
    regions = EndpointResolver(descriptions().load_data("endpoints"))  # not of a session: that reads ~/.aws/config
    for partition in PARTITION.split("|"):
        if region in regions.get_available_endpoints("sts", partition):
            return partition
    return None


def same_partition(arn: str, info: ValidationInfo) -> None:
    """Raise ValueError if an ARN is of another partition than the region among the values so far."""
    region = info.data.get("region")
    partition = partition_of(region) if region else None
    if partition and arn.split(":")[1] != partition:
        raise ValueError(f"must be in the partition of region {region}, {partition}, not in {arn.split(':')[1]}")
