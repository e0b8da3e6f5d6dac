"""Run a script on an instance by AWS Systems Manager, and wait for what it printed.

https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from ..errors import NotUsable
from ..plan import Call, Script
from ..redaction import foreign
from ..session import Aws
from ..text import one_line, sentence
from ..wait import Transient, Wait
from .base import Look

Platform = Literal["linux", "windows", "other"]

DOCUMENT: Final = "AWS-RunShellScript"
TIME_LIMIT = 600  # seconds
# A command that has not begun by then never will: nothing is written after we have said that it failed.
_START_SECONDS = 60

# For a moment after SendCommand the invocation is not known.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
_NOT_YET = Transient("InvocationDoesNotExist", "", "Systems Manager starts the command")
_RUNNING = ("Pending", "InProgress", "Delayed", "Cancelling")
_PLATFORMS: dict[str, Platform] = {"Linux": "linux", "Windows": "windows"}


@dataclass(frozen=True)
class Output:
    """What a script printed, and how Systems Manager says that it ended (`Success`, `Failed`, `TimedOut` …)."""

    status: str
    stdout: str
    stderr: str


def managed_platform(look: Look, instance_id: str) -> Platform | None:
    """The platform if Systems Manager reaches the instance now; None if it does not."""
    return look.once(f"Systems Manager on {instance_id}", lambda aws: _read_platform(aws, instance_id))


def send(script: Script) -> Call:
    """The call that starts a script. Its purpose is what the client sees of it in Systems Manager's history.

    The agent joins the lines with `\\n`, so only there are they parted.
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html (its lengths and limits)
    """
    arguments = {
        "InstanceIds": [script.instance_id],
        "DocumentName": DOCUMENT,
        "Comment": script.purpose,
        "TimeoutSeconds": _START_SECONDS,
        "Parameters": {"commands": script.text.split("\n"), "executionTimeout": [str(TIME_LIMIT)]},
    }
    return Call(service="ssm", operation="send_command", arguments=arguments)


def read_by_script(aws: Aws, script: Script) -> Output:
    """Run a script that only reads (its purpose begins with `calls.READS_ONLY`), and give back its output."""
    answer = aws.client("ssm").send_command(**send(script).arguments)
    return output_of(aws, answer, script.instance_id, Wait(tell=lambda _: None, longest_pause=1))


def output_of(aws: Aws, answer: dict[str, Any], instance_id: str, wait: Wait) -> Output:
    """The output of the command that SendCommand answered with.

    Raises NotUsable if it does not end in time, or if Systems Manager answers about something else.
    """
    ssm = aws.client("ssm")
    address = {"CommandId": _text(_part(answer, "Command"), "CommandId", instance_id), "InstanceId": instance_id}
    found: dict[str, Any] = {}

    def status() -> str:
        found.update(wait.retry(lambda: ssm.get_command_invocation(**address), (_NOT_YET,)))
        return "running" if _text(found, "Status", instance_id) in _RUNNING else "ended"

    wait.until(f"the command on {instance_id}", status, "ended", TIME_LIMIT)
    if any(found.get(key) != value for key, value in address.items()):
        raise _not_systems_manager(instance_id, "another command")
    texts = [_text(found, key, instance_id) for key in ("Status", "StandardOutputContent", "StandardErrorContent")]
    return Output(*texts)


def no_report(instance_id: str, output: Output, why: str) -> NotUsable:
    """The error for a script that ended without the report that it must print. `why` says what is wrong with it."""
    printed = output.stderr.strip() or output.stdout.strip() or "it printed nothing"
    last = sentence(one_line(foreign(printed.split("\n")[-1])))
    return NotUsable(
        f"The command on {instance_id} ended {one_line(foreign(output.status), 40)}: {last} {sentence(why)} Who acts: "
        "the client's admin looks at it in Systems Manager's Run Command history; then run the notebook again."
    )


def _read_platform(aws: Aws, instance_id: str) -> Platform | None:
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
    filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
    answer = aws.client("ssm").describe_instance_information(Filters=filters)
    ours = [each for each in answer.get("InstanceInformationList", []) if each.get("InstanceId") == instance_id]
    if not ours or ours[0].get("PingStatus") != "Online":
        return None
    return _PLATFORMS.get(ours[0].get("PlatformType", ""), "other")


def _part(answer: dict[str, Any], key: str) -> dict[str, Any]:
    found = answer.get(key)
    return found if isinstance(found, dict) else {}


def _text(answer: dict[str, Any], key: str, instance_id: str) -> str:
    found = answer.get(key)
    if not isinstance(found, str):
        raise _not_systems_manager(instance_id, f"no {key}")
    return found


def _not_systems_manager(instance_id: str, what: str) -> NotUsable:
    return NotUsable(
        f"Systems Manager's answer about the command on {instance_id} names {what}. Who acts: the engineer checks "
        "that the connection leads to AWS and not to a proxy; then run the notebook again."
    )
