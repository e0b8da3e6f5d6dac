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
    Result,
    Who,
    find_error,
)
from onemata_helpers.location import Location
from onemata_helpers.redaction import foreign
from onemata_helpers.text import one_line, sentence

_TIMED_OUT = 124  # as timeout(1) ends

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?:sts|iam)::(?P<account>\d{12}):(?P<rest>[!-~]+)")
_ENTRY = re.compile(r"^(?:[ \t]+PRE \S.*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ \S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Judgement:
    """The answer, the sentence for people, and who acts next ("" if nobody has to)."""

    result: Result
    sentence: str
    who: Who = ""


def judge_identity(output: str, expected_role_arn: str, exit_code: int | None = None) -> Judgement:
    """Judge ``aws sts get-caller-identity`` in any output format against Onemata's role.

    ``exit_code`` is None if a person pasted the output and it is not known.
    """
    trouble = _trouble(output, exit_code, CONFIG_ERRORS, ASSUME_ERRORS)
    if trouble:
        return trouble
    found = {match[0].strip("\"',|") for match in _ARN.finditer(output)}
    if len(found) != 1:
        told = "names several identities" if found else "names no identity"
        return Judgement("unclear", f"The output {told}: the engineer runs it again.", "engineer")
    return _compare(found.pop(), expected_role_arn)


def _compare(found: str, expected_role_arn: str) -> Judgement:
    is_, wanted = _ARN.match(found), _ARN.fullmatch(expected_role_arn)
    if not is_ or not wanted:
        raise ValueError(f"{expected_role_arn!r} is not the ARN of a role.")
    kind, _, name_and_session = is_["rest"].partition("/")
    name, wanted_name = name_and_session.split("/")[0], wanted["rest"].rsplit("/", 1)[-1]
    if kind != "assumed-role":
        return _other(found, f"that is no session of a role but {kind}")
    for part in ("account", "partition"):
        if is_[part] != wanted[part]:
            return _other(found, f"its {part} is {is_[part]}, not {wanted[part]}")
    if name != wanted_name:
        return _other(found, f"its role is {name}, not {wanted_name}")
    return Judgement("proven", f"The instance acts as {found}, a session of {expected_role_arn}.")


def _other(found: str, why: str) -> Judgement:
    return Judgement(
        "failed",
        f"The instance acts as {found}, not as Onemata's role: {why}. The engineer checks "
        "role_arn in the profile and that the command named the profile.",
        "engineer",
    )


def judge_listing(output: str, exit_code: int | None, location: Location) -> Judgement:
    """Judge ``aws s3 ls``: proven only if something was listed and the command ended well.

    ``exit_code`` is None if a person pasted the output and it is not known.
    """
    place = location.uri
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
        return Judgement("proven", f"The instance lists {place}: {one_line(foreign(entries[0]))}")
    if nothing or exit_code == 0:
        return Judgement(
            "unclear",
            f"The instance may list {place}, but nothing is there: Onemata says whether the data "
            "is delivered, the engineer checks bucket and prefix.",
            "Onemata",
        )
    return Judgement(
        "unclear",
        f"No listing of {place} is in the output: the engineer runs it again.",
        "engineer",
    )


def _trouble(output: str, exit_code: int | None, *tables: tuple[KnownError, ...]) -> Judgement | None:
    error = find_error(output, *tables)
    if error:
        return Judgement(error.result, error.sentence, error.who)
    if exit_code == _TIMED_OUT:
        return Judgement(
            "failed",
            "The command did not end in time: the client's admin checks that the instance reaches "
            "AWS STS and S3 (route, VPC endpoint, proxy).",
            "client",
        )
    if exit_code:
        return Judgement(
            "failed",
            f"The command ended with code {exit_code}: {last_line(output)} The engineer looks into it.",
            "engineer",
        )
    return None


def last_line(output: str) -> str:
    """The last thing that a command said, as a sentence that is fit to be shown."""
    lines = [line for line in output.split("\n") if line.strip()]
    return sentence(one_line(foreign(lines[-1]))) if lines else "no output."
