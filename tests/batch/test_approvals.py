"""Plans that are approved one by one, in a file or by digest: exactly these are applied."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onemata_helpers import execute
from onemata_helpers.batch import commands
from onemata_helpers.batch.approvals import ApprovalsNotWritten, read_approvals
from onemata_helpers.batch.commands import NotApproved
from onemata_helpers.errors import ParameterError
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.sandbox.server import Sandbox

from .conftest import Approval, How, Planning, Which, client, in_this_process, records

HOW = How()
FILE = Path("approvals.yaml")
HEAD = 'approved_by: a\napproval_reference: b\nshown: "2026-01-01T00:00:00.000+00:00"\naction: apply\n'


def planned(folders: list[Path], *, remove: bool = False) -> None:
    """All plans are written to the file."""
    assert commands.plan(Which(folders), HOW, Planning(write_approvals=FILE, remove=remove))


def sign(by: str = "Jane O'Neil (CTO)", reference: str = "https://tickets.example.com/OPS-12?x=1#c2") -> None:
    """A person fills in the two lines."""
    text = FILE.read_text()
    text = text.replace('approved_by: ""', f'approved_by: "{by}"', 1)
    FILE.write_text(text.replace('approval_reference: ""', f'approval_reference: "{reference}"', 1))


def strike(line: str) -> None:
    """A person strikes a line out."""
    text = FILE.read_text()
    assert f"\n  {line}" in text
    FILE.write_text(text.replace(f"\n  {line}", f"\n#  {line}"))


def apply_file(folders: list[Path]) -> bool:
    return commands.change(Which(folders), HOW, "apply", Approval(approved=FILE))


def roles(aws: Sandbox) -> set[str]:
    found = {role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}
    return {name.removeprefix("AWSGlueServiceRole-") for name in found if name.startswith("AWSGlueServiceRole-")}


def test_what_is_approved_is_applied_and_what_is_struck_out_is_left_alone(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [client(tmp_path, name) for name in ("acme", "bolt", "core")]
    planned(folders)
    text = FILE.read_text()
    assert text.count("# 3. onemata apply CLIENT_DIR... --approved approvals.yaml") == 1
    assert "  # acme/glue in account 012345670123, us-east-1. Plan: 3 to add, 0 to change, 0 to remove.\n" in text
    assert "  #   + create: role AWSGlueServiceRole-acme\n" in text
    assert "AKIA" not in text
    sign()
    strike("bolt/glue")
    capsys.readouterr()
    assert apply_file(folders)
    assert roles(aws) == {"acme", "core"}
    assert "NOT APPROVED bolt: glue not approved" in capsys.readouterr().out
    record = records(tmp_path)["acme/glue"][-1]
    assert (record.outcome, record.action) == ("applied", "apply")
    assert record.approved_by == "Jane O'Neil (CTO)"
    assert record.approval_reference == "https://tickets.example.com/OPS-12?x=1#c2"
    assert record.parameters["approved_plan"] == record.plan_digest


def test_what_runs_on_instances_and_what_a_proof_costs_is_approved_too(aws: Sandbox, tmp_path: Path) -> None:
    planned([client(tmp_path, "acme", "ec2", "glue", configure="ssm", prove="crawl")])
    text = FILE.read_text()
    assert "  #   runs on i-0a1b2c3d4e5f60718: Onemata reads its own identity and Onemata's bucket\n" in text
    assert "  #   asks for proof: Glue reads Onemata's data: A crawl costs about $0.15: " in text


def test_the_plans_stand_in_the_order_of_the_folders_whichever_ends_first(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bolt_ended = Event()

    def bolt_first(parameters: ServiceParameters, record: Path, on_process: Callable[..., None], *_: object) -> str:
        if parameters.client == "acme":
            assert bolt_ended.wait(60)
        said = in_this_process(parameters, record, on_process)
        bolt_ended.set()
        return said

    monkeypatch.setattr(execute, "execute", bolt_first)
    planned([client(tmp_path, name) for name in ("acme", "bolt")])
    assert re.findall(r"^  (\w+)/glue: ", FILE.read_text(), re.MULTILINE) == ["acme", "bolt"]


def test_what_has_changed_since_is_named_and_nothing_of_it_is_done(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [client(tmp_path, name) for name in ("acme", "bolt")]
    planned(folders)
    sign()
    (folders[0] / "glue.yaml").write_text(
        (folders[0] / "glue.yaml").read_text().replace("s3_access: managed", "s3_access: scoped")
    )
    assert not apply_file(folders)
    assert roles(aws) == {"bolt"}
    said = capsys.readouterr().out
    assert re.search(
        r"BLOCKED +acme: glue blocked\n    glue: Nothing was done: the plan [0-9a-f]{20} was approved", said
    )


def test_the_same_file_again_does_nothing_more(aws: Sandbox, tmp_path: Path) -> None:
    folders = [client(tmp_path, "acme")]
    planned(folders)
    sign()
    assert apply_file(folders)
    assert apply_file(folders)
    assert not [call for call in records(tmp_path)["acme/glue"][-1].calls if call.access == "write"]


def test_an_approval_that_was_used_puts_nothing_back(aws: Sandbox, tmp_path: Path) -> None:
    """What the client takes away after that needs an approval of its own."""
    folders = [client(tmp_path, "acme")]
    planned(folders)
    sign()
    assert apply_file(folders)
    aws.client("iam").detach_role_policy(
        RoleName="AWSGlueServiceRole-acme", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    assert not apply_file(folders)
    assert records(tmp_path)["acme/glue"][-1].outcome == "blocked"


@pytest.mark.parametrize("how", ["the file", "its digest"])
def test_an_approval_that_is_given_every_night_acts_once(aws: Sandbox, tmp_path: Path, how: str) -> None:
    """The plan is made again each night, too, and comes out as it was approved; but nobody has seen that."""
    folders = [client(tmp_path, "acme")]
    planned(folders)
    sign()
    digest = records(tmp_path)["acme/glue"][-1].plan_digest
    every_night = Approval(approved=FILE) if how == "the file" else Approval(approve=[digest])

    def a_night() -> bool:
        commands.plan(Which(folders), HOW, Planning())
        return commands.change(Which(folders), HOW, "apply", every_night)

    assert a_night()
    assert a_night()
    assert commands.change(Which(folders), HOW, "remove", Approval(auto_approve=True))
    assert not a_night()
    assert roles(aws) == set()
    last = records(tmp_path)["acme/glue"][-1]
    assert (last.outcome, last.plan_digest) == ("blocked", digest)
    assert "was used up by the run of" in last.reason
    FILE.unlink()
    planned(folders)
    sign()
    assert apply_file(folders)
    assert roles(aws) == {"acme"}


@pytest.mark.parametrize(("service", "write"), [("glue", "AttachRolePolicy"), ("redshift", "ModifyClusterIamRoles")])
def test_what_is_left_of_an_approved_plan_is_approved(aws: Sandbox, tmp_path: Path, service: str, write: str) -> None:
    folders = [client(tmp_path, "acme", service)]
    planned(folders)
    sign()
    aws.fail(write, "LimitExceeded")
    assert not apply_file(folders)
    assert records(tmp_path)[f"acme/{service}"][-1].outcome == "failed"
    assert apply_file(folders)
    assert records(tmp_path)[f"acme/{service}"][-1].outcome == "applied"


def test_what_was_done_before_resuming_is_among_what_is_chosen(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [client(tmp_path, f"c-{number}") for number in range(8)]
    planned(folders)
    sign()
    aws.fail("CreateRole", "LimitExceeded")
    approval = Approval(approved=FILE)
    assert not commands.change(Which(folders), How(jobs=1), "apply", approval)
    assert commands.change(Which(folders), How(jobs=1, resume=True), "apply", approval)
    assert "not among" not in capsys.readouterr().out
    commands.change(Which(folders[:1]), HOW, "apply", approval)
    others = "c-1/glue, c-2/glue, c-3/glue, c-4/glue, c-5/glue and 2 more."
    assert f"Approved, but not among what is chosen here: {others}" in capsys.readouterr().out


def test_by_digest_too_what_is_left_of_an_approved_plan_is_approved_until_it_is_used_up(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [client(tmp_path, "acme")]
    commands.plan(Which(folders), HOW, Planning())
    by_digest = Approval(approve=[records(tmp_path)["acme/glue"][-1].plan_digest])
    aws.fail("AttachRolePolicy", "LimitExceeded")
    assert not commands.change(Which(folders), HOW, "apply", by_digest)
    assert commands.change(Which(folders), How(resume=True), "apply", by_digest)
    assert records(tmp_path)["acme/glue"][-1].outcome == "applied"
    aws.client("iam").detach_role_policy(
        RoleName="AWSGlueServiceRole-acme", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    capsys.readouterr()
    assert not commands.change(Which(folders), HOW, "apply", by_digest)
    assert "was used up by the run of" in capsys.readouterr().out


def test_plans_to_remove_are_approved_for_nothing_else(aws: Sandbox, tmp_path: Path) -> None:
    folders = [client(tmp_path, "acme")]
    assert commands.run(Which(folders), HOW, "apply")
    planned(folders, remove=True)
    assert roles(aws) == {"acme"}
    sign()
    with pytest.raises(ParameterError, match="must be apply: these plans are for another command"):
        apply_file(folders)
    assert commands.change(Which(folders), HOW, "remove", Approval(approved=FILE))
    assert roles(aws) == set()
    assert records(tmp_path)["acme/glue"][-1].approved_by


def test_what_cannot_be_approved_is_listed_and_why(aws: Sandbox, tmp_path: Path) -> None:
    early = client(tmp_path, "early", "ec2", onemata_role_arn='""')
    blocked = client(tmp_path, "stuck", "redshift", cluster_identifiers="[nowhere]")
    commands.plan(Which([early, blocked]), HOW, Planning(write_approvals=FILE))
    text = FILE.read_text()
    assert "plans: {}" in text
    assert "# early/ec2: waiting: Onemata has not yet given" in text
    assert "# stuck/redshift: blocked: " in text
    assert set(yaml.safe_load(text)) == {"approved_by", "approval_reference", "shown", "action", "plans"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('approved_by: "Jane"', 'approved_by: ""', "line 6: approved_by = '': must not be empty"),
        ('approved_by: "Jane"', "", "approved_by: must be given"),
        ("approval_reference: ", "reference: ", "reference = 'OPS-12': must be a known key"),
        ('acme/glue: "', 'acme/glue: "0', "line 19: plans.'acme/glue' = "),
        ("acme/glue: ", "acme/s3: ", "must be a client and a service, like acme/redshift"),
        ("acme/glue: ", "../glue: ", "must be a client and a service, like acme/redshift"),
        ('shown: "2', 'shown: "1st 2', "must be a time in UTC"),
        ('shown: "', '#"', "shown: must be given"),
        ("plans:", "plans: &x", "must have no anchors"),
        ("  acme/glue: ", '  acme/glue: ""\n  acme/glue: ', "must appear once: this key is listed twice"),
        ('"Jane"', '"Jane\\e[31m"', "must be of characters that can be seen, in one line"),
    ],
)
def test_a_file_that_is_not_well_approves_nothing(aws: Sandbox, tmp_path: Path, old: str, new: str, said: str) -> None:
    folders = [client(tmp_path, "acme")]
    planned(folders)
    sign("Jane", "OPS-12")
    text = FILE.read_text()
    assert old in text
    FILE.write_text(text.replace(old, new, 1))
    with pytest.raises(ParameterError) as error:
        apply_file(folders)
    assert said in str(error.value)
    assert roles(aws) == set()


def test_a_file_of_a_thousand_clients_can_be_read(tmp_path: Path) -> None:
    plans = "".join(f"  # {'x' * 80}\n" * 12 + f'  client-{n}/glue: "{n:020x}"\n' for n in range(3000))
    FILE.write_text(f"{HEAD}plans:\n{plans}")
    assert len(read_approvals(FILE, "apply").plans) == 3000


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab/:-\"'#&*! \n\t0\x1b{}[]", max_size=60))
def test_any_text_at_all_is_an_approval_or_a_problem(tmp_path: Path, text: str) -> None:
    FILE.write_text(f"{HEAD}plans:\n{text}")
    with pytest.raises(ParameterError):
        read_approvals(FILE, "apply")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="# noNO~-:x\t", max_size=12))
def test_what_is_struck_out_wrongly_is_refused_and_not_approved(tmp_path: Path, mark: str) -> None:
    """`# no` behind a plan is nothing to YAML."""
    plans = f'  acme/glue: "{"0" * 20}"{mark}\n  bolt/glue: "{"b" * 20}"\n'
    FILE.write_text(f"{HEAD}plans:\n{plans}")
    if mark.strip(" "):
        with pytest.raises(ParameterError):
            read_approvals(FILE, "apply")
    else:
        assert len(read_approvals(FILE, "apply").plans) == 2


def test_a_file_with_approvals_is_never_written_over(aws: Sandbox, tmp_path: Path) -> None:
    FILE.write_text("somebody's approvals")
    with pytest.raises(ApprovalsNotWritten, match=r"there is a file already.*--write-approvals"):
        planned([client(tmp_path, "acme")])
    assert FILE.read_text() == "somebody's approvals"
    assert records(tmp_path) == {}


def test_where_no_file_can_be_written_nothing_is_planned(aws: Sandbox, tmp_path: Path) -> None:
    Path("file").touch()
    with pytest.raises(ApprovalsNotWritten, match=r"file/approvals.yaml: Not a directory.*--write-approvals"):
        commands.plan(Which([client(tmp_path, "acme")]), HOW, Planning(write_approvals=Path("file/approvals.yaml")))
    assert records(tmp_path) == {}


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        (Approval(approve=["0" * 20], auto_approve=True), "--approve: must stand without --auto-approve"),
        (Approval(approved=FILE, auto_approve=True), "--approved: must stand without --auto-approve"),
        (
            Approval(approve=["0" * 20], approved=FILE, auto_approve=True),
            "--approve: must stand without --approved and --auto-approve",
        ),
    ],
)
def test_what_would_be_overlooked_approves_nothing(aws: Sandbox, tmp_path: Path, approval: Approval, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        commands.change(Which([client(tmp_path, "acme")]), HOW, "apply", approval)
    assert records(tmp_path) == {}


def test_by_digest(aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [client(tmp_path, "acme"), client(tmp_path, "bolt")]
    planned(folders)
    digest = records(tmp_path)["acme/glue"][-1].plan_digest
    assert not commands.change(Which(folders), HOW, "apply", Approval(approve=[digest]))
    assert roles(aws) == {"acme"}
    assert "which --approve does not name. Plan: 3 to add" in capsys.readouterr().out
    with pytest.raises(ParameterError, match="--approve = yes: must be the digest under a plan"):
        commands.change(Which(folders), HOW, "apply", Approval(approve=["yes"]))


@pytest.mark.parametrize(("approved", "by"), [("", "Jane"), ("0123456789abcdef0123", "")])
def test_who_approved_another_plan_is_not_said_to_have_approved_this_one(
    aws: Sandbox, tmp_path: Path, approved: str, by: str
) -> None:
    told = {"approved_plan": f'"{approved}"', "approved_by": "Jane", "approval_reference": "OPS-1"}
    folders = [client(tmp_path, "acme", **told)]
    assert commands.plan(Which(folders), HOW, Planning())
    digest = records(tmp_path)["acme/glue"][-1].plan_digest
    assert commands.change(Which(folders), HOW, "apply", Approval(approve=[digest]))
    record = records(tmp_path)["acme/glue"][-1]
    assert (record.outcome, record.approved_by, record.approval_reference) == ("applied", by, "OPS-1" if by else "")


def test_nobody_there_means_nothing_is_started(aws: Sandbox, tmp_path: Path) -> None:
    folders = [client(tmp_path, "acme")]
    with pytest.raises(NotApproved, match="Nothing was started: nobody approves the plans, and this is no terminal"):
        commands.change(Which(folders), HOW, "apply", Approval())
    assert records(tmp_path) == {}
    assert commands.change(Which(folders), HOW, "apply", Approval(auto_approve=True))
    assert roles(aws) == {"acme"}


def test_a_stale_digest_in_the_parameters_is_said(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [client(tmp_path, "acme", approved_plan='"01234567890123456789"')]
    planned(folders)
    assert "approved_plan in the parameters is 01234567890123456789, of another plan" in capsys.readouterr().out
    sign()
    assert apply_file(folders)
