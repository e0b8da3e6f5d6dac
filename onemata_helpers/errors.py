"""What can go wrong, as one tree. Each message says what happened, where, and who does what about it.

OnemataError
├── ParameterError      the client's parameters are wrong; every problem at once
├── ConnectError        we are not in the client's account, or not as somebody who may be there
├── PlanBlocked         something of the client's is in the way and a person has to decide
├── PlanChanged         the account is no longer as it was when the plan was shown
├── AwsRefused          AWS said no, or did not answer
├── OddAnswer           something answered, and not as AWS does
├── NotUsable           AWS accepted a change, but the thing did not become usable in time
├── Interrupted         somebody stopped it (Ctrl-C, Interrupt in the notebook)
└── RunFailed           the runbook ended, and not as asked
"""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from .text import one_line, sentence


class OnemataError(Exception):
    """A failure that a person can act on. IPython and the command line show its text, never a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback (and what is saved in the executed notebook)."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Problem:
    """One wrong parameter: the file and key it stands in, its value, and what is due."""

    file: str
    key: str
    value: str
    due: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key} = {self.value}: {self.due}"


class ParameterError(OnemataError):
    """The parameters are wrong. `problems` holds all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        count = "1 thing needs" if len(problems) == 1 else f"{len(problems)} things need"
        super().__init__(f"{count} mending. Nothing was done in AWS.\n{lines}")


class ConnectError(OnemataError):
    """No session in the client's account, or one that must not be used."""


class PlanBlocked(OnemataError):
    """The plan holds a blocked change. Nothing was done."""


class PlanChanged(OnemataError):
    """The plan of now is not the plan that was approved or shown. Nothing was done."""


class AwsRefused(OnemataError):
    """An AWS call failed for good."""


class OddAnswer(OnemataError):
    """The answer to a call is not one of AWS's: a proxy, a captive portal or another program gave it."""

    def __init__(self, call: str, found: str) -> None:
        super().__init__(
            f"The answer to {call} is not one of AWS's: {sentence(one_line(found, 300))} Who acts: the engineer checks "
            "what answers in AWS's place (proxy, VPN, the login page of a network, AWS_ENDPOINT_URL) and runs the "
            "notebook again."
        )


class NotUsable(OnemataError):
    """A bounded wait ran out."""


class Interrupted(OnemataError):
    """Somebody stopped the run. What was done stays."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} What was done stays. Who acts: the engineer runs it again, which goes on from there.")


class RunFailed(OnemataError):
    """The runbook's outcome is `failed` or `blocked`; raised at the end so that papermill sees it."""


# Who mends it, by AWS error code. Anything else is for the engineer who runs the runbook.
_WHO_ACTS = {
    "AccessDenied": "the client's admin allows it for the operator (see `onemata permissions`)",
    "AccessDeniedException": "the client's admin allows it for the operator (see `onemata permissions`)",
    "UnauthorizedOperation": "the client's admin allows it for the operator (see `onemata permissions`)",
    "ExpiredToken": "the engineer signs in again and runs the notebook once more",
    "ExpiredTokenException": "the engineer signs in again and runs the notebook once more",
    "InvalidClientTokenId": "the engineer checks aws_profile: AWS does not know these credentials",
    "SignatureDoesNotMatch": "the engineer checks aws_profile: the secret does not fit the key",
    "LimitExceeded": "the client's admin frees a place or has the quota raised",
    "ClusterIamRoleQuotaExceeded": "the client's admin detaches a role that is not in use",
    "EntityAlreadyExists": "it appeared after the plan was made: run the notebook again",
    "InvalidClusterState": "the client's admin brings the cluster to the state 'available'; then run again",
    "Throttling": "AWS is limiting calls to this account: run again later",
    "RequestLimitExceeded": "AWS is limiting calls to this account: run again later",
}


def refused(doing: str, where: str, error: ClientError | BotoCoreError) -> AwsRefused:
    """AWS's refusal as a sentence.

    `doing` is the call ("iam:CreateRole role onemata-redshift"), `where` the account and region.
    """
    if not isinstance(error, ClientError):
        return AwsRefused(f"{doing} got no answer in {where}: {error}. Who acts: the engineer checks the connection.")
    code = error.response.get("Error", {}).get("Code", "Unknown")
    said = error.response.get("Error", {}).get("Message", "")
    who = _WHO_ACTS.get(code, "the engineer reads AWS's message and runs the notebook again when it is mended")
    return AwsRefused(f"{doing} was refused in {where}: {code}: {said} Who acts: {who}.")
