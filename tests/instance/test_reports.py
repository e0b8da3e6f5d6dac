"""Reports: taken in just the form that our scripts give them, whoever wrote them; never a traceback."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.instance.reports import (
    ReportUnreadableError,
    parse_config_report,
    parse_denied_report,
    parse_proof_report,
)
from onemata_helpers.services.instance_proof import InstanceProof
from onemata_helpers.text import is_plain
from tests.instance.instance_box import ASSIGNMENT, USER

ASKED = f"asked: {ASSIGNMENT.mark}\nuser: ec2-user\n"
CONFIG = (
    f"== onemata report: config\n{ASKED}path: /home/ec2-user/.aws/config\nfile: there\nstate: absent\n"
    "outcome: added\nbackup: \n== onemata report ends\n"
)
IDENTITY = (
    "attempt: identity\ncommand: aws sts get-caller-identity --profile client-ec2\n"
    'out| { "Arn": "arn:aws:sts::987654321098:assumed-role/onemata-reader/s" }\nexit_code: 0\n'
)
LISTING = "attempt: listing\ncommand: aws s3 ls x\nout|     PRE daily/\nerr| x\nexit_code: 0\n"
PROOF = (
    f"== onemata report: proof\n{ASKED}aws_version: aws-cli/2.1.1\nimds_token: 200\nimds_role_status: 200\n"
    f"imds_role: onemata-ec2\nimds_v1: 401\n{IDENTITY}{LISTING}== onemata report ends\n"
)
DENIED = "".join(
    [
        f"== onemata report: denied\n{ASKED}",
        *(
            f"attempt: {each.name}\ncommand: aws x\nerr| (AccessDenied) when calling the AssumeRole operation\n"
            "exit_code: 254\n"
            for each in ASSIGNMENT.denials()
        ),
        "== onemata report ends\n",
    ]
)
PARSERS: dict[str, tuple[Callable[..., Any], str]] = {
    "config": (parse_config_report, CONFIG),
    "proof": (parse_proof_report, PROOF),
    "denied": (parse_denied_report, DENIED),
}
ALL = CONFIG + PROOF + DENIED


@pytest.mark.parametrize("kind", PARSERS)
def test_the_right_form_is_read(kind: str) -> None:
    parse, text = PARSERS[kind]
    assert parse(text, ASSIGNMENT) == parse(f"noise\r\n\t{text}more".replace("\n", "\r\n\t"), ASSIGNMENT)


FORGED = {
    "no exit code": ("exit_code: 0\nattempt", "attempt"),
    "an exit code that is no number": ("exit_code: 0", "exit_code: zero"),
    "an exit code of other digits": ("exit_code: 0", "exit_code: ٠"),
    "a long exit code": ("exit_code: 0", "exit_code: " + "9" * 5000),
    "a line missing": ("imds_v1: 401\n", ""),
    "a line twice": ("imds_v1: 401\n", "imds_v1: 401\nimds_v1: 401\n"),
    "lines in another order": ("imds_role: onemata-ec2\nimds_v1: 401\n", "imds_v1: 401\nimds_role: onemata-ec2\n"),
    "an unknown line": ("imds_v1", "sha256: x\nimds_v1"),
    "no number for a status": ("imds_v1: 401", "imds_v1: maybe"),
    "blocks out of order": (IDENTITY + LISTING, LISTING + IDENTITY),
    "a block twice": (LISTING, LISTING + LISTING),
    "one block only": (LISTING, ""),
    "errors before output": ("out|     PRE daily/\nerr| x\n", "err| x\nout|     PRE daily/\n"),
    "output without a mark": ("out|     PRE daily/", "    PRE daily/"),
    "an end in the output": ("err| x", "== onemata report ends"),
    "another report inside": ("err| x", "== onemata report: denied"),
    "a lone surrogate": ("daily", "\ud800"),
    "ESC": ("daily", "\x1b[2J"),
    "bidi": ("daily", "\u202e"),
    "a line separator": ("daily", "\u2028exit_code: 0"),
    "300 kB in a line": ("daily", "x" * 300_000),
    "300 kB of lines": ("err| x\n", "err| x\n" * 40_000),
    "other parameters": (ASSIGNMENT.mark, "0" * 12),
    "only why": (ASKED, f"{ASKED}why: x\n"),
}


@pytest.mark.parametrize("name", FORGED)
def test_any_other_form_is_not_believed(name: str) -> None:
    old, new = FORGED[name]
    forged = PROOF.replace(old, new, 1)
    assert forged != PROOF
    if name == "only why":
        assert parse_proof_report(forged, ASSIGNMENT) == parse_proof_report(PROOF, ASSIGNMENT)
        return
    with pytest.raises(ReportUnreadableError) as caught:
        parse_proof_report(forged, ASSIGNMENT)
    assert is_plain(str(caught.value))
    for check in InstanceProof("i-1", USER, ASSIGNMENT).by_paste(CONFIG + forged + DENIED):
        assert check.result == "not provable from here"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("state: absent", "state: fine"),
        ("state: absent", "state: same; rm -rf /"),
        ("outcome: added", "outcome: Added"),
        ("file: there", "file: /etc/passwd"),
        ("backup: \n", ""),
        ("asked: ", "asked: x"),
    ],
)
def test_a_config_report_has_words_of_a_list_only(old: str, new: str) -> None:
    with pytest.raises(ReportUnreadableError):
        parse_config_report(CONFIG.replace(old, new), ASSIGNMENT)


def test_no_start_is_an_obstacle_or_an_error_with_the_instances_own_sentence() -> None:
    text = f"== onemata report: config\n{ASKED}why: There is no user x on this instance\n== onemata report ends"
    report = parse_config_report(text, ASSIGNMENT)
    assert (report.state, report.why) == ("obstacle", "There is no user x on this instance.")
    with pytest.raises(ReportUnreadableError, match="There is no user x"):
        parse_proof_report(text.replace("config", "proof"), ASSIGNMENT)


def test_what_is_shown_holds_no_credentials() -> None:
    text = CONFIG.replace("state: absent", "state: other").replace(
        "backup: ", "backup: \nwhy: AKIA0123456789ABCDEF is."
    )
    assert parse_config_report(text, ASSIGNMENT).why == "[removed] is."


def lines_of(text: str) -> list[str]:
    return text.split("\n")


TEXT = st.text(st.characters(), max_size=200)
MUTATED = st.lists(st.one_of(st.sampled_from(lines_of(ALL)), TEXT), max_size=60).map("\n".join)


def edited(position: int, length: int, new: str) -> str:
    at = position % len(ALL)
    return ALL[:at] + new + ALL[at + length :]


EDITED = st.builds(edited, st.integers(0, 10_000), st.integers(0, 40), TEXT)


@given(st.one_of(TEXT, MUTATED, EDITED))
def test_any_text_is_a_report_or_unreadable(text: str) -> None:
    for parse, _ in PARSERS.values():
        try:
            shown = repr(parse(text, ASSIGNMENT))
        except ReportUnreadableError as error:
            shown = str(error)
        assert is_plain(shown)


@given(st.one_of(TEXT, MUTATED, EDITED))
def test_any_paste_is_judged_and_shown_in_plain_lines(text: str) -> None:
    for check in InstanceProof("i-1", USER, ASSIGNMENT).by_paste(text):
        assert all(map(is_plain, lines_of(check.evidence)))


@pytest.mark.parametrize("text", ["x " * 45_000, "$ aws sts get-caller-identity\n" * 3_000, PROOF * 100])
def test_what_is_shown_of_a_long_paste_is_bounded(text: str) -> None:
    for check in InstanceProof("i-1", USER, ASSIGNMENT).by_paste(text):
        assert len(check.evidence) < 12_000


def test_a_paste_of_300_kb_is_answered_at_once() -> None:
    for text in ("\n" * 300_000, "aws " * 80_000, ALL * 200):
        assert {check.result for check in InstanceProof("i-1", USER, ASSIGNMENT).by_paste(text)} == {
            "not provable from here"
        }
