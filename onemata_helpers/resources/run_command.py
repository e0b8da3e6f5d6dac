"""Run a script on an instance by AWS Systems Manager, and wait for what it printed.

https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import ValidationError

from ..answers import Answer, Plain, misfit
from ..errors import NotUsable, OddAnswer
from ..plan import Call, Script
from ..redaction import foreign
from ..session import Aws
from ..text import one_line, sentence
from ..wait import Transient, Wait
from .base import Look
from .role_state import same_thing

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
    call = send(script)
    answer = aws.call(call.service, call.operation, **call.arguments)
    return output_of(aws, answer, script.instance_id, Wait(tell=lambda _: None, longest_pause=1))


def output_of(aws: Aws, answer: dict[str, Any], instance_id: str, wait: Wait) -> Output:
    """The output of the command that SendCommand answered with.

    Raises NotUsable if it does not end in time, and OddAnswer if the answers are not Systems Manager's.
    """
    command_id = _command_id(answer)
    found: list[_Invocation] = []

    def status() -> str:
        found[:] = [wait.retry(lambda: _read_invocation(aws, command_id, instance_id), (_NOT_YET,))]
        return "running" if found[0].status in _RUNNING else "ended"

    wait.until(f"the command on {instance_id}", status, "ended", TIME_LIMIT)
    return Output(found[0].status, found[0].standard_output_content, found[0].standard_error_content)


def no_report(instance_id: str, output: Output, why: str) -> NotUsable:
    """The error for a script that ended without the report that it must print. `why` says what is wrong with it."""
    printed = output.stderr.strip() or output.stdout.strip() or "it printed nothing"
    last = sentence(one_line(foreign(printed.split("\n")[-1])))
    return NotUsable(
        f"The command on {instance_id} ended {one_line(foreign(output.status), 40)}: {last} {sentence(why)} Who acts: "
        "the client's admin looks at it in Systems Manager's Run Command history; then the engineer runs it again."
    )


class _Command(Answer):
    command_id: Plain


class _Sent(Answer):
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
    command: _Command


class _Invocation(Answer):
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
    command_id: Plain
    instance_id: Plain
    status: Plain
    standard_output_content: str
    standard_error_content: str


class _Managed(Answer):
    instance_id: Plain
    ping_status: Plain = ""
    platform_type: Plain = ""


class _ManagedInstances(Answer):
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
    instance_information_list: list[_Managed]


def _command_id(answer: dict[str, Any]) -> str:
    try:
        return _Sent.model_validate(answer).command.command_id
    except ValidationError as error:
        raise OddAnswer("ssm:SendCommand", misfit(error)) from None


def _read_invocation(aws: Aws, command_id: str, instance_id: str) -> _Invocation:
    address = {"CommandId": command_id, "InstanceId": instance_id}
    found = aws.ask("ssm", "get_command_invocation", _Invocation, **address)
    same_thing("ssm:GetCommandInvocation", found.command_id, command_id)
    same_thing("ssm:GetCommandInvocation", found.instance_id, instance_id)
    return found


def _read_platform(aws: Aws, instance_id: str) -> Platform | None:
    filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
    answer = aws.ask("ssm", "describe_instance_information", _ManagedInstances, Filters=filters)
    found = answer.instance_information_list
    if not found:
        return None
    for each in found:
        same_thing("ssm:DescribeInstanceInformation", each.instance_id, instance_id)
    return _PLATFORMS.get(found[0].platform_type, "other") if found[0].ping_status == "Online" else None
