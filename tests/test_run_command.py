"""Systems Manager's answers are checked for their form, and a script goes out as it is."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers.errors import OddAnswer
from onemata_helpers.parameters import Ec2Parameters
from onemata_helpers.plan import Script
from onemata_helpers.resources.base import Look
from onemata_helpers.resources.instance_config import InstanceConfig
from onemata_helpers.resources.instance_state import InstanceState, MetadataOptions
from onemata_helpers.resources.run_command import Output, managed_platform, no_report, read_by_script
from onemata_helpers.services.on_instance import OnInstances
from onemata_helpers.session import Aws
from onemata_helpers.text import is_plain
from onemata_helpers.wait import Wait

from .conftest import values
from .instance.instance_box import ASSIGNMENT

SCRIPT = Script(instance_id="i-1", purpose="Onemata reads", text="echo")
SENT = {"Command": {"CommandId": "c-1"}}
ENDED = {
    "CommandId": "c-1",
    "InstanceId": "i-1",
    "Status": "Success",
    "StandardOutputContent": "out",
    "StandardErrorContent": "",
}
ONLINE = {"InstanceId": "i-1", "PingStatus": "Online", "PlatformType": "Linux"}


class Answers(Aws):
    """An AWS that gives these answers."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers

    def call(self, service: str, operation: str, **_: Any) -> dict[str, Any]:
        return self.answers[operation]

    def _name(self, service: str, operation: str) -> str:
        return f"{service}:{operation}"


def test_the_output_is_given_back() -> None:
    found = read_by_script(Answers(send_command=SENT, get_command_invocation=ENDED), SCRIPT)
    assert found == Output("Success", "out", "")


BROKEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no command": ({}, ENDED),
    "a command that is none": ({"Command": "x"}, ENDED),
    "no id": ({"Command": {}}, ENDED),
    "no status": (SENT, {"CommandId": "c-1"}),
    "no output": (SENT, {key: value for key, value in ENDED.items() if key != "StandardOutputContent"}),
    "no error output": (SENT, {key: value for key, value in ENDED.items() if key != "StandardErrorContent"}),
    "another instance": (SENT, ENDED | {"InstanceId": "i-2"}),
    "another command": (SENT, ENDED | {"CommandId": "c-2"}),
    "an output that is no text": (SENT, ENDED | {"StandardOutputContent": 1}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_in_another_form_is_said(name: str) -> None:
    sent, invocation = BROKEN[name]
    with pytest.raises(OddAnswer, match=r"The answer to ssm:\w+ is not one of AWS's: .* Who acts: the engineer"):
        read_by_script(Answers(send_command=sent, get_command_invocation=invocation), SCRIPT)


@pytest.mark.parametrize(
    ("answer", "platform"),
    [
        ([ONLINE], "linux"),
        ([ONLINE | {"PlatformType": "Windows"}], "windows"),
        ([ONLINE | {"PlatformType": "MacOS"}], "other"),
        ([ONLINE | {"PingStatus": "ConnectionLost"}], None),
        ([], None),
    ],
)
def test_the_platform_of_an_instance_that_is_reached(answer: list[dict[str, str]], platform: str | None) -> None:
    look = Look(Answers(describe_instance_information={"InstanceInformationList": answer}))
    assert managed_platform(look, "i-1") == platform


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"InstanceInformationList": "Please sign in."},
        {"InstanceInformationList": [{}]},
        {"InstanceInformationList": [ONLINE, ONLINE | {"InstanceId": "i-2"}]},
    ],
)
def test_only_an_answer_about_the_instance_says_whether_it_is_reached(answer: dict[str, Any]) -> None:
    with pytest.raises(OddAnswer, match=r"ssm:(D|d)escribe_?(I|i)nstance"):
        managed_platform(Look(Answers(describe_instance_information=answer)), "i-1")


def test_what_a_command_printed_is_shown_in_plain_and_short() -> None:
    said = str(no_report("i-1", Output("Failed\x1b", "", "a\nb\x1b[2J\u202e" + "x" * 300_000), "No report."))
    assert is_plain(said)
    assert len(said) < 1_000


@pytest.mark.parametrize("platform", ["windows", "other"])
def test_what_is_not_linux_is_blocked_with_the_way_out(platform: str) -> None:
    look = Look(Answers())
    look.seen["Systems Manager on i-1"] = platform
    (change,) = InstanceConfig("", "i-1", "Administrator", ASSIGNMENT).changes(look)
    assert change.kind == "blocked"
    assert "configure: manual" in change.why
    assert change.calls == ()


def on_windows(**changes: Any) -> tuple[OnInstances, Look]:
    parameters = Ec2Parameters(**values("ec2", **changes))
    look = Look(Answers())
    for each in parameters.instance_ids:
        look.seen[f"instance {each}"] = InstanceState(state="running", platform="windows", metadata=MetadataOptions())
        look.seen[f"Systems Manager on {each}"] = "windows"
    return OnInstances(parameters), look


def test_manual_on_windows_gives_commands_of_the_aws_cli_and_no_block() -> None:
    here, look = on_windows(configure="manual")
    texts = [snippet.text for snippet in here.snippets(look)]
    assert any(text.startswith("aws configure get role_arn ") for text in texts)
    assert any(text.startswith("aws configure set role_arn ") for text in texts)
    assert not any("sh <<" in text for text in texts)


def test_what_must_be_refused_is_said_not_to_be_tried_on_windows() -> None:
    for configure in ("manual", "ssm"):
        here, look = on_windows(configure=configure, denied_bucket="another-bucket")
        checks = list(here.checks(look, Wait(tell=lambda _: None), patient=False))
        assert {check.result for check in checks} == {"not provable from here"}
        denials = [check for check in checks if "refused" in check.name]
        assert len(denials) == 3
        if configure == "manual":
            tried = [check.evidence for check in denials if "denied_role_arn" not in check.evidence]
            assert all(text.startswith("The refusals are not tried on Windows.") for text in tried)


def test_nothing_is_run_by_systems_manager_where_it_is_not_linux_or_not_asked_for() -> None:
    here, look = on_windows(configure="ssm")
    assert here.scripts(look) == ()
    here, look = on_windows(configure="skip")
    assert here.scripts(look) == ()
