"""What became of all: a line for each client, failures first; the command that goes on; and the same as JSON."""

from __future__ import annotations

import json
import re
import shlex
import sys
from errno import ENOSPC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers import policies
from onemata_helpers.batch import commands
from onemata_helpers.batch.go_on import command_that_goes_on, how_to_go_on
from onemata_helpers.batch.jobs import Result
from onemata_helpers.batch.recap import show_recap
from onemata_helpers.batch.summary import SummaryNotWritten, write_summary
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.text import is_plain, lasting

from .conftest import How, Which, client

RECORD = Path("records/acme/glue/2026-11-25T224310.123Z.json")


def test_failures_come_first_with_reason_and_record(capsys: pytest.CaptureFixture[str]) -> None:
    results = [
        Result("acme", "redshift", "verified", "All is in place.", RECORD, 3, "ready"),
        Result("bolt", "redshift", "planned", "2 changes.", RECORD, 3, "missing", ("iam:PassRole", "iam:TagRole")),
        Result("bolt", "glue", "failed", "It broke. Who acts: the engineer.", RECORD, 3, "ready"),
        Result(
            "core",
            "ec2",
            "waiting",
            "Onemata has not yet answered.",
            RECORD,
            3,
            "not ready",
            ("i-1: stopped",),
        ),
        Result("dusk", "ec2", "not run", "Not begun: Ctrl-C."),
        Result("evil", "", "failed", "client.yaml: must exist"),
    ]
    show_recap(results, 3725)
    assert (
        capsys.readouterr().out
        == """
Preflight  Outcome      Client: runbooks
2 missing  FAILED       bolt: redshift planned, glue failed
    glue: It broke. Who acts: the engineer.
    records/acme/glue/2026-11-25T224310.123Z.ipynb
    redshift: missing: iam:PassRole
    redshift: missing: iam:TagRole
-          FAILED       evil: folder
    folder: client.yaml: must exist
-          NOT RUN      dusk: ec2 not run
    ec2: Not begun: Ctrl-C.
not ready  WAITING      core: ec2 waiting
    ec2: not ready: i-1: stopped
    ec2: Onemata has not yet answered.
    records/acme/glue/2026-11-25T224310.123Z.ipynb
ready      VERIFIED     acme: redshift verified
6 runbooks of 5 clients in 1 h 2 min: 2 failed, 1 not run, 1 waiting, 1 planned, 1 verified.
"""
    )


def test_whom_something_is_missing_stands_before_all_that_ended_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """Among hundreds nobody would find it."""
    known = ("ready", "", "not known", "missing", "ready")
    show_recap([Result(f"c-{n}", "glue", "planned", "", RECORD, 3, each) for n, each in enumerate(known)], 1)
    assert re.findall(r"c-\d", capsys.readouterr().out) == ["c-3", "c-2", "c-0", "c-4", "c-1"]


def test_a_reason_of_several_lines_stays_below_its_client(capsys: pytest.CaptureFixture[str]) -> None:
    show_recap([Result("acme", "glue", "blocked", "It lacks:\n  - iam:CreateRole\nWho acts: the client.", RECORD)], 1)
    said = capsys.readouterr().out.split("\n")[3:6]
    assert said == ["    glue: It lacks:", "      - iam:CreateRole", "    Who acts: the client."]


@given(st.text(max_size=60))
def test_whatever_a_reason_holds_each_line_is_plain(reason: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("onemata_helpers.terminal.out.print", lambda *texts, **_: said.extend(map(str, texts)))
        show_recap([Result("acme", "glue", "failed", reason, RECORD)], 1)
    assert all(is_plain(line) for text in said for line in text.split("\n"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7322, "2 h 2 min")],
)
def test_times_as_people_say_them(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def gone_on(*results: Result) -> list[str]:
    return list(how_to_go_on(results, [Path("acme")]))


NOT_BEFORE = "To run it again changes nothing for these before somebody has acted:"


def test_what_only_somebodys_act_mends_is_told_by_whose_and_no_command_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["onemata", "apply", "acme"])
    denied = "AWS refused it: AccessDenied. Who acts: the client's admin allows it for the operator."
    helpless = [
        Result("acme", "ec2", "failed", denied),
        Result("acme", "glue", "failed", denied),
        Result("bolt", "", "failed", "client.yaml: must exist. Who acts: the engineer corrects the parameters."),
        Result("core", "glue", "blocked", "Nothing was done. Who acts: the engineer has this plan approved."),
        Result("dusk", "glue", "verified", "All is in place."),
    ]
    said = [
        NOT_BEFORE,
        "    acme/ec2, acme/glue: The client's admin allows it for the operator.",
        "    bolt: The engineer corrects the parameters.",
        "    core/glue: The engineer has this plan approved.",
    ]
    assert gone_on(*helpless) == said
    cut_off = Result("evil", "glue", "failed", "Killed. Who acts: the engineer runs it again, which completes it.")
    for other in (cut_off, Result("evil", "glue", "not run", "Not begun: Ctrl-C.")):
        assert gone_on(other) == ["To go on: onemata apply acme --resume"]
        assert gone_on(*helpless, other) == [*said, "To go on with the others: onemata apply acme --resume"]
    many = [Result(f"c{number}", "glue", "failed", denied) for number in range(7)]
    assert gone_on(*many)[1].startswith("    c0/glue, c1/glue, c2/glue, c3/glue, c4/glue and 2 more: The client's")
    assert gone_on(Result("dusk", "glue", "verified", "All is in place.")) == []


def test_a_plan_that_is_blocked_is_not_made_again_in_vain(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which = Which([client(tmp_path, "acme"), client(tmp_path, "stuck", "redshift", cluster_identifiers="[nowhere]")])
    assert not commands.run(which, How(), "plan")
    said = capsys.readouterr().out
    assert NOT_BEFORE in said
    assert "    stuck/redshift: The engineer corrects cluster_identifiers or region, or agrees with" in said
    assert "--resume" not in said


def test_what_a_verification_found_missing_is_not_verified_again_but_applied(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which = Which([client(tmp_path, "acme")])
    assert not commands.run(which, How(), "verify")
    said = capsys.readouterr().out
    assert "--resume" not in said
    assert "    acme/glue: The engineer has a new plan approved, and applies it." in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["apply", "a b", "--auto-approve"], "apply 'a b' --auto-approve --resume"),
        (["apply", "a b", "--resume"], "apply 'a b' --resume"),
        (["apply", "--approve", "0" * 20, "a b", f"--approve={'1' * 20}"], "apply 'a b' --resume"),
        (["apply", "a b", "--approved", "a.yaml"], "apply 'a b' --approved a.yaml --resume"),
    ],
)
def test_the_command_that_goes_on_is_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/onemata"), *arguments])
    assert command_that_goes_on([Path("a b")]) == f".venv/bin/onemata {expected}"


def test_many_folders_are_said_by_their_parent_if_they_are_all_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    parent = tmp_path / "all clients"
    folders = [parent / f"client-{number}" for number in range(5)]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "argv", ["onemata", "verify", *map(str, folders), "--jobs", "8"])
    assert command_that_goes_on(folders) == f"onemata verify --jobs 8 {shlex.quote(str(parent))}/* --resume"
    (parent / "one more").mkdir()
    assert shlex.split(command_that_goes_on(folders)) == [*sys.argv, "--resume"]


def test_the_summary_has_all_of_it(aws: Sandbox, tmp_path: Path) -> None:
    which = Which([client(tmp_path, "acme"), client(tmp_path, "stuck", "redshift", cluster_identifiers="[nowhere]")])
    summary = tmp_path / "deep" / "summary.json"
    for _ in range(2):  # the second takes the first one's place
        assert not commands.run(which, How(summary=summary), "plan")
    found = json.loads(summary.read_text())
    assert found["outcomes"] == {"planned": 1, "blocked": 1}
    of_acme = next(each for each in found["results"] if each["client"] == "acme")
    assert (of_acme["service"], of_acme["outcome"]) == ("glue", "planned")
    assert Path(of_acme["record"]).exists()
    assert (of_acme["preflight"], of_acme["preflight_about"]) == ("ready", [])
    stuck = next(each for each in found["results"] if each["client"] == "stuck")
    assert stuck["preflight"] == "not ready"
    assert stuck["preflight_about"] == ["cluster nowhere: not there"]


def test_what_the_operator_lacks_is_in_the_first_column(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    never = {"Effect": "Deny", "Action": "iam:AttachRolePolicy", "Resource": "*"}
    aws.let_operator(policies.document(everything, never))
    which = Which([client(tmp_path, "acme")])
    assert not commands.run(which, How(summary=tmp_path / "summary.json"), "apply")
    said = capsys.readouterr().out
    assert re.search(r"^1 missing +BLOCKED +acme: glue blocked$", said, re.MULTILINE)
    (found,) = json.loads((tmp_path / "summary.json").read_text())["results"]
    assert found["preflight"] == "missing"
    assert found["preflight_about"] == [
        "iam:AttachRolePolicy on arn:aws:iam::012345670123:role/AWSGlueServiceRole-acme"
    ]


def test_a_summary_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SummaryNotWritten, match=r"cannot be written: Not a directory. The records have all of it. Who"):
        write_summary(tmp_path / "file" / "summary.json", [], 0)


def test_where_no_summary_can_be_written_nothing_is_begun(aws: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for summary, why in ((tmp_path / "file" / "summary.json", "Not a directory"), (tmp_path, "Is a directory")):
        with pytest.raises(SummaryNotWritten, match=rf"cannot be written: {why}. Nothing was done in AWS. Who"):
            commands.run(Which([client(tmp_path, f"c{len(why)}")]), How(summary=summary), "apply")
    assert list(tmp_path.rglob("*.json")) == []


def test_a_summary_that_cannot_be_written_any_more_is_no_success(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def disk_is_full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("onemata_helpers.batch.summary.replace_file", disk_is_full)
    assert not commands.run(Which([client(tmp_path, "acme")]), How(summary=tmp_path / "summary.json"), "plan")
    shown = capsys.readouterr()
    assert "1 planned." in shown.out
    assert "cannot be written: No space left on device. The records have all of it." in " ".join(shown.err.split())
