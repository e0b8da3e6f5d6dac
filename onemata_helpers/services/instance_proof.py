"""Proofs from one instance: the guide's two commands, and what must be refused; run there, or pasted back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from ..calls import READS_ONLY
from ..checks import Check
from ..instance.assignment import Assignment, Attempt
from ..instance.denied import judge_denied
from ..instance.metadata import judge_metadata
from ..instance.paste import is_typed, judge_typed
from ..instance.proof import Judgement, judge_identity, judge_listing
from ..instance.quoting import command_line
from ..instance.reports import (
    CommandResult,
    ProofReport,
    ReportUnreadableError,
    after_reports,
    last_run,
    parse_config_report,
    parse_denied_report,
    parse_proof_report,
)
from ..instance.scripts import denied_text, proof_text
from ..plan import Script
from ..redaction import foreign
from ..resources.base import Look
from ..resources.run_command import managed_platform, no_report, read_by_script
from ..session import Aws
from ..wait import Wait

R = TypeVar("R")
_UNSEEN: Final = "not provable from here"
_LONGEST_PASTE = 100_000  # characters, far more than the block prints
_LONGEST_SHOWN = 10_000

_DENIED = {
    "no_external_id": "is refused Onemata's role without the external ID",
    "other_role": "is refused another role of Onemata's",
    "other_bucket": "is refused another bucket of Onemata's",
}
_PARAMETER = {"other_role": "denied_role_arn", "other_bucket": "denied_bucket"}
_ANOTHER = {"other_role": "another role", "other_bucket": "another bucket"}
_UNREACHED = "Systems Manager does not reach the instance, so nothing can be run there."
_NOT_LINUX = "What runs by Systems Manager is for Linux only: choose configure: manual."
_TYPED = "It was not tried: only the block to paste tries it."


@dataclass(frozen=True)
class InstanceProof:
    """What one user on one instance can do with the profile, seen from the instance itself."""

    instance_id: str
    user: str
    assignment: Assignment

    @property
    def identity(self) -> str:
        """Name of the check for the guide's first command."""
        return f"{self.instance_id} assumes Onemata's role"

    @property
    def listing(self) -> str:
        """Name of the check for the guide's second command."""
        return f"{self.instance_id} lists Onemata's bucket"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all checks, but for one that is made only where the instance has no credentials."""
        return (self.identity, self.listing, *map(self._denied, self._expected()))

    @property
    def proof_script(self) -> Script:
        """The script that runs the guide's two commands."""
        return self._script("its own identity and Onemata's bucket", proof_text)

    @property
    def denied_script(self) -> Script | None:
        """The script that tries what must be refused; None if there is nothing to try."""
        if not self.assignment.denials():
            return None
        return self._script("whether access is refused where it must be", denied_text)

    def by_command(self, look: Look, wait: Wait, *, patient: bool) -> Iterator[Check]:
        """The checks, by running the commands. With `patient`, until they succeed or the time is up."""
        platform = managed_platform(look, self.instance_id)
        if platform != "linux":
            yield from self.not_made(_NOT_LINUX if platform else _UNREACHED)
            return

        def prove() -> list[Check]:
            return self._positive(self._run(look.aws, self.proof_script, parse_proof_report))

        saying = f"{self.instance_id} cannot use what was just made yet"
        checks = wait.patiently(saying, prove, _all_proven) if patient else prove()
        yield from checks
        script = self.denied_script
        yield from self._negative(checks, self._run(look.aws, script, parse_denied_report) if script else {})

    def by_paste(self, text: str) -> list[Check]:
        """The checks, from what a person pasted: the block's reports, or the two commands typed by hand."""
        if len(text) > _LONGEST_PASTE:
            why = f"The text has {len(text)} characters, far more than the block prints: paste only that."
            return self.not_made(why)
        block = last_run(text)
        if block and not is_typed(after_reports(text)):
            return self._by_block(block)
        typed = after_reports(text)
        identity, listing = judge_typed(typed, self.assignment)
        checks = [_check(self.identity, identity, _shown(typed)), _check(self.listing, listing, _shown(typed))]
        return checks + self._not_tried(_TYPED)

    def not_made(self, why: str, why_not_tried: str = "") -> list[Check]:
        """All the checks, not made, each with its own command. `why_not_tried` is for what must be refused."""
        names = (self.identity, self.listing)
        made = [_unseen(name, why, each) for name, each in zip(names, self.assignment.proofs(), strict=True)]
        return made + self._not_tried(why_not_tried or why)

    def _by_block(self, text: str) -> list[Check]:
        try:
            config = parse_config_report(text, self.assignment)
            if config.outcome not in ("added", "nothing"):
                stopped = Judgement("failed", f"The block stopped, and nothing was changed: {config.why}", "client")
                checks = [_check(self.identity, stopped, ""), _check(self.listing, stopped, "")]
                return checks + self._not_tried("It was not tried, since the block stopped.")
            checks = self._positive(parse_proof_report(text, self.assignment))
            return checks + self._negative(checks, parse_denied_report(text, self.assignment))
        except ReportUnreadableError as error:
            return self.not_made(f"{error} All that the block prints must be in the text.")

    def _positive(self, report: ProofReport) -> list[Check]:
        section = self.assignment.section
        identity = judge_identity(report.identity.output, section.role_arn, report.identity.exit_code)
        listing = judge_listing(report.listing.output, report.listing.exit_code, self.assignment.location)
        metadata = judge_metadata(report.metadata, report.aws_version)
        checks = [
            _check(self.identity, identity, _transcript(report.identity)),
            _check(self.listing, listing, _transcript(report.listing)),
        ]
        if identity.result == "proven" and metadata.result != "proven":
            return checks  # whatever the probe says, credentials came
        return [_check(f"{self.instance_id} has credentials from its metadata service", metadata, ""), *checks]

    def _negative(self, checks: list[Check], tried: Mapping[str, CommandResult]) -> list[Check]:
        """What came of the attempts that must be refused. A refusal says something only where all else works."""
        found = [self._denial(key, tried[key]) if key in tried else self._unnamed(key) for key in self._expected()]
        return found if _all_proven(checks) else [_says_nothing(each) for each in found]

    def _expected(self) -> list[str]:
        """What must be tried and refused; nothing only by an explicit key."""
        if not self.assignment.negative_checks:
            return []
        return [key for key in _DENIED if key != "no_external_id" or self.assignment.section.external_id]

    def _not_tried(self, why: str) -> list[Check]:
        known = {each.name: each for each in self.assignment.denials()}
        return [
            _unseen(self._denied(key), f"{why} {self._tried(key)}".strip(), known[key])
            if key in known
            else self._unnamed(key)
            for key in self._expected()
        ]

    def _denied(self, key: str) -> str:
        return f"{self.instance_id} {_DENIED[key]}"

    def _denial(self, key: str, result: CommandResult) -> Check:
        return _check(self._denied(key), judge_denied(result, key), f"{self._tried(key)}\n{_transcript(result)}")

    def _unnamed(self, key: str) -> Check:
        who_acts = f"Onemata names {_ANOTHER[key]} in {_PARAMETER[key]}, or the client goes without"
        return Check(name=self._denied(key), result=_UNSEEN, evidence=f"{who_acts} (negative_checks: false).")

    def _tried(self, key: str) -> str:
        role = f"With the role {self.assignment.section.role_arn} and no external ID:"
        other_role = f"With the role {self.assignment.denied_role_arn}:"
        return {"no_external_id": role, "other_role": other_role, "other_bucket": ""}[key]

    def _script(self, what: str, text: Callable[[str, Assignment], str]) -> Script:
        purpose = f"{READS_ONLY} {what}"
        return Script(instance_id=self.instance_id, purpose=purpose, text=text(self.user, self.assignment))

    def _run(self, aws: Aws, script: Script, parse: Callable[[str, Assignment], R]) -> R:
        output = read_by_script(aws, script)
        try:
            return parse(output.stdout, self.assignment)
        except ReportUnreadableError as error:
            raise no_report(self.instance_id, output, str(error)) from None


def _all_proven(checks: list[Check]) -> bool:
    return all(check.result == "proven" for check in checks)


def _says_nothing(denial: Check) -> Check:
    if denial.result != "proven":
        return denial
    evidence = f"It is refused, but so is what must work: this says something only then.\n{denial.evidence}"
    return denial.model_copy(update={"result": _UNSEEN, "evidence": evidence})


def _check(name: str, judgement: Judgement, seen: str) -> Check:
    result = judgement.result if judgement.result != "unclear" else _UNSEEN
    return Check(name=name, result=result, evidence=f"{judgement.sentence}\n{seen.strip()}".strip())


def _unseen(name: str, why: str, attempt: Attempt) -> Check:
    return Check(name=name, result=_UNSEEN, evidence=f"{why}\n$ {command_line(*attempt.command)}")


def _transcript(result: CommandResult) -> str:
    return f"$ {foreign(result.command)}\n{_shown(result.output)}"


def _shown(text: str) -> str:
    """What was printed, fit to be shown. Its end says how a command ended, so a long text loses its beginning."""
    cut = f"({len(text) - _LONGEST_SHOWN} more characters before this)\n" if len(text) > _LONGEST_SHOWN else ""
    return cut + foreign(text[-_LONGEST_SHOWN:])
