"""The profile in `~/.aws/config` on an instance, looked at and added through AWS Systems Manager.

The file is the client's and may hold secrets: a script decides on the instance, and the file stays there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..calls import READS_ONLY
from ..errors import NotUsable
from ..instance.assignment import Assignment
from ..instance.reports import ConfigReport, ReportUnreadableError, parse_config_report
from ..instance.scripts import add_text, look_text
from ..plan import Change, Field, Script
from ..session import Aws
from ..wait import Wait
from .base import Look, Permission, Resource
from .run_command import Output, managed_platform, no_report, output_of, read_by_script, send

_UNREACHED = (
    "Systems Manager does not reach the instance (not managed, or its agent is not online). The client's "
    "admin connects it, or the engineer chooses configure: manual."
)
_NOT_LINUX = "What runs by Systems Manager is for Linux only. The engineer chooses configure: manual for this instance."


@dataclass(frozen=True)
class InstanceConfig(Resource):
    """One profile in the `~/.aws/config` of one user on one instance. The rest of the file stays as it is."""

    instance_id: str
    user: str
    assignment: Assignment = field(repr=False)

    @staticmethod
    def permissions(instance_arns: tuple[str, ...], document_arn: str) -> tuple[Permission, ...]:
        """What running scripts on the instances takes."""
        return (
            Permission(("ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation")),
            Permission(("ssm:SendCommand",), (*instance_arns, document_arn)),
        )

    @property
    def key(self) -> str:
        return f"profile {self.assignment.section.name} of {self.user} on {self.instance_id}"

    @property
    def look_script(self) -> Script:
        """The script that only looks."""
        return self._script(f"{READS_ONLY} whether its profile is in ~/.aws/config", look_text)

    @property
    def add_script(self) -> Script:
        """The script that adds the profile where there is none. Run twice, it does nothing."""
        return self._script("Onemata adds its profile to ~/.aws/config", add_text)

    def changes(self, look: Look) -> list[Change]:
        platform = managed_platform(look, self.instance_id)
        if platform != "linux":
            return [self.change("blocked", _NOT_LINUX if platform else _UNREACHED)]
        report = ConfigReport(**look.once(f"~/.aws/config of {self.user} on {self.instance_id}", self._read))
        if report.state == "same":
            return [self.change("nothing", "The profile is there already, with the right settings.")]
        if report.state == "absent":
            return [self._addition(report)]
        return [self.change("blocked", report.why)]

    def removal(self, look: Look) -> list[Change]:
        why = (
            "The file is the client's: a profile that was added stays in it, and gives no access once the role is gone."
        )
        return [self.change("keep", why)]

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the script has ended. Raises NotUsable with its own words if it refused."""
        if not answer:
            return  # the answer was lost, and a look showed the profile
        report = self._parsed(output_of(aws, answer, self.instance_id, wait))
        if report.outcome not in ("added", "nothing"):
            raise NotUsable(f"{self.key}: {report.why} Then the engineer runs it again.")

    def _read(self, aws: Aws) -> dict[str, Any]:
        return asdict(self._parsed(read_by_script(aws, self.look_script)))

    def _parsed(self, output: Output) -> ConfigReport:
        try:
            return parse_config_report(output.stdout, self.assignment)
        except ReportUnreadableError as error:
            raise no_report(self.instance_id, output, str(error)) from None

    def _addition(self, report: ConfigReport) -> Change:
        where = (
            "It is added at the end; the rest of the file stays as it is, with a backup beside it."
            if report.exists
            else "The file does not exist yet, and is created."
        )
        why = f"With this profile the AWS CLI on the instance acts as Onemata's role. {where}"
        section = Field(name=f"section in {report.path}", after=self.assignment.section.render())
        return self.change("add", why, send(self.add_script), fields=(section,))

    def _script(self, purpose: str, text: Callable[[str, Assignment], str]) -> Script:
        return Script(instance_id=self.instance_id, purpose=purpose, text=text(self.user, self.assignment))
