"""Proofs from the instance: the guide's two commands, run there by Systems Manager, and what must be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from ..checks import Check
from ..instance.denied import judge_denied
from ..instance.metadata import judge_metadata
from ..instance.paste import judge_paste
from ..instance.profile_section import ProfileSection
from ..instance.proof import Verdict, judge_identity, judge_listing
from ..instance.quoting import Platform
from ..instance.reports import (
    CommandResult,
    ProofReport,
    ReportUnreadableError,
    parse_denied_report,
    parse_proof_report,
)
from ..instance.scripts import denied_commands, proof_commands
from ..parameters import Ec2Parameters
from ..resources.base import Look
from ..resources.run_command import managed_platform, read_by_script, refused
from ..session import Aws
from ..wait import Wait

R = TypeVar("R")
_UNSEEN: Final = "not provable from here"

_DENIED = {
    "no_external_id": "is refused Onemata's role without the external ID",
    "other_role": "is refused another role of Onemata's",
    "other_bucket": "is refused another bucket of Onemata's",
}


@dataclass(frozen=True)
class InstanceProof:
    """What one instance can do with the profile, seen from the instance itself."""

    instance_id: str
    parameters: Ec2Parameters
    section: ProfileSection

    @property
    def identity(self) -> str:
        """Name of the check for the guide's first command."""
        return f"{self.instance_id} assumes Onemata's role"

    @property
    def listing(self) -> str:
        """Name of the check for the guide's second command."""
        return f"{self.instance_id} lists Onemata's bucket"

    def by_command(self, look: Look, wait: Wait, *, patient: bool) -> list[Check]:
        """The checks, by running the commands. With `patient`, until they succeed or the time is up."""
        platform = managed_platform(look, self.instance_id)
        if platform is None:
            return self.unseen("Systems Manager does not reach the instance, so nothing can be run there.")

        def prove() -> list[Check]:
            return self._positive(self._report(look.aws, platform))

        saying = f"{self.instance_id} cannot use what was just made yet"
        checks = wait.patiently(saying, prove, _all_proven) if patient else prove()
        denials = self._negative(look.aws, platform)
        return checks + (denials if _all_proven(checks) else [_says_nothing(each) for each in denials])

    def by_paste(self, text: str) -> list[Check]:
        """The checks, from what a person pasted."""
        p = self.parameters
        identity, listing = judge_paste(text, p.onemata_role_arn, p.bucket, p.prefix, self.section.name)
        return [_check(self.identity, identity, text), _check(self.listing, listing, text)]

    def unseen(self, why: str) -> list[Check]:
        """All the checks, not made."""
        names = [self.identity, self.listing, *(self._denied(key) for key in self._due_denials())]
        return [Check(name=each, result=_UNSEEN, evidence=why) for each in names]

    def _report(self, aws: Aws, platform: Platform) -> ProofReport:
        p = self.parameters
        script = proof_commands(platform, p.instance_user, self.section.name, p.bucket, p.prefix)
        return self._run(aws, platform, script, "its own identity and Onemata's bucket", parse_proof_report)

    def _positive(self, report: ProofReport) -> list[Check]:
        p = self.parameters
        identity = judge_identity(report.identity.output, p.onemata_role_arn, report.identity.exit_code)
        listing = judge_listing(report.listing.output, report.listing.exit_code, p.bucket, p.prefix)
        metadata = judge_metadata(report.metadata, report.aws_version)
        checks = [
            _check(self.identity, identity, _transcript(report.identity)),
            _check(self.listing, listing, _transcript(report.listing)),
        ]
        if identity.outcome == "proven" and metadata.outcome != "proven":
            return checks  # whatever the probe says, credentials came
        return [_check(f"{self.instance_id} has credentials from its metadata service", metadata, ""), *checks]

    def _negative(self, aws: Aws, platform: Platform) -> list[Check]:
        p = self.parameters
        due = self._due_denials()
        if not due:
            return []
        script = denied_commands(platform, p.instance_user, self.section, p.denied_role_arn, p.denied_bucket)
        tried = self._run(aws, platform, script, "whether what must be refused is refused", parse_denied_report)
        return [self._denial(key, tried.get(key)) for key in due]

    def _due_denials(self) -> list[str]:
        """What must be tried and refused; nothing only by an explicit key."""
        p = self.parameters
        if not p.negative_checks:
            return []
        return [key for key in _DENIED if key != "no_external_id" or p.onemata_external_id]

    def _denied(self, key: str) -> str:
        return f"{self.instance_id} {_DENIED[key]}"

    def _denial(self, key: str, result: CommandResult | None) -> Check:
        name = self._denied(key)
        if result is not None:
            return _check(name, judge_denied(result, key), f"{self._tried(key)}\n{_transcript(result)}")
        parameter = {"other_role": "denied_role_arn", "other_bucket": "denied_bucket"}[key]
        evidence = f"Onemata names one in {parameter}, or the client goes without (negative_checks: false)."
        return Check(name=name, result=_UNSEEN, evidence=evidence)

    def _tried(self, key: str) -> str:
        p = self.parameters
        role = f"With the role {p.onemata_role_arn} and no external ID:"
        return {"no_external_id": role, "other_role": f"With the role {p.denied_role_arn}:", "other_bucket": ""}[key]

    def _run(self, aws: Aws, platform: Platform, script: str, what: str, parse: Callable[[str], R]) -> R:
        output = read_by_script(aws, self.instance_id, platform, script, what)
        try:
            return parse(output.stdout)
        except ReportUnreadableError:
            raise refused(self.instance_id, output) from None


def _all_proven(checks: list[Check]) -> bool:
    return all(check.result == "proven" for check in checks)


def _says_nothing(denial: Check) -> Check:
    """A refusal proves something only where the right role, external ID and bucket work."""
    if denial.result != "proven":
        return denial
    evidence = f"It is refused, but so is what must work: this says something only then.\n{denial.evidence}"
    return denial.model_copy(update={"result": _UNSEEN, "evidence": evidence})


def _check(name: str, verdict: Verdict, seen: str) -> Check:
    result = verdict.outcome if verdict.outcome != "unclear" else _UNSEEN
    return Check(name=name, result=result, evidence=f"{verdict.sentence}\n{seen.strip()}".strip())


def _transcript(result: CommandResult) -> str:
    return f"$ {result.command}\n{result.output}"
