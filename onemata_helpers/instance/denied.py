"""Judge what came of the attempts that must be refused: a pass there is a finding.

A refusal says something only beside a proof that the right role, external ID and bucket do work.
"""

import re
from dataclasses import dataclass

from onemata_helpers.instance.known_errors import ASSUME_DENIED, LIST_DENIED, Who
from onemata_helpers.instance.proof import Judgement, last_line
from onemata_helpers.instance.reports import CommandResult


@dataclass(frozen=True)
class _Attempt:
    """What was tried, the refusal that must come, and who acts how if there was none."""

    tried: str
    refusal: str
    who: Who
    remedy: str


_ATTEMPTS = {
    "no_external_id": _Attempt(
        "Onemata's role without the external ID",
        ASSUME_DENIED,
        "Onemata",
        "Onemata must close it: the role's trust policy must require sts:ExternalId.",
    ),
    "other_role": _Attempt(
        "another role of Onemata's",
        ASSUME_DENIED,
        "client",
        "the client's policy is too wide, and the client's admin must close it: sts:AssumeRole must "
        "be allowed for the one role that Onemata named, and for no other.",
    ),
    "other_bucket": _Attempt(
        "another bucket of Onemata's",
        LIST_DENIED,
        "Onemata",
        "Onemata must close it: neither its role nor that bucket's policy may allow listing it.",
    ),
}


def judge_denied(result: CommandResult, what: str) -> Judgement:
    """Judge one attempt, named as ``Assignment.denials`` names it.

    Proven is only the refusal of just what was tried: a bucket is not refused if the instance did
    not even get the role. Raises KeyError for a name that is not known.
    """
    attempt = _ATTEMPTS[what]
    if result.exit_code == 0:
        told = f"A finding: the instance has access to {attempt.tried}: {attempt.remedy}"
        return Judgement("failed", told, attempt.who)
    if not result.stdout and re.search(attempt.refusal, result.stderr):
        tried = attempt.tried[0].upper() + attempt.tried[1:]
        return Judgement("proven", f"{tried} is refused, as it must be.")
    return Judgement(
        "unclear",
        f"Whether {attempt.tried} is refused is not clear, the command ended with code "
        f"{result.exit_code}: {last_line(result.output)} The engineer looks into it, and runs it again.",
        "engineer",
    )
