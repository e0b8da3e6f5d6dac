"""Read the reports that the texts of :mod:`.scripts` print on the instance.

Whoever has the instance can make it say anything. So a report is taken only in just the form that
our scripts give it, and nothing of it goes into a script, a path or a command.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from onemata_helpers.instance.assignment import Assignment, Attempt
from onemata_helpers.redaction import foreign
from onemata_helpers.text import is_plain, one_line, sentence

State = Literal["absent", "same", "other", "obstacle"]
Outcome = Literal["looked", "added", "nothing", "refused"]
Kind = Literal["config", "proof", "denied"]

_LONGEST_LINE = 2_100
_MOST_LINES = 120
_STATUS = r"(?:[0-9]{3})?"
_HEAD = {"asked": r"[0-9a-f]{12}", "user": r".+"}
_FORMS: Mapping[Kind, Mapping[str, str]] = {
    "config": {
        "path": r".+",
        "file": r"there|none",
        "state": r"absent|same|other|obstacle",
        "outcome": r"looked|added|nothing|refused",
        "backup": r".*",
    },
    "proof": {
        "aws_version": r".*",
        "imds_token": _STATUS,
        "imds_role_status": _STATUS,
        "imds_role": r".*",
        "imds_v1": _STATUS,
    },
    "denied": {},
}
_BLOCK = re.compile(
    r"attempt: (?P<name>[a-z_]+)\ncommand: (?P<command>.+)\n"
    r"(?P<out>(?:out\|.*\n)*)(?P<err>(?:err\|.*\n)*)exit_code: (?P<code>[0-9]{1,3})\n"
)


class ReportUnreadableError(ValueError):
    """There is no whole report in the text, or it is of something else; the message says which."""


@dataclass(frozen=True)
class ConfigReport:
    """The state of the profile in the user's ``~/.aws/config``, and what was done.

    ``exists`` says whether there is a file at all, ``why`` tells why the state is ``other`` or
    ``obstacle``, or why nothing was added. ``path`` and ``why`` are the instance's words: to show only.
    """

    state: State
    outcome: Outcome = "looked"
    path: str = ""
    exists: bool = False
    backup: str = ""
    why: str = ""


@dataclass(frozen=True)
class CommandResult:
    """One command as it was run, what it printed (long output is cut) and how it ended."""

    command: str
    stdout: str
    stderr: str
    exit_code: int

    @property
    def output(self) -> str:
        """Everything that it printed."""
        return "\n".join(part for part in (self.stdout, self.stderr) if part)


@dataclass(frozen=True)
class Metadata:
    """HTTP statuses of the instance metadata service: ``000`` is no answer, empty is not asked."""

    token: str = ""
    role_status: str = ""
    role: str = ""
    v1: str = ""


@dataclass(frozen=True)
class ProofReport:
    """The two commands of the guide as they ran for the user, and what helps to explain them."""

    user: str
    aws_version: str
    metadata: Metadata
    identity: CommandResult
    listing: CommandResult


def parse_config_report(text: str, assignment: Assignment) -> ConfigReport:
    """Read what ``look_text`` or ``add_text`` printed, for this assignment.

    If it could not be started for that user, the state is ``obstacle``. Raises ReportUnreadableError.
    """
    report = _read(text, "config", assignment)
    if report.not_started:
        return ConfigReport("obstacle", "refused", why=report.why)
    values = report.values
    return ConfigReport(
        state=cast(State, values["state"]),
        outcome=cast(Outcome, values["outcome"]),
        path=foreign(values["path"]),
        exists=values["file"] == "there",
        backup=foreign(values["backup"]),
        why=report.why,
    )


def parse_proof_report(text: str, assignment: Assignment) -> ProofReport:
    """Read what ``proof_text`` printed, for this assignment.

    Raises ReportUnreadableError; if the commands could not be started for that user, with the
    instance's own sentence.
    """
    report = _started(_read(text, "proof", assignment))
    results = _results(report, assignment.proofs())
    values = report.values
    metadata = Metadata(
        values["imds_token"], values["imds_role_status"], foreign(values["imds_role"]), values["imds_v1"]
    )
    return ProofReport(
        foreign(values["user"]), foreign(values["aws_version"]), metadata, results["identity"], results["listing"]
    )


def parse_denied_report(text: str, assignment: Assignment) -> dict[str, CommandResult]:
    """Read what ``denied_text`` printed: the name of each attempt of this assignment, and what came of it.

    Raises ReportUnreadableError as :func:`parse_proof_report` does.
    """
    report = _started(_read(text, "denied", assignment))
    return _results(report, assignment.denials())


def last_run(text: str) -> str:
    """The text from the first line of its last ``config`` report on; empty if there is none."""
    lines = _lines(text)
    starts = [number for number, line in enumerate(lines) if line == "== onemata report: config"]
    return "\n".join(lines[starts[-1] :]) if starts else ""


def after_reports(text: str) -> str:
    """What follows the last line of the last report in the text, as it is; all of it if there is none."""
    ends = [number for number, line in enumerate(_lines(text)) if line == "== onemata report ends"]
    return "\n".join(text.split("\n")[ends[-1] + 1 :]) if ends else text


@dataclass(frozen=True)
class _Report:
    values: Mapping[str, str]
    why: str
    blocks: str
    not_started: bool


def _read(text: str, kind: Kind, assignment: Assignment) -> _Report:
    lines = _body(text, kind)
    first = next((n for n, line in enumerate(lines) if line.startswith("attempt: ")), len(lines))
    head, blocks = lines[:first], "".join(line + "\n" for line in lines[first:])
    told = " ".join(sentence(line[len("why: ") :]) for line in head if line.startswith("why: "))
    pairs = [line.partition(":")[::2] for line in head if not line.startswith("why: ")]
    values = {key: value.strip(" ") for key, value in pairs}
    not_started = bool(told) and not blocks and values.keys() == _HEAD.keys()
    forms = _HEAD if not_started else {**_HEAD, **_FORMS[kind]}
    if [key for key, _ in pairs] != list(forms):
        raise ReportUnreadableError("The report lacks a line, or has one too many: run it again.")
    for key, form in forms.items():
        if not re.fullmatch(form, values[key]):
            raise ReportUnreadableError(f"The report's line {key!r} has not the form that it must have: run it again.")
    if values["asked"] != assignment.mark:
        raise ReportUnreadableError("The report is about other parameters than these: run it again as it is shown now.")
    return _Report(values, one_line(foreign(told), 3_000), blocks, not_started)


def _body(text: str, kind: Kind) -> list[str]:
    """The lines of the last report of this kind. A terminal may have indented them all, and ended them otherwise."""
    lines = _lines(text)
    starts = [number for number, line in enumerate(lines) if line == f"== onemata report: {kind}"]
    try:
        start = starts[-1] + 1
        body = lines[start : lines.index("== onemata report ends", start)]
    except (IndexError, ValueError):
        raise ReportUnreadableError(
            "The instance did not send a whole report: its error output says why; run it again."
        ) from None
    if len(body) > _MOST_LINES or any(len(line) > _LONGEST_LINE or not is_plain(line) for line in body):
        raise ReportUnreadableError("The report holds what our scripts do not print: run it again.")
    return body


def _lines(text: str) -> list[str]:
    return [line.strip(" \r") for line in text.replace("\t", "    ").split("\n")]


def _started(report: _Report) -> _Report:
    if report.not_started:
        raise ReportUnreadableError(report.why)
    return report


def _results(report: _Report, attempts: tuple[Attempt, ...]) -> dict[str, CommandResult]:
    """What came of each attempt; they must all be there, once, whole and in order."""
    found, position = [], 0
    while block := _BLOCK.match(report.blocks, position):
        position = block.end()
        out, err = _unmarked(block["out"]), _unmarked(block["err"])
        found.append((block["name"], CommandResult(block["command"], out, err, int(block["code"]))))
    if position != len(report.blocks) or [name for name, _ in found] != [attempt.name for attempt in attempts]:
        raise ReportUnreadableError("The report does not hold each command once, and whole: run it again.")
    return dict(found)


def _unmarked(block: str) -> str:
    return "\n".join(line[len("out| ") :] for line in block.split("\n")).strip("\n")
