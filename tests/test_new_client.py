"""`onemata new`: a folder that is good at once, agrees to no cost that nobody agreed to, and is whole or not there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from onemata_helpers.choices import ServiceName
from onemata_helpers.cli import app
from onemata_helpers.errors import ParameterError
from onemata_helpers.files import replace_file
from onemata_helpers.new_client import questions
from onemata_helpers.new_client.folder import NOT_TAKEN_OVER, as_typed, beginning, make, set_values
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.parameters import SCHEMAS

from .conftest import EXAMPLE, SERVICES

ONEMATA = str(Path(sys.executable).parent / "onemata")
SHARED = {
    "region": "eu-west-1",
    "account_id": "111122223333",
    "onemata_account_id": "999988887777",
    "bucket": "onemata-a",
}
OWN = {
    "redshift": {"cluster_identifiers": "one,two"},
    "glue": {"athena_principals": "arn:aws:iam::111122223333:role/analyst"},
    "ec2": {"instance_ids": "i-0123456789abcdef0"},
}
CONSENT = re.compile(r"confirm|launch$|^prove$")


def told(*services: str, **more: str) -> list[str]:
    """What is told by `--set`."""
    own = {key: value for service in services for key, value in OWN[service].items()}
    return [f"{key}={value}" for key, value in (SHARED | own | more).items()]


def onemata(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["new", "acme", "--into", str(folder), *arguments])
    return done.exit_code, done.output


def options(*settings: str) -> list[str]:
    return [word for each in settings for word in ("--set", each)]


def folders(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.iterdir()) if parent.exists() else []


@pytest.mark.parametrize("services", [SERVICES, ("redshift",), ("glue", "ec2")])
def test_from_options_it_makes_a_folder_that_is_good_with_every_comment(
    tmp_path: Path, services: tuple[str, ...]
) -> None:
    chosen = [word for each in services for word in ("--service", each)]
    code, said = onemata(tmp_path, *chosen, *options(*told(*services)))
    assert code == 0, said
    assert f"Next: onemata check {tmp_path}/acme" in said
    found = from_folder(tmp_path / "acme")
    assert tuple(found) == services
    for service, parameters in found.items():
        assert (parameters.client, parameters.region, parameters.sandbox) == ("acme", "eu-west-1", False)
        for name in ("client", service):
            old, new = ((folder / f"{name}.yaml").read_text() for folder in (EXAMPLE, tmp_path / "acme"))
            assert re.findall(r"#.*", new) == re.findall(r"#.*", old)
            keys = re.compile(r"^\w+:", re.MULTILINE)
            assert keys.findall(new) == keys.findall(old)


def test_no_cost_is_agreed_to_but_what_was_told(tmp_path: Path) -> None:
    onemata(tmp_path / "a", *options(*told(*SERVICES)))
    for parameters in from_folder(tmp_path / "a/acme").values():
        for key, value in parameters.model_dump().items():
            assert not (CONSENT.search(key) and value in (True, "crawl")), key
    agreed = {"glue.prove": "crawl", "glue.confirm_proof_costs": "true"}
    onemata(tmp_path / "b", *options(*told(*SERVICES, **agreed)))
    found = from_folder(tmp_path / "b/acme")
    assert (found["glue"].model_dump()["prove"], found["glue"].model_dump()["confirm_proof_costs"]) == ("crawl", True)
    assert found["redshift"].model_dump()["confirm_proof_costs"] is False


def test_whatever_may_agree_to_a_cost_is_not_taken_over_from_the_example() -> None:
    keys = {key for schema in SCHEMAS.values() for key in schema.model_fields}
    assert {key for key in keys if CONSENT.search(key)} <= NOT_TAKEN_OVER


@pytest.mark.parametrize(
    ("setting", "must"),
    [
        ("regio=x", "--set: regio: must be a key of client.yaml or redshift.yaml; did you mean region?"),
        ("redshift.region=x", "must be a key of client.yaml or redshift.yaml; did you mean region?"),
        ("instance_ids=i-1", "must be a key of client.yaml or redshift.yaml"),
        ("client=bolt", "must be another key: the client's name is told as CLIENT"),
        ("region", "must be KEY=VALUE"),
    ],
)
def test_why_a_setting_is_refused_is_said(tmp_path: Path, setting: str, must: str) -> None:
    code, said = onemata(tmp_path, "--service", "redshift", *options(setting))
    assert code == 2
    assert must in said
    assert folders(tmp_path) == []


@pytest.mark.parametrize("there", ["folder", "empty", "file", "broken link"])
def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    target = tmp_path / "acme"
    if there == "file":
        target.write_text("mine")
    elif there == "broken link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.mkdir()
        if there == "folder":
            (target / "client.yaml").write_text("mine")
    before = [(path.name, path.is_file() and path.read_text()) for path in sorted(tmp_path.rglob("*"))]
    code, said = onemata(tmp_path, *options(*told(*SERVICES)))
    assert code == 2
    assert "no client's folder is written over" in said
    assert [(path.name, path.is_file() and path.read_text()) for path in sorted(tmp_path.rglob("*"))] == before


@pytest.mark.parametrize("within", ["", "deeper"])
def test_no_clients_folder_is_made_within_anothers(tmp_path: Path, within: str) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme/client.yaml").write_text("client: acme")
    code, said = onemata(tmp_path / "acme" / within, *options(*told(*SERVICES)))
    assert code == 2
    assert "must not be in a client's folder" in said
    assert folders(tmp_path / "acme") == ["client.yaml"]


def test_nothing_is_written_where_the_example_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may write there where it is installed, and others may be at it at the same time."""
    written: list[Path] = []

    def replace(path: Path, text: str) -> None:
        written.append(path)
        replace_file(path, text)

    monkeypatch.setattr("onemata_helpers.parameter_edits.replace_file", replace)
    assert onemata(tmp_path, *options(*told(*SERVICES)))[0] == 0
    assert written
    assert not [path for path in written if path.is_relative_to(EXAMPLE)]


def test_every_problem_is_said_at_once_and_nothing_is_left(tmp_path: Path) -> None:
    code, said = onemata(tmp_path, *options("region=nowhere", "bucket=s3://x", "ec2.instance_ids=i-1"))
    assert code == 2
    for problem in ("region = 'nowhere': must be", "bucket = 's3://x': must be", "account_id = '': must not be empty"):
        assert f"client.yaml: {problem}" in said
    assert "ec2.yaml: instance_ids.0 = 'i-1': must be an instance's id" in said
    assert folders(tmp_path) == []


@pytest.mark.parametrize("setting", ["x", "nothing=1", "confirm_proof_costs=true", "client=other", "ec2.prove=none"])
def test_a_setting_that_is_none_is_refused(tmp_path: Path, setting: str) -> None:
    code, said = onemata(tmp_path, *options(*told(*SERVICES), setting))
    assert code == 2
    assert "--set:" in said
    assert folders(tmp_path) == []


@given(st.text(max_size=20) | st.sampled_from(["../x", "a/b", ".", "..", "~", "a\nb", "-x", "A", ""]))
def test_only_a_clients_name_names_a_folder(name: str) -> None:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        return
    values = beginning(name, [ServiceName.EC2])
    with pytest.raises(ParameterError, match="CLIENT"):
        make(values, Path("/nonexistent"))


@given(st.sampled_from(["text", ["a"], {"a": "b"}, True, 1]), st.text(max_size=30))
def test_whatever_is_typed_is_a_value_of_the_kind_or_text_that_the_schema_refuses(like: Any, text: str) -> None:
    value = as_typed(text, like)
    assert isinstance(value, (type(like), str))


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    values = beginning("acme", [ServiceName.REDSHIFT])
    set_values(values, told("redshift"))
    monkeypatch.setattr("onemata_helpers.new_client.folder.write_new", full)
    with pytest.raises(ParameterError, match="no space left on device"):
        make(values, tmp_path)
    assert folders(tmp_path) == []


class Person:
    """Answers questions by the key that they end in, one answer after the other, and notes what was asked."""

    def __init__(self, **answers: str | list[str]) -> None:
        self.answers = {key: iter([each] if isinstance(each, str) else each) for key, each in answers.items()}
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        key = next(iter(re.findall(r"(\w+) \[[^\]]*\]: $", question)), "services")
        key = {"no": "agrees"}.get(key, key)
        self.asked.append(key)
        return next(self.answers.get(key, iter(())), "")


def answered(services: list[ServiceName], **answers: str | list[str]) -> tuple[dict[str, dict[str, Any]], Person]:
    person = Person(**SHARED, **answers)
    values = beginning("acme", services)
    questions.ask_all(values, person)
    return values, person


def test_a_wrong_answer_is_corrected_beside_the_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    person = Person(
        region=["nowhere", "eu-west-1"],
        account_id=["12", "012345670123", '"111122223333"'],
        onemata_account_id=["111122223333", "999988887777"],
        bucket=["", "s3://x", "onemata-a"],
        instance_ids=["", "i-1", "i-0123456789abcdef0, i-0123456789abcdef1"],
    )
    values = beginning("acme", [ServiceName.EC2])
    questions.ask_all(values, person)
    said = capsys.readouterr().err
    for wrong in (
        "region must be an AWS region",
        "account_id must be an AWS account id: exactly 12 digits",
        "account_id must be the client's own: this is the example's value",
        "onemata_account_id must be Onemata's account, and not the client's",
        "bucket must not be empty",
        "bucket must be a bucket's name alone",
        "instance_ids must have at least one entry",
    ):
        assert wrong in said
    found = from_folder(make(values, tmp_path))["ec2"].model_dump()
    assert found["account_id"] == "111122223333"
    assert found["instance_ids"] == ["i-0123456789abcdef0", "i-0123456789abcdef1"]


def test_only_what_matters_is_asked() -> None:
    _, person = answered([ServiceName.REDSHIFT], cluster_identifiers="one")
    assert "operator_external_id" not in person.asked
    assert "instance_ids" not in person.asked
    assert "agrees" not in person.asked  # a cluster's proof costs nothing
    _, person = answered([ServiceName.REDSHIFT], workgroup_names="abc")
    assert "agrees" in person.asked
    assert "database_user" not in person.asked


@pytest.mark.parametrize(("answer", "agreed"), [("", False), ("no", False), (["maybe", "n"], False), ("yes", True)])
def test_only_yes_agrees_to_a_cost(answer: str | list[str], agreed: bool) -> None:
    glue, _ = answered([ServiceName.GLUE], agrees=answer)
    assert (glue["glue"]["prove"] == "crawl", glue["glue"]["confirm_proof_costs"]) == (agreed, agreed)
    redshift, _ = answered([ServiceName.REDSHIFT], workgroup_names="abc", agrees=answer)
    assert redshift["redshift"]["confirm_proof_costs"] is agreed


@given(st.lists(st.text(max_size=12), max_size=60))
@settings(max_examples=50)
def test_whatever_is_answered_what_is_made_is_good_and_agrees_to_nothing_else(answers: list[str]) -> None:
    """Answers that nobody would give, until there are none left: then it is broken off, or all is good."""
    left: Iterator[str] = iter(answers)

    def ask(question: str) -> str:
        for answer in left:
            return answer
        raise EOFError

    values = beginning("acme", [ServiceName.GLUE])
    with pytest.raises(EOFError):
        questions.ask_all(values, ask)
    if not any(each.strip().lower() in ("y", "yes") for each in answers):
        assert values["glue"]["confirm_proof_costs"] is False


def test_services_are_asked_until_they_are_known() -> None:
    answers = iter(["", "s3", "redshift s3", "ec2, redshift"])
    assert questions.asked_services(lambda _: next(answers)) == ["redshift", "ec2"]


def test_where_nobody_is_there_it_asks_nothing_and_makes_nothing(tmp_path: Path) -> None:
    done = subprocess.run([ONEMATA, "new", "acme"], cwd=tmp_path, capture_output=True, text=True, check=False, input="")
    assert done.returncode == 2
    assert "nobody is there to be asked" in done.stderr
    assert folders(tmp_path) == []


def test_at_a_terminal_it_asks_and_ctrl_d_leaves_nothing(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [ONEMATA, "new", "acme", "--service", "ec2"], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"nowhere\n\x04")
    shown = b""
    while b"Nothing was made." not in shown:
        shown += os.read(ours, 10_000)
    os.close(ours)
    assert process.wait(60) == 2
    assert b"region must be an AWS region" in shown
    assert folders(tmp_path) == []
