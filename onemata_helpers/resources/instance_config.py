"""The profile in `~/.aws/config` on an instance, read and written through AWS Systems Manager.

The file is the client's and may hold secrets: they are hidden on the instance before the rest travels here,
what it says is compared here and never kept in a record, and only the section that is added travels back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import NotUsable
from ..instance.aws_config import Decision, decide
from ..instance.profile_section import ProfileSection
from ..instance.quoting import Platform
from ..instance.reports import ConfigReport, ReportUnreadableError, parse_config_report
from ..instance.scripts import read_config, write_config
from ..plan import Change, Field
from ..session import Aws
from ..wait import Wait
from .base import Look, Permission, Resource
from .run_command import Output, managed_platform, output_of, read_by_script, refused, send


@dataclass(frozen=True)
class InstanceConfig(Resource):
    """One profile in the `~/.aws/config` of one user on one instance. The rest of the file stays as it is."""

    instance_id: str
    user: str
    section: ProfileSection = field(repr=False)

    @staticmethod
    def permissions(instance_arns: tuple[str, ...], document_arns: tuple[str, ...]) -> tuple[Permission, ...]:
        """What running scripts on the instances takes."""
        return (
            Permission(("ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation")),
            Permission(("ssm:SendCommand",), (*instance_arns, *document_arns)),
        )

    @property
    def key(self) -> str:
        return f"profile {self.section.name} of {self.user} on {self.instance_id}"

    def changes(self, look: Look) -> list[Change]:
        platform = managed_platform(look, self.instance_id)
        if platform is None:
            why = (
                "Systems Manager does not reach the instance (not managed, or its agent is not online). The client's "
                "admin mends that, or the engineer chooses configure: manual."
            )
            return [self.change("blocked", why)]
        report = self._report(look, platform)
        if report.exists and report.content is None:
            return [self.change("blocked", report.refusal)]
        decision = decide(report.content, self.section)
        if decision.action == "nothing":
            return [self.change("nothing", decision.sentence)]
        if decision.action == "blocked" or report.refusal:
            return [self._blocked(decision, report)]
        return [self._addition(decision, report, platform)]

    def removal(self, look: Look) -> list[Change]:
        why = "The file is the client's: the profile stays in it, and gives no access once the role is gone."
        return [self.change("keep", why)]

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the script has ended. Raises NotUsable with its own words if it refused."""
        output = output_of(aws, answer["Command"]["CommandId"], self.instance_id, wait)
        report = _parsed(self.instance_id, output)
        if report.outcome not in ("written", "nothing"):
            raise NotUsable(f"{self.key}: {report.refusal} Then run the notebook again.")

    def _report(self, look: Look, platform: Platform) -> ConfigReport:
        """What is there. The file's content stays out of what a plan or a record shows."""

        def read(aws: Aws) -> ConfigReport:
            script = read_config(platform, self.user)
            output = read_by_script(aws, self.instance_id, platform, script, f"the AWS configuration of {self.user}")
            return _parsed(self.instance_id, output)

        report = look.once_unseen(self.key, read)
        shown = {name: value for name, value in asdict(report).items() if name != "content"}
        look.once(f"~/.aws/config of {self.user} on {self.instance_id}", lambda _: shown)
        return report

    def _blocked(self, decision: Decision, report: ConfigReport) -> Change:
        fields = tuple(Field(name=each.key, before=each.found, after=each.wanted) for each in decision.differences)
        why = decision.sentence if decision.action == "blocked" else report.refusal
        return self.change("blocked", why, fields=fields)

    def _addition(self, decision: Decision, report: ConfigReport, platform: Platform) -> Change:
        if decision.addition is None:
            raise TypeError("a decision to add has an addition")
        script = write_config(platform, self.user, report.sha256, decision.addition)
        call = send(self.instance_id, platform, script, f"Onemata adds the profile {self.section.name}")
        why = f"With this profile the AWS CLI on the instance acts as Onemata's role. {self._file(report)}"
        section = Field(name=f"section in {report.path}", after=self.section.render())
        return self.change("add", why, call, fields=(section,))

    def _file(self, report: ConfigReport) -> str:
        if not report.exists:
            return "The file does not exist yet, and is created."
        return "It is added at the end; the rest of the file stays as it is, with a backup beside it."


def _parsed(instance_id: str, output: Output) -> ConfigReport:
    try:
        return parse_config_report(output.stdout)
    except ReportUnreadableError:
        raise refused(instance_id, output) from None
