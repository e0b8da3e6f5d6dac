"""Which runbooks are run: by name, service, tag and newest record; and what is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Event, Semaphore
from types import SimpleNamespace

import pytest

from onemata_helpers.at_once import SIGN_INS
from onemata_helpers.batch import commands
from onemata_helpers.batch import sign_in as signing_in
from onemata_helpers.batch.found import found
from onemata_helpers.batch.history import State, states
from onemata_helpers.batch.interrupts import Interrupts
from onemata_helpers.batch.jobs import Job
from onemata_helpers.batch.sign_in import SignedIn, sign_in
from onemata_helpers.errors import ConnectError, ParameterError
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.sandbox.server import Sandbox

from ..conftest import between_tries_no_time_passes
from ..processes import LONG
from .conftest import How, Which, client, records

HOW = How()


def chosen(folders: list[Path], **options: object) -> list[str]:
    todo, _ = found(Which(folders, **options), HOW, None)  # type: ignore[arg-type]
    return [job.name for job in todo]


def test_by_name_service_and_tag(tmp_path: Path) -> None:
    gold = client(tmp_path, "acme-eu", "glue", "ec2")
    (gold / "client.yaml").write_text((gold / "client.yaml").read_text().replace("project: onemata", "tier: gold"))
    folders = [gold, client(tmp_path, "acme-us"), client(tmp_path, "bolt")]
    assert chosen(folders) == ["acme-eu/glue", "acme-eu/ec2", "acme-us/glue", "bolt/glue"]
    assert chosen(folders, match=["acme-*"]) == ["acme-eu/glue", "acme-eu/ec2", "acme-us/glue"]
    assert chosen(folders, match=["bolt", "*-us"]) == ["acme-us/glue", "bolt/glue"]
    assert chosen(folders, tag=["tier=gold"]) == ["acme-eu/glue", "acme-eu/ec2"]
    assert chosen(folders, tag=["project=onemata"], match=["acme-*"]) == ["acme-us/glue"]
    assert chosen(folders, service=["ec2"]) == ["acme-eu/ec2"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"match": ["acmee-*"]}, "--match = acmee-*: must fit the name of a client among these folders"),
        ({"tag": ["gold"]}, "--tag = gold: must be key=value"),
        ({"tag": ["tier=gold"]}, "--tag = tier=gold: must be a tag of a client among these folders"),
        (
            {"only": "failed,lost"},
            "--only = lost: must be one of failed, blocked, waiting, not-verified, drifted, never",
        ),
        ({"service": ["ec2"]}, "--service = ec2: must be one that a client here uses"),
    ],
)
def test_what_fits_nothing_is_taken_for_a_slip(tmp_path: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(ParameterError) as error:
        chosen([client(tmp_path, "acme")], **options)
    assert said in str(error.value)
    assert len(error.value.problems) == 1


def job(folder: Path, tmp_path: Path) -> Job:
    return Job(from_folder(folder)["glue"], tmp_path / "records")


def test_by_what_the_newest_record_says(aws: Sandbox, tmp_path: Path) -> None:
    folder = client(tmp_path, "acme")
    one = job(folder, tmp_path)
    which = Which([folder])
    assert states(one) == {State.NEVER, State.NOT_VERIFIED}
    assert commands.run(which, HOW, "plan")
    assert states(one) == {State.NOT_VERIFIED}
    assert commands.run(which, HOW, "apply")
    assert states(one) == set()
    role = one.parameters.role_name
    aws.client("iam").detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    assert not commands.run(which, HOW, "verify")
    assert states(one) == {State.FAILED, State.DRIFTED, State.NOT_VERIFIED}
    assert chosen([folder], only="drifted") == ["acme/glue"]
    assert chosen([folder], only="waiting,blocked") == []
    aws.fail("GetRole", "AccessDenied")
    assert not commands.run(which, HOW, "verify")
    assert states(one) == {State.FAILED, State.DRIFTED, State.NOT_VERIFIED}
    assert commands.run(which, HOW, "remove")
    assert states(one) == set()


def test_other_parameters_are_no_drift(aws: Sandbox, tmp_path: Path) -> None:
    assert commands.run(Which([client(tmp_path, "acme")]), HOW, "apply")
    folder = client(tmp_path / "later", "acme", s3_access="scoped")
    assert commands.run(Which([folder]), HOW, "plan")
    assert states(job(folder, tmp_path)) == {State.NOT_VERIFIED}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"outcome": "wonderful"}', "\x00\xff", json.dumps({"action": 1})])
def test_a_record_that_says_nothing_was_cut_off(tmp_path: Path, content: str) -> None:
    one = job(client(tmp_path, "acme"), tmp_path)
    one.folder.mkdir(parents=True)
    (one.folder / "2026-01-01T000000.000Z.json").write_text(content)
    assert states(one) == {State.FAILED, State.NOT_VERIFIED}
    (one.folder / "notes.json").write_text("not a record of ours")
    assert states(one) == {State.FAILED, State.NOT_VERIFIED}


def test_list_shows_what_would_run_and_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(Which([client(tmp_path, "acme")], list_only=True), HOW, "apply")
    said = capsys.readouterr().out
    assert "acme" in said
    assert "1 runbook of 1 client would run." in said
    assert not (tmp_path / "records").exists()


def test_bad_folders_stop_all_or_count_as_failed(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = client(tmp_path, "good"), client(tmp_path, "bad", region="mars-north-1")
    twice = shutil_copy(client(tmp_path, "twin"), tmp_path / "other-twin")
    folders = [good, bad, tmp_path / "twin", twice]
    with pytest.raises(ParameterError):
        commands.run(Which(folders), HOW, "apply")
    assert records(tmp_path) == {}
    assert not commands.run(Which(folders, skip_invalid=True), HOW, "apply")
    assert list(records(tmp_path)) == ["good/glue"]
    said = capsys.readouterr().out
    assert "FAILED       bad: folder" in said
    assert "region = 'mars-north-1': must be an AWS region" in said
    assert said.count("must have one folder only") == 2
    assert "4 runbooks of 4 clients" in said
    assert "3 failed" in said


def shutil_copy(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_text(path.read_text())
    return target


def test_sign_ins_are_few_at_once_and_outwait_throttling(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_tries_no_time_passes(monkeypatch)
    todo = [job(client(tmp_path, f"client-{number}"), tmp_path) for number in range(20)]
    now, most = Semaphore(0), []
    all_at_once = Event()

    def count(_: object) -> None:
        now.release()
        most.append(now._value)
        all_at_once.wait(0.05)
        now.acquire()

    aws.before("GetCallerIdentity", count)
    aws.throttle("GetCallerIdentity", 8)
    assert sign_in(todo, Interrupts()).refused == {}
    assert len(most) == 28
    assert max(most) <= 8


def test_for_an_account_that_never_answers_the_others_do_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do those behind it in the queue, were there as many of it as are signed in to at once."""
    silent = [job(client(tmp_path, f"silent-{number}"), tmp_path) for number in range(SIGN_INS)]
    hanging, ended = list[str](), Event()

    def some_hang(_: SignedIn, parameters: ServiceParameters) -> None:
        if parameters.client != "good":
            hanging.append(parameters.client)
            ended.wait(LONG)

    monkeypatch.setattr(SignedIn, "sign_in", some_hang)
    said = list[str]()
    monkeypatch.setattr(signing_in, "complain", said.append)
    # The clock goes on when all of them hang, and again when that was said.
    clock = SimpleNamespace(monotonic=lambda: (181.0 if said else 11.0) if len(hanging) == SIGN_INS else 0.0)
    monkeypatch.setattr(signing_in, "time", clock)
    good = job(client(tmp_path, "good"), tmp_path)
    try:
        refused = sign_in([*silent, good], Interrupts()).refused
    finally:
        ended.set()
    assert said[0].startswith(
        "Signing in: AWS does not answer yet for silent-0, silent-1, silent-2, silent-3, silent-4 a"
    )
    assert set(refused) == {each.parameters.client for each in silent}
    assert "did not answer within 3 minutes. Nothing was read or changed. Who acts: " in refused["silent-0"]


@pytest.mark.parametrize(
    "name", ["AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_REQUEST_CHECKSUM_CALCULATION"]
)
def test_a_wrong_setting_of_the_machine_is_said_of_the_account(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "bogus")
    refused = sign_in([job(client(tmp_path, "acme"), tmp_path)], Interrupts()).refused
    assert re.fullmatch(r"Signing in \(region .*bogus.* Who acts: the engineer corrects .*", refused["acme"])


def test_accounts_are_signed_in_to_before_anything_runs(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, wrong = (
        client(tmp_path, "good"),
        client(tmp_path, "wrong", "redshift", account_id='"210987654321"'),
    )
    with pytest.raises(ConnectError) as error:
        commands.run(Which([good, wrong]), HOW, "apply")
    assert "1 account cannot be signed in to, so nothing was started." in str(error.value)
    assert re.search(r"  - wrong: The sandbox at \S+ has no account 210987654321", str(error.value))
    assert records(tmp_path) == {}
    assert not commands.run(Which([good, wrong], skip_invalid=True), HOW, "apply")
    assert list(records(tmp_path)) == ["good/glue"]
    assert "FAILED       wrong: redshift failed" in capsys.readouterr().out
