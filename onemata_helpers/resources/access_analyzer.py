"""IAM Access Analyzer: what it says of a policy document. It needs no analyzer in the account, and changes nothing.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckAccessNotGranted.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel, to_pascal

from ..answers import Answer, Plain
from ..errors import OnemataError
from ..frozen import Frozen
from ..redaction import foreign
from ..refusal import as_refusal
from ..session import Aws
from ..text import one_line

API = "accessanalyzer"
VALIDATE = "validate_policy"
# These say that AWS does not take the one document, or cannot reason about it.
_OF_ONE_DOCUMENT = ("ValidationException", "InvalidParameterException", "UnprocessableEntityException")


class Remark(Frozen):
    """What AWS says of a document.

    `fault` tells a failed check, and a part that does not work (AWS's ERROR), from what is only to be known.
    `statements` are those that it is about, by index; none: the whole document.
    """

    result: Literal["passed", "found", "not provable from here"]
    said: str
    fault: bool = False
    statements: frozenset[int] = frozenset()


class Analyzer:
    """Asks each question once in a run. Only what AWS did not answer is asked again, with the next plan."""

    def __init__(self) -> None:
        self._answers: dict[str, list[Remark]] = {}
        self._unanswered: dict[str, list[Remark]] = {}

    def begin(self) -> None:
        """Another plan is made: what AWS did not answer for the last one may be asked again."""
        self._unanswered.clear()

    def ask(self, aws: Aws, operation: str, arguments: dict[str, Any]) -> list[Remark]:
        """What AWS answers; of a call that failed, that this is not provable from here, in AWS's words.

        An operation that fails whatever the document (no permission, no such service here) is not tried again.
        """
        question = json.dumps([operation, arguments], sort_keys=True)
        known = self._answers.get(question) or self._unanswered.get(operation)
        if known:
            return known
        try:
            with as_refusal(f"access-analyzer:{to_pascal(operation)}", aws.where):
                self._answers[question] = list(_asked(aws, operation, arguments))
        except OnemataError as error:
            remarks = [Remark(result="not provable from here", said=one_line(str(error)))]
            if not isinstance(error.__cause__, _of_one_document(aws)):
                self._unanswered[operation] = remarks
            return remarks
        return self._answers[question]


class _Analyzed(Answer):
    """Access Analyzer's names begin small."""

    model_config = ConfigDict(alias_generator=to_camel)


class _PathElement(_Analyzed):
    index: int | None = None


class _Location(_Analyzed):
    path: list[_PathElement]


class _Finding(_Analyzed):
    # https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicyFinding.html
    finding_type: Plain
    issue_code: Plain
    finding_details: str
    learn_more_link: str
    locations: list[_Location]


class _Validated(_Analyzed):
    findings: list[_Finding]


class _Reason(_Analyzed):
    description: str | None = None


class _Checked(_Analyzed):
    result: Literal["PASS", "FAIL"]
    message: str | None = None
    reasons: list[_Reason] | None = None


def _of_one_document(aws: Aws) -> tuple[type[Exception], ...]:
    known = aws.client(API).exceptions
    return tuple(getattr(known, name) for name in _OF_ONE_DOCUMENT)


def _asked(aws: Aws, operation: str, arguments: dict[str, Any]) -> Iterator[Remark]:
    if operation != VALIDATE:
        checked = aws.ask(API, operation, _Checked, **arguments)
        said = _joined(checked.message, *(each.description for each in checked.reasons or ()))
        yield Remark(
            result="passed" if checked.result == "PASS" else "found", said=said, fault=checked.result == "FAIL"
        )
        return
    pages = aws.pages(API, operation, _Validated, **arguments)
    findings = [finding for page in pages for finding in page.findings]
    if not findings:
        yield Remark(result="passed", said="AWS has no findings.")
    for each in findings:
        said = _joined(f"{each.finding_type} {each.issue_code}:", each.finding_details, each.learn_more_link)
        fault = each.finding_type == "ERROR"
        yield Remark(result="found", said=said, fault=fault, statements=_statements(each.locations))


def _statements(locations: list[_Location]) -> frozenset[int]:
    """The statements that a finding is about: the first index of each path (`Statement`, 0, `Action`, ...).

    Our documents have their statements in a list. A place outside of it makes it the whole document.
    """
    first = [next((step.index for step in each.path if step.index is not None), None) for each in locations]
    return frozenset() if None in first else frozenset(each for each in first if each is not None)


def _joined(*words: str | None) -> str:
    return one_line(foreign(" ".join(filter(None, words))), 1000)
