"""What can go wrong, as one tree. Each message says what happened, where, and who does what about it.

OnemataError
├── ParameterError      the client's parameters are wrong; every problem at once
├── ConnectError        we are not in the client's account, or not as somebody who may be there
├── PlanBlocked         something of the client's is in the way and a person has to decide
├── PlanChanged         the account is no longer as it was when the plan was shown
├── AwsRefused          AWS said no, or did not answer
├── NotUsable           AWS accepted a change, but the thing did not become usable in time
└── RunFailed           the runbook ended, and not as asked
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from botocore.exceptions import BotoCoreError, ClientError

from .text import counted, one_line


class OnemataError(Exception):
    """A failure that a person can act on. IPython and the command line show its text, never a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback (and what is saved in the executed notebook)."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Problem:
    """One wrong parameter: the file, key and value, what it must be, and the line (0: none is to be named).

    Of what is wrong with a whole file or folder, key and value may be empty. As text it is one line that hides nothing.
    """

    file: str
    key: str
    value: str
    must: str
    line: int = 0

    def __str__(self) -> str:
        place = one_line(self.file) + (f", line {self.line}" if self.line else "")
        given = " = ".join(one_line(part, 120) for part in (self.key, self.value) if part)
        return ": ".join(part for part in (place, given, one_line(self.must)) if part)


class ParameterError(OnemataError):
    """The parameters are wrong. `problems` holds all of them once, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line))
        listed = [line for _, same in groupby(self.problems, lambda each: each.file) for line in _listed(list(same))]
        count = counted(len(self.problems), "problem")
        headline = f"{count}. Nothing was done in AWS. Who acts: the engineer corrects the parameters named here."
        super().__init__("\n".join([headline, *listed]))


_SHOWN_OF_A_FILE = 20


def _listed(of_one_file: list[Problem]) -> list[str]:
    lines = [f"  - {problem}" for problem in of_one_file[:_SHOWN_OF_A_FILE]]
    left = len(of_one_file) - len(lines)
    return [*lines, f"  - {one_line(of_one_file[0].file)}: and {left} more"] if left else lines


class ConnectError(OnemataError):
    """No session in the client's account, or one that must not be used."""


class PlanBlocked(OnemataError):
    """The plan holds a blocked change. Nothing was done."""


class PlanChanged(OnemataError):
    """The plan of now is not the plan that was approved or shown. Nothing was done."""


class AwsRefused(OnemataError):
    """An AWS call failed for good."""


class NotUsable(OnemataError):
    """A bounded wait ran out."""


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
