"""Judge what the instance metadata service answered: it explains most missing credentials.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

import re

from onemata_helpers.instance.proof import Judgement
from onemata_helpers.instance.reports import Metadata

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-a-supported-sdk-version-for-imdsv2.html
FIRST_CLI_WITH_IMDS_V2 = (1, 16, 289)

_NOT_ASKED = Judgement("unclear", "The metadata service was not asked: curl is not installed here.")
_OFF = Judgement(
    "failed",
    "The instance metadata service is switched off (HttpEndpoint: disabled), so the instance gives "
    "nobody credentials: the client's admin switches it on.",
    "client",
)
_HOP_LIMIT = Judgement(
    "failed",
    "The metadata service is reached, but its session token does not arrive, as inside a container "
    "with hop limit 1: the client's admin sets HttpPutResponseHopLimit to 2, or the commands run "
    "outside the container.",
    "client",
)
_SILENT = Judgement(
    "failed",
    "The metadata service does not answer: this is no EC2 instance, or a firewall or route keeps "
    "this user from 169.254.169.254, or the service is switched off. The client's admin opens it.",
    "client",
)
_NO_ROLE = Judgement(
    "failed",
    "The metadata service answers, but has no role to give: no instance profile is attached, or "
    "its role is gone. The engineer applies the plan, and waits a minute after attaching.",
    "engineer",
)


def judge_metadata(metadata: Metadata, aws_version: str) -> Judgement:
    """Tell whether the AWS CLI here can get credentials from the instance, and if not, why."""
    no_answer = ("", "000")
    if not metadata.token:
        return _NOT_ASKED
    if "403" in (metadata.token, metadata.v1):
        return _OFF
    if metadata.token in no_answer:
        return _SILENT if metadata.v1 in no_answer else _HOP_LIMIT
    if metadata.role_status == "404":
        return _NO_ROLE
    if metadata.v1 == "401" and _cli_version(aws_version) < FIRST_CLI_WITH_IMDS_V2:
        return _old_cli(aws_version)
    if metadata.role:
        told = f"The metadata service gives credentials of the role {metadata.role}."
        return Judgement("proven", told)
    told = f"HTTP {metadata.token} for a token, {metadata.role_status} for the role"
    return Judgement("unclear", f"The metadata service answers oddly: {told}.", "client")


def _cli_version(aws_version: str) -> tuple[int, ...]:
    found = re.search(r"aws-cli/(\d+)\.(\d+)\.(\d+)", aws_version)
    return tuple(map(int, found.groups())) if found else FIRST_CLI_WITH_IMDS_V2


def _old_cli(aws_version: str) -> Judgement:
    return Judgement(
        "failed",
        "The instance allows IMDSv2 only, which this AWS CLI does not know "
        f"({aws_version.split()[0]}; it must be 1.16.289 or later, or any 2.x): the client's admin updates it.",
        "client",
    )
