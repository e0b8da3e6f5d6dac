"""What the AWS CLI prints when the proof fails, and what that means here: one table.

The texts are those of botocore's exceptions and of the services' own answers. Each entry ends in
one sentence for people: what happened, who acts, and how. Where AWS leaves several causes open, the
sentence does too. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from dataclasses import dataclass
from typing import Literal

Who = Literal["", "engineer", "client", "Onemata"]
Result = Literal["proven", "failed", "unclear"]
ASSUME_DENIED = r"\(AccessDenied\) when calling the AssumeRole operation"
LIST_DENIED = r"\(AccessDenied\) when calling the (?:ListObjects\w*|ListBucket) operation"


@dataclass(frozen=True)
class KnownError:
    """A pattern in the output, who acts on it, and the sentence. The first that matches counts."""

    pattern: str
    who: Who
    sentence: str
    result: Result = "failed"


CONFIG_ERRORS = (
    KnownError(
        r"(?:\baws: (?:command )?not found|failed to run command .{1,3}aws|.aws.? is not recognized)",
        "client",
        "The AWS CLI is not installed here, or this user does not find it: the client's admin installs it.",
    ),
    KnownError(
        r"Unable to parse config file",
        "client",
        "The AWS CLI cannot read ~/.aws/config at all (a byte order mark, a section twice, text "
        "outside sections): the owner of the file corrects it; the plan names the line.",
    ),
    KnownError(
        r"The config profile \(.*\) could not be found",
        "engineer",
        "There is no such profile in ~/.aws/config of this user, or its title lacks the word "
        "'profile': the engineer plans again and adds [profile NAME].",
    ),
    KnownError(
        r"[Cc]redential source \"[^\"]*\" referenced in profile .* is not valid",
        "client",
        "credential_source in the profile is not read as Ec2InstanceMetadata (upper and lower case "
        "count, and no comment may follow): the owner of the file corrects that line.",
    ),
    KnownError(
        r"contains both source_profile and credential_source",
        "client",
        "The profile has source_profile as well as credential_source: the owner of the file takes source_profile out.",
    ),
    KnownError(
        r"Partial credentials found in assume-role",
        "client",
        "The profile lacks credential_source: the owner of the file adds credential_source = Ec2InstanceMetadata.",
    ),
    KnownError(
        r"No credentials found in credential_source|Error when retrieving credentials from Ec2Inst",
        "engineer",
        "The AWS CLI got no credentials from the instance metadata service: the engineer checks "
        "that the instance profile is attached, and with the client's admin that the service is "
        "on, is reached from here (in a container: hop limit 2), and that the CLI knows IMDSv2.",
    ),
    KnownError(
        r"Unable to locate credentials",
        "engineer",
        "The profile leads to no credentials (it has no role_arn, or the instance has no role): "
        "the engineer plans again for the profile and for the instance.",
    ),
)

ASSUME_ERRORS = (
    KnownError(
        rf"{ASSUME_DENIED}.*(?:explicit deny|service control policy|permissions boundary)",
        "client",
        "A policy of the client's organisation or a permissions boundary forbids sts:AssumeRole: "
        "the client's admin allows it for Onemata's role.",
    ),
    KnownError(
        rf"{ASSUME_DENIED}.*no identity-based policy allows",
        "engineer",
        "The instance's role is not allowed to assume Onemata's role: the engineer applies the "
        "inline policy, and checks the role's ARN in it.",
    ),
    KnownError(
        rf"{ASSUME_DENIED}.*(?:no resource-based policy allows|trust policy)",
        "Onemata",
        "Onemata's role does not trust the instance's role: Onemata adds its ARN to the trust "
        "policy, with the external ID that is agreed.",
    ),
    KnownError(
        ASSUME_DENIED,
        "Onemata",
        "AWS refused sts:AssumeRole and does not say why: Onemata checks that the role exists, "
        "trusts the instance's role and asks for the agreed external ID; the engineer checks the "
        "inline policy, and role_arn and external_id in the profile.",
    ),
    KnownError(
        r"DurationSeconds exceeds the 1 hour session limit",
        "client",
        "The profile asks for more than the hour that a role reached through another role may "
        "last: the owner of the file takes duration_seconds out.",
    ),
    KnownError(
        r"\((?:InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId)\)",
        "engineer",
        "AWS does not know the instance's credentials (a role deleted and made again, or another "
        "partition): the engineer checks the region in the profile and the attached role.",
    ),
    KnownError(
        r"\((?:ExpiredToken\w*|RequestTimeTooSkewed|SignatureDoesNotMatch|RequestExpired)\)",
        "client",
        "The credentials do not fit the time: the client's admin corrects the instance's clock, "
        "then the commands are run again.",
    ),
    KnownError(
        r"\(RegionDisabledException\)|You must specify a region",
        "engineer",
        "AWS STS is not active in the region, or no region is set: the engineer sets the region in the profile.",
    ),
    KnownError(
        r"[Cc]ould not connect to the endpoint|timeout on endpoint|SSL validation failed",
        "client",
        "The instance does not reach AWS: the client's admin checks route, security group, VPC "
        "endpoint and proxy, the engineer the region.",
    ),
    KnownError(
        r"\((?:Throttling\w*|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalError)\)",
        "engineer",
        "AWS was too busy to answer: the engineer runs the commands again in a minute.",
        result="unclear",
    ),
)

BUCKET_ERRORS = (
    KnownError(
        r"\(NoSuchBucket\)",
        "engineer",
        "There is no bucket of this name: the engineer compares it with what Onemata sent.",
    ),
    KnownError(
        r"\(AllAccessDisabled\)",
        "Onemata",
        "All access to the bucket is switched off: Onemata settles that with AWS.",
    ),
    KnownError(
        r"\bkms:|\bKMS\b",
        "Onemata",
        "The KMS key of the data refuses the role: Onemata allows kms:Decrypt for its role in the key's policy.",
    ),
    KnownError(
        rf"{LIST_DENIED}.*VPC endpoint policy",
        "client",
        "The VPC endpoint's policy keeps the instance from the bucket: the client's admin allows "
        "s3:ListBucket and s3:GetObject on it there.",
    ),
    KnownError(
        rf"{LIST_DENIED}|\((?:AccessDenied|403)\)",
        "Onemata",
        "The role may not list this place: Onemata allows s3:ListBucket for it in the role's and "
        "the bucket's policy; if only a prefix is allowed, the engineer sets that prefix.",
    ),
    KnownError(
        r"\((?:PermanentRedirect|IllegalLocationConstraint\w*|AuthorizationHeaderMalformed)\)",
        "engineer",
        "The bucket is in another region than was asked: the engineer sets the bucket's region in the profile.",
    ),
)


def find_error(output: str, *tables: tuple[KnownError, ...]) -> KnownError | None:
    """Give the first known error that the output shows, in the order of the tables."""
    known = (error for table in tables for error in table)
    return next((error for error in known if re.search(error.pattern, output)), None)
