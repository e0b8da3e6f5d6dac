"""Read the reports that the texts of :mod:`.scripts` print on the instance."""

import base64
import hashlib
import re
from dataclasses import dataclass

from onemata_helpers.instance.scripts import ABSENT

_KEY = re.compile(r"(?P<key>[a-z_0-9]+): ?(?P<value>.*)")


class ReportUnreadableError(ValueError):
    """There is no whole report in the text; the message says what is missing."""


@dataclass(frozen=True)
class ConfigReport:
    """The state of the user's ``~/.aws/config``, before or after writing it.

    ``sha256`` is that of the file itself; ``content`` is the file with its secrets hidden, None
    without a file, or if it could not be read. ``refusal`` is the sentence that
    says what keeps us from writing it, empty if nothing does. ``outcome`` is set after writing:
    ``written``, ``nothing`` or ``refused``.
    """

    user: str
    home: str = ""
    path: str = ""
    target: str = ""
    owner: str = ""
    mode: str = ""
    sha256: str = ABSENT
    refusal: str = ""
    outcome: str = ""
    backup: str = ""
    content: bytes | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a file, readable or not."""
        return bool(self.owner)


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


def parse_config_report(text: str) -> ConfigReport:
    """Read what ``read_config`` or ``write_config`` printed.

    Raises ReportUnreadableError if the report is missing, cut short, or its content does not fit its hash.
    """
    values = dict(_pairs(_body(text, "config")))
    return ConfigReport(
        user=values.get("user", ""),
        home=values.get("home", ""),
        path=values.get("path", ""),
        target=values.get("target", ""),
        owner=values.get("owner", ""),
        mode=values.get("mode", ""),
        sha256=values.get("sha256", ABSENT),
        refusal=values.get("refusal", ""),
        outcome=values.get("outcome", ""),
        backup=values.get("backup", ""),
        content=_content(values.get("content", ""), values.get("content_sha256", "")),
    )


def _content(encoded: str, sha256: str) -> bytes | None:
    if not sha256:
        return None  # no file, one that may not be read, or the report of a write
    content = base64.b64decode(encoded)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReportUnreadableError("The file's content came back incomplete: run it again.")
    return content


def parse_proof_report(text: str) -> ProofReport:
    """Read what ``proof_commands`` printed.

    Raises ReportUnreadableError if the report is missing or cut short, or if the commands could not
    be started for that user; then the message is the instance's own sentence.
    """
    values, blocks = _commands(text, "proof")
    results = [_result(block) for block in blocks]
    if len(results) != 2:
        raise ReportUnreadableError("The report does not hold both commands: run it again.")
    metadata = Metadata(
        values.get("imds_token", ""),
        values.get("imds_role_status", ""),
        # Whatever else came than a role's name is an error page.
        values.get("imds_role", "") if values.get("imds_role_status") == "200" else "",
        values.get("imds_v1", ""),
    )
    return ProofReport(values["user"], values.get("aws_version", ""), metadata, *results)


def parse_denied_report(text: str) -> dict[str, CommandResult]:
    """Read what ``denied_commands`` printed: the name of each attempt, and what came of it.

    The names are ``no_external_id``, ``other_role`` and ``other_bucket``, as far as they were tried.
    Raises ReportUnreadableError as :func:`parse_proof_report` does.
    """
    _, blocks = _commands(text, "denied")
    return {dict(_pairs(block))["attempt"]: _result(block) for block in blocks}


def _body(text: str, kind: str) -> list[str]:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    try:
        start = lines.index(f"== onemata report: {kind}")
        return lines[start + 1 : lines.index("== onemata report ends", start)]
    except ValueError:
        raise ReportUnreadableError(
            "The instance did not send a whole report: its error output says why; run it again."
        ) from None


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    matches = (_KEY.fullmatch(line) for line in lines)
    return [(match["key"], match["value"]) for match in matches if match]


def _commands(text: str, kind: str) -> tuple[dict[str, str], list[list[str]]]:
    """Split a report of commands: the values at its head, and the lines of each command."""
    lines = _body(text, kind)
    starts = [i for i, line in enumerate(lines) if line.startswith("command: ")]
    ends = [*starts[1:], len(lines)]
    head = dict(_pairs(lines[: starts[0]] if starts else lines))
    if head.get("refusal"):
        raise ReportUnreadableError(head["refusal"])
    return head, [lines[start:end] for start, end in zip(starts, ends, strict=False)]


def _result(lines: list[str]) -> CommandResult:
    values = dict(_pairs(lines))
    return CommandResult(
        values["command"],
        _marked("out| ", lines),
        _marked("err| ", lines),
        int(values["exit_code"]),
    )


def _marked(mark: str, lines: list[str]) -> str:
    return "\n".join(line.removeprefix(mark) for line in lines if line.startswith(mark)).strip("\n")
