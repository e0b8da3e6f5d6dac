"""Judge what the guide's two commands printed: proven, failed, or not clear; never a guess.

The session's ARN drops the path of the role:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
"""

import re
from dataclasses import dataclass

from onemata_helpers.instance.known_errors import (
    ASSUME_ERRORS,
    BUCKET_ERRORS,
    CONFIG_ERRORS,
    KnownError,
    Outcome,
    Who,
    find_error,
)

_TIMED_OUT = 124  # as timeout(1) ends

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?:sts|iam)::(?P<account>\d{12}):(?P<rest>[!-~]+)")
_ENTRY = re.compile(r"^(?:\s+PRE \S.*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ \S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """The answer, the sentence for people, and who acts next ("" if nobody has to)."""

    outcome: Outcome
    sentence: str
    who: Who = ""


def judge_identity(output: str, expected_role_arn: str, exit_code: int | None = None) -> Verdict:
    """Judge ``aws sts get-caller-identity`` in any output format against Onemata's role.

    ``exit_code`` is None if a person pasted the output and it is not known.
    """
    trouble = _trouble(output, exit_code, CONFIG_ERRORS, ASSUME_ERRORS)
    if trouble:
        return trouble
    found = {match[0].strip("\"',|") for match in _ARN.finditer(output)}
    if len(found) != 1:
        told = "names several identities" if found else "names no identity"
        return Verdict("unclear", f"The output {told}: the engineer runs it again.", "engineer")
    return _compare(found.pop(), expected_role_arn)


def _compare(found: str, expected_role_arn: str) -> Verdict:
    is_, due = _ARN.match(found), _ARN.fullmatch(expected_role_arn)
    if not is_ or not due:
        raise ValueError(f"{expected_role_arn!r} is not the ARN of a role.")
    kind, _, name_and_session = is_["rest"].partition("/")
    name, wanted_name = name_and_session.split("/")[0], due["rest"].rsplit("/", 1)[-1]
    if kind != "assumed-role":
        return _other(found, f"that is no session of a role but {kind}")
    for part in ("account", "partition"):
        if is_[part] != due[part]:
            return _other(found, f"its {part} is {is_[part]}, not {due[part]}")
    if name != wanted_name:
        return _other(found, f"its role is {name}, not {wanted_name}")
    return Verdict("proven", f"The instance acts as {found}, a session of {expected_role_arn}.")


def _other(found: str, why: str) -> Verdict:
    return Verdict(
        "failed",
        f"The instance acts as {found}, not as Onemata's role: {why}. The engineer checks "
        "role_arn in the profile and that the command named the profile.",
        "engineer",
    )


def judge_listing(output: str, exit_code: int | None, bucket: str, prefix: str) -> Verdict:
    """Judge ``aws s3 ls``: proven only if something was listed and the command ended well.

    ``exit_code`` is None if a person pasted the output and it is not known.
    """
    place = f"s3://{bucket}/{prefix}"
    entries = _ENTRY.findall(output)
    # aws s3 ls ends with 1 if there is nothing under a prefix: no error, and no proof either.
    nothing = not output.strip() and exit_code in (0, 1)
    code = 0 if nothing else exit_code
    # Keys are Onemata's to choose: an object may be called like an error.
    told = _ENTRY.sub("", output)
    trouble = _trouble(told, code, CONFIG_ERRORS, ASSUME_ERRORS, BUCKET_ERRORS)
    if trouble:
        return trouble
    if entries:
        return Verdict("proven", f"The instance lists {place}: {entries[0].strip()}")
    if nothing or exit_code == 0:
        return Verdict(
            "unclear",
            f"The instance may list {place}, but nothing is there: Onemata says whether the data "
            "is delivered, the engineer checks bucket and prefix.",
            "Onemata",
        )
    return Verdict(
        "unclear",
        f"No listing of {place} is in the output: the engineer runs it again.",
        "engineer",
    )


def _trouble(output: str, exit_code: int | None, *tables: tuple[KnownError, ...]) -> Verdict | None:
    error = find_error(output, *tables)
    if error:
        return Verdict(error.outcome, error.sentence, error.who)
    if exit_code == _TIMED_OUT:
        return Verdict(
            "failed",
            "The command did not end in time: the client's admin checks that the instance reaches "
            "AWS STS and S3 (route, VPC endpoint, proxy).",
            "client",
        )
    if exit_code:
        last = (output.strip().splitlines() or ["no output"])[-1]
        return Verdict(
            "failed",
            f"The command ended with code {exit_code}: {last} The engineer looks into it.",
            "engineer",
        )
    return None
