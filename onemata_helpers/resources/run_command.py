"""Run a script on an instance by AWS Systems Manager, and wait for what it printed.

https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..calls import READS_ONLY
from ..errors import NotUsable
from ..instance.quoting import Platform
from ..plan import Call
from ..session import Aws
from ..wait import Transient, Wait
from .base import Look

TIME_LIMIT = 600  # seconds
# A command that has not begun by then never will: nothing is written after we have said that it failed.
_START_SECONDS = 60

DOCUMENTS = {"linux": "AWS-RunShellScript", "windows": "AWS-RunPowerShellScript"}
# For a moment after SendCommand the invocation is not known.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
_NOT_YET = Transient("InvocationDoesNotExist", "", "Systems Manager starts the command")
_RUNNING = ("Pending", "InProgress", "Delayed", "Cancelling")


@dataclass(frozen=True)
class Output:
    """What a script printed, and how Systems Manager says that it ended (`Success`, `Failed`, `TimedOut` …)."""

    status: str
    stdout: str
    stderr: str


def managed_platform(look: Look, instance_id: str) -> Platform | None:
    """`linux` or `windows` if Systems Manager reaches the instance now; None if it does not."""
    return look.once(f"Systems Manager on {instance_id}", lambda aws: _read_platform(aws, instance_id))


def send(instance_id: str, platform: Platform, script: str, comment: str) -> Call:
    """The call that starts a script. `comment` is what the client sees of it in Systems Manager's history.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html (its lengths and limits)
    """
    arguments = {
        "InstanceIds": [instance_id],
        "DocumentName": DOCUMENTS[platform],
        "Comment": comment[:100],
        "TimeoutSeconds": _START_SECONDS,
        "Parameters": {"commands": script.splitlines(), "executionTimeout": [str(TIME_LIMIT)]},
    }
    return Call(service="ssm", operation="send_command", arguments=arguments)


def read_by_script(aws: Aws, instance_id: str, platform: Platform, script: str, what: str) -> Output:
    """Run a script that only reads, and give back its output. `what` says what it reads."""
    call = send(instance_id, platform, script, f"{READS_ONLY} {what}")
    answer = aws.client("ssm").send_command(**call.arguments)
    return output_of(aws, answer["Command"]["CommandId"], instance_id, Wait(tell=lambda _: None, longest_pause=1))


def output_of(aws: Aws, command_id: str, instance_id: str, wait: Wait) -> Output:
    """The output of a command that was started. Raises NotUsable if it does not end in time."""
    ssm = aws.client("ssm")
    found: dict[str, Any] = {}

    def status() -> str:
        address = {"CommandId": command_id, "InstanceId": instance_id}
        found.update(wait.retry(lambda: ssm.get_command_invocation(**address), (_NOT_YET,)))
        return "running" if found["Status"] in _RUNNING else "ended"

    wait.until(f"the command on {instance_id}", status, "ended", TIME_LIMIT)
    return Output(found["Status"], found["StandardOutputContent"], found["StandardErrorContent"])


def refused(instance_id: str, output: Output) -> NotUsable:
    """The error for a script that ended without the report that it should have printed."""
    printed = output.stderr.strip() or output.stdout.strip() or "it printed nothing"
    last = printed.splitlines()[-1]
    return NotUsable(
        f"The command on {instance_id} ended {output.status}: {last} Who acts: the client's admin looks at it in "
        "Systems Manager's Run Command history; then run the notebook again."
    )


def _read_platform(aws: Aws, instance_id: str) -> Platform | None:
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
    filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
    found = aws.client("ssm").describe_instance_information(Filters=filters)["InstanceInformationList"]
    if not found or found[0]["PingStatus"] != "Online":
        return None
    return "windows" if found[0].get("PlatformType") == "Windows" else "linux"
