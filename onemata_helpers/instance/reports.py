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

    ``content`` is None without a file, or if it could not be read. ``refusal`` is the sentence that
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

    Raises ReportUnreadableError if the report is missing, cut short, or does not fit its hash.
    """
    values = dict(_pairs(_body(text, "config")))
    sha256 = values.get("sha256", ABSENT)
    return ConfigReport(
        user=values.get("user", ""),
        home=values.get("home", ""),
        path=values.get("path", ""),
        target=values.get("target", ""),
        owner=values.get("owner", ""),
        mode=values.get("mode", ""),
        sha256=sha256,
        refusal=values.get("refusal", ""),
        outcome=values.get("outcome", ""),
        backup=values.get("backup", ""),
        content=_content(values.get("content", ""), sha256),
    )


def _content(encoded: str, sha256: str) -> bytes | None:
    content = base64.b64decode(encoded)
    if hashlib.sha256(content).hexdigest() == sha256:
        return content
    if encoded:
        raise ReportUnreadableError("The file's content came back incomplete: run it again.")
    return None  # no file, one that may not be read, or the report of a write


def parse_proof_report(text: str) -> ProofReport:
    """Read what ``proof_commands`` printed.

    Raises ReportUnreadableError if the report is missing or cut short, or if the commands could not
    be started for that user; then the message is the instance's own sentence.
    """
    lines = _body(text, "proof")
    first = next((i for i, line in enumerate(lines) if line.startswith("command: ")), len(lines))
    values = dict(_pairs(lines[:first]))
    if values.get("refusal"):
        raise ReportUnreadableError(values["refusal"])
    results = _results(lines[first:])
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


def _results(lines: list[str]) -> list[CommandResult]:
    starts = [i for i, line in enumerate(lines) if line.startswith("command: ")]
    blocks = zip(starts, [*starts[1:], len(lines)], strict=True)
    return [_result(lines[start:end]) for start, end in blocks]


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
