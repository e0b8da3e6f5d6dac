"""Systems Manager's Run Command, with commands that really run on the sandbox's instance.

moto answers `Success` for commands that nobody ran, on instances that nobody manages.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from flask import request
from moto.core.responses import ActionResult
from moto.ssm import urls
from moto.ssm.exceptions import SSMException
from moto.ssm.models import Command
from moto.ssm.responses import SimpleSystemManagerResponse

from .ec2_instance import Ec2Instance
from .invocation import TIMEOUT_SECONDS, Invocation
from .machine import Machine

DOCUMENT = "AWS-RunShellScript"
"""The only document that the sandbox has."""

PRINCIPAL = "onemata.principal"
"""The key in the WSGI environment under which the gate leaves whose signature it has checked."""

COMMENT_LIMIT = 100
"""What the client sees of a command in its list is no longer than that."""

Place = tuple[str, str]
"""Account and region."""

_connected: dict[Place, dict[Ec2Instance, Callable[[], Machine]]] = defaultdict(dict)
_invocations: dict[Place, list[Invocation]] = {}


class SandboxSystemsManager(SimpleSystemManagerResponse):
    """Systems Manager's API as the sandbox serves it."""

    def describe_instance_information(self) -> ActionResult:
        """List the instances that are managed and online; moto has no such operation.

        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
        """
        wanted = _wanted(self._get_param("Filters", []))
        wanted |= _wanted(self._get_param("InstanceInformationFilterList", []))
        entries = [_information(instance) for instance in self._online()]
        return ActionResult({"InstanceInformationList": [entry for entry in entries if _matches(entry, wanted)]})

    def send_command(self) -> ActionResult:
        """Start the command and answer at once.

        Raises AWS's ValidationException, InvalidDocument, InvalidParameters and InvalidInstanceId.
        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
        """
        _refuse_unsigned()
        _check_comment(self._get_param("Comment", ""))
        ids, parameters = self._get_param("InstanceIds", []), self._get_param("Parameters", {})
        document = self._get_param("DocumentName").rpartition("/")[2]
        _check_document(document, parameters)
        online = {instance.id: instance for instance in self._online()}
        if not ids or not set(ids) <= set(online):
            where = f"not in a valid state for account {self.current_account}"
            raise SSMException("InvalidInstanceId", f"Instances [[{', '.join(ids)}]] {where}")
        command = self._new_command(document, parameters, ids)
        answer = ActionResult({"Command": command.response_object()})
        for instance_id in ids:
            instance = online[instance_id]
            _begin(Invocation(command, instance, _connected[self._here][instance]))
        return answer

    def get_command_invocation(self) -> ActionResult:
        """Show how far a command is on an instance, and what it printed.

        Raises AWS's InvocationDoesNotExist, also for a short moment after the command was sent.
        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
        """
        found = self._visible()
        if not found:
            raise SSMException("InvocationDoesNotExist", "")
        return ActionResult(found[0].details())

    def list_command_invocations(self) -> ActionResult:
        """List what runs and what ran; moto has no such operation.

        https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListCommandInvocations.html
        """
        details = self._get_bool_param("Details", False)
        entries = [invocation.summary(with_plugins=details) for invocation in self._visible()]
        return ActionResult({"CommandInvocations": entries})

    def _new_command(self, document: str, parameters: dict[str, list[str]], ids: list[str]) -> Command:
        command: Command = self.ssm_backend.send_command(
            comment=self._get_param("Comment", ""),
            document_name=document,
            timeout_seconds=self._get_int_param("TimeoutSeconds", TIMEOUT_SECONDS),
            instance_ids=[],
            max_concurrency="50",
            max_errors="0",
            notification_config=None,
            output_s3_bucket_name="",
            output_s3_key_prefix="",
            output_s3_region="",
            parameters=parameters,
            service_role_arn="",
            targets=[],
        )
        command.instance_ids = ids  # moto takes all instances when there is no target
        command.status = command.status_details = "Pending"
        return command

    @property
    def _here(self) -> Place:
        return self.current_account, self.region

    def _online(self) -> list[Ec2Instance]:
        return [instance for instance in _connected.get(self._here, ()) if instance.online]

    def _visible(self) -> list[Invocation]:
        """The invocations that the request's CommandId and InstanceId select."""
        command, instance = self._get_param("CommandId"), self._get_param("InstanceId")
        return [
            invocation
            for invocation in _invocations.get(self._here, ())
            if command in (None, invocation.command.command_id)
            and instance in (None, invocation.instance.id)
            and time.monotonic() >= invocation.visible_from
        ]


def install() -> None:
    """Let moto's server answer for Systems Manager with the class above."""
    urls.url_paths["{0}/$"] = SandboxSystemsManager.dispatch


def connect(instance: Ec2Instance, machine: Callable[[], Machine]) -> None:
    """Let commands reach the machine behind the instance."""
    place = instance.account, instance.region
    _connected[place][instance] = machine
    _invocations.setdefault(place, [])


def disconnect_all() -> None:
    """Let no command reach any instance any more, and forget those that did."""
    _connected.clear()
    _invocations.clear()


def _refuse_unsigned() -> None:
    """A command runs with the developer's rights: never take one from somebody unknown."""
    if not request.environ.get(PRINCIPAL):
        raise SSMException(
            "AccessDeniedException",
            "The sandbox runs commands only for those whose signature it has checked.",
        )


def _check_comment(comment: str) -> None:
    if len(comment) > COMMENT_LIMIT:
        raise SSMException(
            "ValidationException",
            f"1 validation error detected: Value '{comment}' at 'comment' failed to satisfy constraint: "
            f"Member must have length less than or equal to {COMMENT_LIMIT}",
        )


def _check_document(document: str, parameters: dict[str, list[str]]) -> None:
    if document != DOCUMENT:
        raise SSMException("InvalidDocument", f"Document with name {document} does not exist.")
    unknown = set(parameters) - {"commands", "workingDirectory", "executionTimeout"}
    if unknown or not parameters.get("commands"):
        raise SSMException("InvalidParameters", f"Invalid parameters for {document}.")


def _begin(invocation: Invocation) -> None:
    _invocations[invocation.instance.account, invocation.instance.region].append(invocation)
    Thread(target=invocation.run, daemon=True, name="run-command").start()


def _wanted(filters: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Both forms of the parameter: with `Key` and `Values`, and with `key` and `valueSet`."""
    lowered = ({name.lower(): value for name, value in entry.items()} for entry in filters)
    return {entry["key"]: entry.get("values") or entry["valueset"] for entry in lowered}


def _matches(entry: dict[str, Any], wanted: dict[str, list[str]]) -> bool:
    names = {"InstanceIds": "InstanceId", "PlatformTypes": "PlatformType"}
    for key, values in wanted.items():
        name = names.get(key, key)
        if name not in entry:
            raise SSMException("InvalidFilterKey", f"The sandbox does not know {key}.")
        if entry[name] not in values:
            return False
    return True


def _information(instance: Ec2Instance) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online",
        "LastPingDateTime": datetime.now(UTC),
        "AgentVersion": "3.3.987.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.record.private_ip,
        "ComputerName": instance.record.private_dns_name,
    }
