"""One command on the sandbox's instance, from its start to its end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ssm.models import Command

from .ec2_instance import Ec2Instance
from .machine import Completed, Machine

TIMEOUT_SECONDS = 3600
INVISIBLE_SECONDS = 0.2
"""For that long after it was sent, a command cannot be found."""

_PREVIEW_LIMIT = 2500


@dataclass(eq=False)
class Invocation:
    """One command on one instance, whose machine is there when it is first needed.

    `result` stays None until it has ended.
    """

    command: Command
    instance: Ec2Instance
    machine: Callable[[], Machine]
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    visible_from: float = field(default_factory=lambda: time.monotonic() + INVISIBLE_SECONDS)
    result: Completed | None = None
    elapsed: timedelta = timedelta()

    def run(self) -> None:
        """Run the command to its end, as the agent does."""
        result = self._execute()
        self.elapsed = datetime.now(UTC) - self.started
        self.command.status = self.command.status_details = _status(result)
        self.result = result

    def details(self) -> dict[str, Any]:
        """The answer of GetCommandInvocation."""
        result = self.result
        shown = result or Completed(-1, "", "")
        status = _status(result)
        return {
            "CommandId": self.command.command_id,
            "InstanceId": self.instance.id,
            "Comment": self.command.comment,
            "DocumentName": self.command.document_name,
            "DocumentVersion": "$DEFAULT",
            "PluginName": "aws:runShellScript",
            "ResponseCode": shown.exit_code,
            "ExecutionStartDateTime": _time(self.started),
            "ExecutionElapsedTime": f"PT{self.elapsed.total_seconds():.3f}S" if result else "",
            "ExecutionEndDateTime": _time(self.started + self.elapsed) if result else "",
            "Status": status,
            "StatusDetails": "ExecutionTimedOut" if status == "TimedOut" else status,
            "StandardOutputContent": shown.stdout,
            "StandardErrorContent": shown.stderr,
            "StandardOutputUrl": "",
            "StandardErrorUrl": "",
        }

    def summary(self, *, with_plugins: bool) -> dict[str, Any]:
        """The entry in ListCommandInvocations."""
        details = self.details()
        keys = ("CommandId", "InstanceId", "Comment", "DocumentName", "Status", "StatusDetails")
        plugin = {
            "Name": details["PluginName"],
            "Status": details["Status"],
            "StatusDetails": details["StatusDetails"],
            "ResponseCode": details["ResponseCode"],
            "Output": details["StandardOutputContent"][:_PREVIEW_LIMIT],
        }
        return {key: details[key] for key in keys} | {
            "RequestedDateTime": self.started,
            "CommandPlugins": [plugin] if with_plugins else [],
        }

    def _execute(self) -> Completed:
        parameters = self.command.parameters
        try:
            result = self.machine().run(
                "\n".join(parameters["commands"]) + "\n",
                timeout=float(_only(parameters, "executionTimeout") or TIMEOUT_SECONDS),
                directory=_only(parameters, "workingDirectory"),
            )
        except OSError as error:
            return Completed(1, "", str(error))
        return _with_agents_note(result)


def _status(result: Completed | None) -> str:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html"""
    if result is None:
        return "InProgress"
    if result.timed_out:
        return "TimedOut"
    return "Failed" if result.exit_code else "Success"


def _with_agents_note(result: Completed) -> Completed:
    """SSM's agent adds a line to stderr when a command failed."""
    if result.timed_out or not result.exit_code:
        return result
    note = f"failed to run commands: exit status {result.exit_code}"
    return replace(result, stderr=f"{result.stderr}{note}")


def _only(parameters: dict[str, list[str]], name: str) -> str:
    return "".join(parameters.get(name, [])[:1])


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
