"""EC2 proven from the instance: the real AWS CLI, run there, and nothing passes that was not seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import Runbook, policies, sandbox
from onemata_helpers.calls import READS_ONLY
from onemata_helpers.errors import PlanBlocked, RunFailed
from onemata_helpers.instance.scripts import manual_block
from onemata_helpers.location import Location
from onemata_helpers.parameters import Ec2Parameters
from onemata_helpers.permissions import unscoped
from onemata_helpers.resources.base import Look
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.instance.machine import AWS_CLI
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.services.on_instance import OnInstances
from onemata_helpers.session import Aws
from onemata_helpers.wait import Wait

from .account import give_foreign_profile, inline_name
from .conftest import STEPS, Run, run, values

PATIENT = Wait(tell=lambda _: None, seconds=60, longest_pause=0.3)
IMPATIENT = Wait(tell=lambda _: None, seconds=0.1)
PASTED = (
    "$ aws sts get-caller-identity --profile onemata-ec2\n"
    f'{{"Arn": "arn:aws:sts::{world.ONEMATA_ACCOUNT}:assumed-role/{world.ONEMATA_ROLE}/botocore-session-1"}}\n'
    "$ aws s3 ls s3://onemata-example-data/example-client/ --profile onemata-ec2\n"
    "                           PRE 2021-02-10/\n"
)
CONFIG = f"profile onemata-ec2 of ec2-user on {sandbox.INSTANCE_ID}"
SSM: dict[str, Any] = {
    "configure": "ssm",
    "denied_bucket": sandbox.OTHER_BUCKET,
    "denied_role_arn": world.OTHER_ROLE_ARN,
}


SECTION = (
    "[profile onemata-ec2]\n"
    f"role_arn = {sandbox.ONEMATA_ROLE_ARN}\n"
    "credential_source = Ec2InstanceMetadata\n"
    f"external_id = {sandbox.EXTERNAL_ID}\n"
    "region = us-east-1\n"
)


def ec2(action: str = "apply", wait: Wait = PATIENT, **changes: Any) -> Run:
    return run("ec2", action, wait, **(SSM | changes))


def set_up() -> None:
    """All is applied, and not yet proven."""
    book = Runbook("ec2", values("ec2", action="apply", **SSM), PATIENT)
    for step in ("connect", "plan", "apply"):
        getattr(book, step)()


def put_in_place(aws: Sandbox) -> None:
    """The same, with what was seen to be written put there, which costs no start of the AWS CLI."""
    assert run("ec2").error is None
    config = aws.instance.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(SECTION)


def evidence(result: Run) -> str:
    return "\n".join(check.evidence for check in result.record.checks)


def test_it_ends_verified_with_the_output_of_the_two_commands(aws: Sandbox) -> None:
    done = ec2()
    assert done.error is None
    assert done.record.outcome == "verified"
    assert "$ aws sts get-caller-identity --profile onemata-ec2" in evidence(done)
    assert f"assumed-role/{world.ONEMATA_ROLE}/botocore-session-" in evidence(done)
    assert "$ aws s3 ls s3://onemata-example-data/example-client/ --profile onemata-ec2" in evidence(done)
    assert "README.txt" in evidence(done)
    names = [check.name for check in done.record.checks]
    for refused in ("without the external ID", "another role", "another bucket"):
        assert any(refused in name for name in names)
    written = (aws.instance.home / ".aws" / "config").read_text()
    assert written == SECTION


def test_so_it_does_with_an_aws_cli_that_is_started_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox.start(operator_policy=unscoped(), cli=AWS_CLI) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        test_it_ends_verified_with_the_output_of_the_two_commands(box)


def test_a_second_apply_writes_nothing_and_verify_proves_it_again(aws: Sandbox) -> None:
    set_up()
    assert ec2().writes == []
    again = ec2("verify")
    assert again.record.outcome == "verified"
    assert again.writes == []


def test_the_plan_shows_the_section_and_keeps_the_rest_of_the_file(aws: Sandbox) -> None:
    config = aws.instance.home / ".aws" / "config"
    config.parent.mkdir()
    theirs = "# ours\n[default]\nregion = eu-west-1\naws_secret_access_key = correct-horse-battery-staple"
    config.write_text(theirs)
    planned = ec2("plan")
    assert planned.writes == []
    assert config.read_text() == theirs
    assert "[profile onemata-ec2]" in planned.shown["plan"]

    done = ec2()
    assert done.record.outcome == "verified"
    assert config.read_text().startswith(theirs + "\n\n[profile onemata-ec2]\n")
    assert [path.read_text() for path in config.parent.glob("*.bak")] == [theirs]
    for result in (planned, done):
        assert "correct-horse" not in result.record.model_dump_json()
        assert "Y29ycmVjdC1ob3JzZ" not in result.record.model_dump_json()


def test_what_runs_on_the_instance_is_what_the_service_says(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        sent.append(params)

    make, sessions = Aws.client, set[Aws]()

    def client(self: Aws, service: str, **settings: Any) -> Any:
        sessions.add(self)
        made = make(self, service, **settings)
        made.meta.events.register("provide-client-params.ssm.SendCommand", note, unique_id="note")
        return made

    monkeypatch.setattr(Aws, "client", client)
    book = Runbook("ec2", values("ec2", action="apply", **SSM), PATIENT)
    book.connect()
    book.plan()
    said = {each.text: each.purpose for each in book.service.scripts(Look(sessions.pop()))}
    assert len(said) == 3
    assert all(purpose.startswith(READS_ONLY) and len(purpose) <= 100 for purpose in said.values())
    plan = book.recorder.record.plan
    assert plan
    added = [
        call.arguments["Parameters"]["commands"]
        for change in plan.changes
        for call in change.calls
        if call.operation == "send_command"
    ]
    book.apply()
    book.verify()
    run = {"\n".join(each["Parameters"]["commands"]): each["Comment"] for each in sent}
    (addition,) = ("\n".join(lines) for lines in added)
    assert run.pop(addition) == "Onemata adds its profile to ~/.aws/config"
    assert run == said


def test_a_profile_of_that_name_with_other_content_blocks_and_shows_the_difference(aws: Sandbox) -> None:
    config = aws.instance.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile onemata-ec2]\nrole_arn = arn:aws:iam::987654321098:role/other\n")
    blocked = ec2()
    assert isinstance(blocked.error, PlanBlocked)
    assert "role_arn is 'arn:aws:iam::987654321098:role/other'" in str(blocked.error)
    assert blocked.writes == []


def test_a_secret_in_such_a_profile_is_not_shown(aws: Sandbox) -> None:
    config = aws.instance.home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(
        "[profile onemata-ec2]\naws_secret_access_key = correct-horse\ncredential_process = cat battery\n"
    )
    blocked = ec2("plan")
    text = blocked.record.model_dump_json() + str(blocked.error) + str(blocked.shown)
    assert "aws_secret_access_key" in text
    assert "correct-horse" not in text
    assert "battery" not in text


def test_an_instance_that_ssm_does_not_reach_blocks_with_the_way_out(aws: Sandbox) -> None:
    aws.instance.managed = False
    blocked = ec2()
    assert isinstance(blocked.error, PlanBlocked)
    assert "configure: manual" in str(blocked.error)


def test_a_replacement_that_would_cost_ssm_is_said_before_it_happens(aws: Sandbox) -> None:
    give_foreign_profile(aws)
    aws.instance.managed = False
    blocked = ec2(on_existing_profile="replace")
    assert isinstance(blocked.error, PlanBlocked)
    assert "Systems Manager reaches the instance through its present profile" in str(blocked.error)


def test_manual_gives_a_block_and_judges_what_is_pasted_back(aws: Sandbox) -> None:
    book = Runbook("ec2", values("ec2", action="apply", configure="manual"), PATIENT)
    shown = {step: str(getattr(book, step)()) for step in STEPS[:-1]}
    assert "paste this into a shell" in shown["hand_over"]
    assert "not provable from here" in shown["verify"]
    book.judge({sandbox.INSTANCE_ID: PASTED})
    assert "APPLIED" in str(book.finish())  # what must be refused was not tried


def test_manual_ends_verified_when_the_block_proves_all(aws: Sandbox) -> None:
    given = values("ec2", action="apply", **(SSM | {"configure": "manual"}))
    book = Runbook("ec2", given, PATIENT)
    shown = {step: str(getattr(book, step)()) for step in STEPS[:-1]}
    block = manual_block(OnInstances(Ec2Parameters(**given)).assignment)
    assert block.strip() in shown["hand_over"]
    printed = aws.instance.machine.run(f"HOME={aws.instance.home}\nexport HOME\n{block}", timeout=60).stdout
    book.judge({sandbox.INSTANCE_ID: printed})
    assert "VERIFIED" in str(book.finish()), printed


def test_manual_ends_verified_only_without_the_negative_checks(aws: Sandbox) -> None:
    book = Runbook("ec2", values("ec2", action="apply", configure="manual", negative_checks=False), PATIENT)
    for step in STEPS[:-1]:
        getattr(book, step)()
    book.judge({sandbox.INSTANCE_ID: PASTED})
    assert "VERIFIED" in str(book.finish())


def test_a_paste_never_stands_in_for_a_proof(aws: Sandbox) -> None:
    set_up()
    no_read_on_onematas_side(aws)
    book = Runbook("ec2", values("ec2", action="verify", **SSM), IMPATIENT)
    for step in STEPS[:-1]:
        getattr(book, step)()
    with pytest.raises(RunFailed, match="only with configure: manual"):
        book.judge({sandbox.INSTANCE_ID: PASTED})
    assert book.recorder.record.outcome == "failed"


def test_nothing_pasted_is_nothing_proven(aws: Sandbox) -> None:
    assert run("ec2", configure="manual").record.outcome == "applied"


# One thing is broken at a time, after a good apply. None of them may end verified.


def no_inline_policy(aws: Sandbox) -> None:
    aws.client("iam").delete_role_policy(RoleName="onemata-ec2", PolicyName=inline_name(aws, "onemata-ec2"))


def onemata_trusts(**conditions: Any) -> Callable[[Sandbox], None]:
    """Onemata's role trusts the client's account under these conditions."""

    def damage(aws: Sandbox) -> None:
        principal = {"AWS": f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": conditions}
        aws.client("iam", account=world.ONEMATA_ACCOUNT).update_assume_role_policy(
            RoleName=world.ONEMATA_ROLE, PolicyDocument=json.dumps(policies.document(statement))
        )

    return damage


def rewritten(old: str, new: str) -> Callable[[Sandbox], None]:
    """The file on the instance says something else."""

    def damage(aws: Sandbox) -> None:
        config = aws.instance.home / ".aws" / "config"
        assert old in config.read_text()
        config.write_text(config.read_text().replace(old, new))

    return damage


def not_attached(aws: Sandbox) -> None:
    client = aws.client("ec2")
    for each in client.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]:
        client.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
    client.describe_iam_instance_profile_associations()


def no_read_on_onematas_side(aws: Sandbox) -> None:
    """Within Onemata's account the role's own policy opens the bucket."""
    aws.client("iam", account=world.ONEMATA_ACCOUNT).delete_role_policy(
        RoleName=world.ONEMATA_ROLE, PolicyName="read-delivery"
    )
    aws.client("s3", account=world.ONEMATA_ACCOUNT).delete_bucket_policy(Bucket=sandbox.BUCKET)


def imds_off(aws: Sandbox) -> None:
    aws.client("ec2").modify_instance_metadata_options(InstanceId=sandbox.INSTANCE_ID, HttpEndpoint="disabled")


def another_bucket_is_open(aws: Sandbox) -> None:
    document = policies.s3_read("aws", Location(sandbox.OTHER_BUCKET), "")
    aws.client("iam", account=world.ONEMATA_ACCOUNT).put_role_policy(
        RoleName=world.ONEMATA_ROLE, PolicyName="too-wide", PolicyDocument=json.dumps(document)
    )


def another_role_is_open(aws: Sandbox) -> None:
    aws.client("iam").put_role_policy(
        RoleName="onemata-ec2", PolicyName="too-wide", PolicyDocument=json.dumps(policies.assume_role("*"))
    )


EXTERNAL = {"sts:ExternalId": sandbox.EXTERNAL_ID}
OTHERS_ROLE = "arn:aws:iam::987654321098:role/onemata-delivery-another"
BROKEN: dict[str, tuple[Callable[[Sandbox], None], str]] = {
    "no inline policy": (no_inline_policy, "AccessDenied"),
    "trust names another principal": (
        onemata_trusts(ArnEquals={"aws:PrincipalArn": "arn:aws:iam::012345670123:role/x"}, StringEquals=EXTERNAL),
        "AccessDenied",
    ),
    "trust asks for another external ID": (onemata_trusts(StringEquals={"sts:ExternalId": "other"}), "external"),
    "external ID missing in the section": (rewritten("external_id", "# external_id"), "external"),
    "trust asks for no external ID": (onemata_trusts(), "a finding"),
    "profile not attached": (not_attached, "no role to give"),
    "wrong case of credential_source": (rewritten("Ec2InstanceMetadata", "EC2InstanceMetadata"), "letter for letter"),
    "section without profile": (rewritten("[profile onemata-ec2]", "[onemata-ec2]"), "AWS tools ignore"),
    "no read access on Onemata's side": (no_read_on_onematas_side, "AccessDenied"),
    "metadata service off": (imds_off, "switched off"),
    "role of the same name in another account": (
        rewritten("iam::987654321098", "iam::012345670123"),
        "role_arn",
    ),
    "another bucket of Onemata's is open": (another_bucket_is_open, "a finding"),
    "another role of Onemata's is open": (another_role_is_open, "a finding"),
}


# In these the instance still gets Onemata's role; what is wrong is what else it gets, or does not.
IDENTITY_STANDS = {
    "trust asks for no external ID",
    "no read access on Onemata's side",
    "another bucket of Onemata's is open",
    "another role of Onemata's is open",
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_is_broken_never_ends_verified(aws: Sandbox, name: str) -> None:
    damage, said = BROKEN[name]
    put_in_place(aws)
    damage(aws)
    broken = ec2("verify", IMPATIENT)
    assert broken.record.outcome == "failed"
    failed = [check for check in broken.record.checks if check.result == "failed"]
    assert failed
    assert said.lower() in "\n".join(check.evidence for check in failed).lower()
    (identity,) = [check for check in broken.record.checks if check.name.endswith("assumes Onemata's role")]
    assert identity.result == ("proven" if name in IDENTITY_STANDS else "failed")


def test_a_role_just_created_is_waited_for(aws: Sandbox) -> None:
    aws.propagation_seconds = 3
    assert ec2().record.outcome == "verified"


def test_a_role_that_takes_too_long_is_not_called_a_success(aws: Sandbox) -> None:
    aws.propagation_seconds = 60
    assert ec2(wait=Wait(tell=lambda _: None, seconds=2)).record.outcome == "failed"


def test_without_the_negative_checks_it_takes_an_explicit_key(aws: Sandbox) -> None:
    unnamed = ec2(denied_bucket="", denied_role_arn="")
    assert unnamed.record.outcome == "applied"
    said = [check.evidence for check in unnamed.record.checks if "refused another" in check.name]
    for each, (what, key) in zip(said, (("role", "denied_role_arn"), ("bucket", "denied_bucket")), strict=True):
        assert each.startswith(f"Onemata names another {what} in {key}, or the client goes without (")
    named = ec2("verify", negative_checks=False)
    assert named.record.outcome == "verified"
    assert not any("refused" in check.name for check in named.record.checks)


def test_a_profile_that_was_deleted_and_made_again_is_attached_anew(aws: Sandbox) -> None:
    in_use = run("ec2")
    assert in_use.record.outcome == "applied"
    iam = aws.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName="onemata-ec2", RoleName="onemata-ec2")
    iam.delete_instance_profile(InstanceProfileName="onemata-ec2")
    first, second = ec2(), ec2()
    assert first.record.outcome == "verified"
    assert second.record.outcome == "verified"
    assert second.writes == []


def test_metadata_options_are_said_before_the_apply(aws: Sandbox) -> None:
    imds_off(aws)
    assert "switched off" in ec2("plan").shown["plan"]
    aws.client("ec2").modify_instance_metadata_options(
        InstanceId=sandbox.INSTANCE_ID, HttpEndpoint="enabled", HttpTokens="required", HttpPutResponseHopLimit=1
    )
    shown = ec2("plan").shown["plan"]
    assert "IMDSv2 only" in shown
    assert "hop limit 1" in shown
