"""A profile with MFA in a batch: one code at a time, one for each profile, and none where nobody can type."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from onemata_helpers import policies, sandbox
from onemata_helpers.batch import commands
from onemata_helpers.batch.interrupts import Interrupts, counted_interrupts
from onemata_helpers.batch.jobs import Job
from onemata_helpers.batch.sign_in import SignedIn, sign_in
from onemata_helpers.choices import ServiceName
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.role_sessions import RoleSessions
from onemata_helpers.sandbox.wire.errors import AwsError
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall

from .conftest import How, Which, records
from .many_accounts import EXTERNAL_ID, Accounts, account, accounts, role, set_in
from .test_role_sessions import in_memory, once, secrets, server
from .test_terminal import ONEMATA, Terminal

SERIAL = "arn:aws:iam::012345670123:mfa/engineer"
HUB = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/hub"
NOBODY = "a code of MFA is asked for, and nobody can type one here. Who acts: "
KERNELS = pytest.mark.usefixtures("kernels")


class Person:
    """Types codes, each a new one, and notes what was asked; whoever asks meanwhile is noted, too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = list[str]()
        self._typing = Lock()
        monkeypatch.setattr("getpass.getpass", self.type)
        self.sits_there(monkeypatch, True)

    def sits_there(self, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
        monkeypatch.setattr(sys.stdin, "isatty", lambda: there, raising=False)

    def type(self, prompt: str) -> str:
        assert self._typing.acquire(blocking=False), "two codes are asked for at the same time"
        self.asked.append(prompt)
        self._typing.release()
        return f"{len(self.asked):06}"


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(monkeypatch)


@contextmanager
def with_a_hub(folder: Path, number: int, *services: str, patch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Clients whose roles are assumed from that of the profile `hub`, which asks for a code."""
    with accounts(folder, number, *services, patch=patch) as found:
        iam = found.box.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/engineer"}}
        iam.create_role(RoleName="hub", AssumeRolePolicyDocument=_document(trust | {"Action": "sts:AssumeRole"}))
        may = _document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
        iam.put_role_policy(RoleName="hub", PolicyName="enter", PolicyDocument=may)
        for n in range(number):
            entry = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": "sts:AssumeRole"}
            condition = {"Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}}
            of_client = found.box.client("iam", account(n))
            of_client.update_assume_role_policy(RoleName="entry", PolicyDocument=_document(entry | condition))
            set_in(found.folders[n], aws_profile="hub")
        _profiles(found, folder, patch, hub=f"role_arn = {HUB}\nmfa_serial = {SERIAL}\n")
        found.hear("AssumeRole", "GetCallerIdentity")
        yield found


@contextmanager
def with_profiles(folder: Path, number: int, *services: str, patch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Clients with a profile each, which asks for a code."""
    with accounts(folder, number, *services, patch=patch) as found:
        own = {
            f"client-{n}": f"role_arn = {role(n)}\nexternal_id = {EXTERNAL_ID}\nrole_session_name = jane\n"
            f"mfa_serial = {SERIAL}\n"
            for n in range(number)
        }
        _profiles(found, folder, patch, **own)
        for n, place in enumerate(found.folders):
            set_in(place, aws_profile=f"client-{n}", operator_role_arn='""', operator_external_id='""')
        found.hear("AssumeRole", "GetCallerIdentity")
        yield found


def _document(statement: dict[str, Any]) -> str:
    return json.dumps(policies.document(statement))


def _profiles(found: Accounts, folder: Path, patch: pytest.MonkeyPatch, **roles: str) -> None:
    """In the AWS configuration, with the engineer's keys as their source."""
    keys = f"[profile engineer]\naws_access_key_id = {found.key[0]}\naws_secret_access_key = {found.key[1]}\n"
    own = [f"[profile {name}]\n{said}source_profile = engineer\n" for name, said in roles.items()]
    config = folder / "config"
    config.write_text("".join([keys, *own]))
    patch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.delenv(name)


def jobs(found: Accounts, folder: Path) -> list[Job]:
    return [Job(from_folder(each)["glue"], folder) for each in found.folders]


def roles_of(calls: list[IncomingCall]) -> list[str]:
    return [call.get("RoleArn") for call in calls if call.operation == "AssumeRole"]


def codes_of(calls: list[IncomingCall]) -> list[str]:
    return [call.get("TokenCode") for call in calls if call.get("TokenCode")]


def test_a_shared_profile_takes_one_code_and_each_client_has_only_its_own_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    with with_a_hub(tmp_path, 3, "glue", patch=monkeypatch) as found:
        todo = jobs(found, tmp_path)
        signed_in = sign_in(todo, Interrupts())
        assert signed_in.refused == {}
        assert person.asked == [f"client-0, with the profile hub: Enter MFA code for {SERIAL}: "]
        assert roles_of(found.calls)[:2] == [HUB, role(0)]
        assert sorted(roles_of(found.calls)) == sorted([HUB, *map(role, range(3))])
        assert (codes_of(found.calls), found.count("GetCallerIdentity")) == (["000001"], 3)
        for n, job in enumerate(todo):
            (own,) = signed_in.lend(job.parameters).plain().values()
            assert own["Credentials"]["SessionToken"].encode() in secrets(n)


def test_profiles_of_their_own_are_asked_for_one_after_the_other_each_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    with with_profiles(tmp_path, 3, "glue", patch=monkeypatch) as found:
        assert sign_in(jobs(found, tmp_path), Interrupts()).refused == {}
        prompt = "client-{0}, with the profile client-{0}: Enter MFA code for {1}: "
        assert person.asked == [prompt.format(n, SERIAL) for n in range(3)]
        assert roles_of(found.calls) == [role(n) for n in range(3)]
        assert codes_of(found.calls) == ["000001", "000002", "000003"]


def test_after_a_wrong_code_the_next_client_of_the_profile_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    with with_a_hub(tmp_path, 3, "glue", patch=monkeypatch) as found:
        found.box.fail("AssumeRole", "AccessDenied")
        refused = sign_in(jobs(found, tmp_path), Interrupts()).refused
        assert list(refused) == ["client-0"]
        assert [asked.split(",")[0] for asked in person.asked] == ["client-0", "client-1"]


INVALID = "MultiFactorAuthentication failed with invalid MFA one time pass code."


def refuse_codes(found: Accounts, *codes: str) -> None:
    """STS takes these codes of nobody."""

    def refuse(call: IncomingCall) -> None:
        if call.get("TokenCode") in codes:
            raise AwsError("AccessDenied", INVALID, 403)

    found.box.before("AssumeRole", refuse)


@pytest.mark.parametrize("typed", [["000001", "000002"], ["12345", "12a456"], ["", "000002"]])
def test_a_code_that_is_refused_is_asked_for_again_and_why_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    person: Person,
    capsys: pytest.CaptureFixture[str],
    typed: list[str],
) -> None:
    codes = iter([*typed, "123 456"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: [person.type(prompt), next(codes)][1])
    with with_a_hub(tmp_path, 2, "glue", patch=monkeypatch) as found:
        refuse_codes(found, "000001", "000002")
        assert sign_in(jobs(found, tmp_path), Interrupts()).refused == {}
        assert [asked.split(",")[0] for asked in person.asked] == ["client-0"] * 3
        assert codes_of(found.calls)[-1] == "123456"
    said = capsys.readouterr().err
    assert said.count("Type another one.") == 2
    assert said.count("mistyped, or used before: AWS takes each code only once") == typed.count("000001") + typed.count(
        "000002"
    )
    assert said.count("is no code of MFA, which has six digits. AWS was not asked.") == 2 - said.count("mistyped")


def test_after_three_codes_none_is_asked_for_again_for_any_client_of_that_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    with with_a_hub(tmp_path, 3, "glue", patch=monkeypatch) as found:
        refuse_codes(found, *(f"{number:06}" for number in range(10)))
        refused = sign_in(jobs(found, tmp_path), Interrupts()).refused
        assert list(refused) == ["client-0", "client-1", "client-2"]
        assert all(
            INVALID in why and "Who acts: the engineer runs it again, and types" in why for why in refused.values()
        )
        assert (len(person.asked), codes_of(found.calls)) == (3, ["000001", "000002", "000003"])
    assert capsys.readouterr().err.count("Type another one.") == 2


def test_where_nobody_can_type_nothing_is_asked_and_this_is_said_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    person.sits_there(monkeypatch, False)
    with with_a_hub(tmp_path, 3, "glue", patch=monkeypatch) as found:
        refused = sign_in(jobs(found, tmp_path), Interrupts()).refused
        assert set(refused) == {"client-0", "client-1", "client-2"}
        assert all(NOBODY in why for why in refused.values())
        assert (person.asked, found.calls) == ([], [])


def test_ctrl_c_in_place_of_a_code_ends_it_and_nobody_counts_as_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    def ctrl_c(_: str) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the question waits on")

    monkeypatch.setattr("getpass.getpass", ctrl_c)
    with with_a_hub(tmp_path, 2, "glue", patch=monkeypatch) as found, counted_interrupts() as asked:
        assert sign_in(jobs(found, tmp_path), asked).refused == {}
        assert (asked.count, found.calls) == (1, [])


@pytest.mark.parametrize("hub_lasts", [True, False])
def test_in_the_middle_of_a_batch_a_session_is_renewed_only_if_nobody_need_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person, hub_lasts: bool
) -> None:
    with with_a_hub(tmp_path, 1, "glue", patch=monkeypatch) as found:
        (job,) = jobs(found, tmp_path)
        signed_in = sign_in([job], Interrupts())
        ending = [signed_in.lend(job.parameters), *([] if hub_lasts else [signed_in._of_profiles["hub"]])]
        for sessions in ending:
            (key,) = sessions.plain()
            was = sessions[key]["Credentials"]
            sessions[key] = {"Credentials": was | {"Expiration": datetime.now(UTC) + timedelta(seconds=60)}}
        renewed = signed_in.lend(job.parameters)
        assert renewed.to_be_renewed == (not hub_lasts)
        assert (len(person.asked), found.count("AssumeRole")) == (1, 3 if hub_lasts else 2)


@KERNELS
def test_a_notebook_has_its_clients_session_in_memory_and_not_the_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    seen = list[bool]()

    def look() -> None:
        (notebook,) = server().children()
        seen.extend(in_memory(notebook.pid, given) for given in (secrets(0), of_the_hub()))

    with with_a_hub(tmp_path, 1, "glue", patch=monkeypatch) as found:
        found.box.before("GetRole", once(look))
        assert commands.run(Which(found.folders), How(), "plan")
        assert seen == [True, False]
    assert len(person.asked) == 1


def of_the_hub() -> set[bytes]:
    given = secrets(account_of=sandbox.CLIENT_ACCOUNT)
    assert given
    return given


@KERNELS
def test_a_code_serves_all_services_of_a_client_and_without_the_session_a_notebook_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: Person
) -> None:
    with with_profiles(tmp_path, 1, "glue", "redshift", patch=monkeypatch) as found:
        assert commands.run(Which(found.folders), How(), "plan")
        assert len(person.asked) == 1
        arn = f"arn:aws:sts::{account(0)}:assumed-role/entry/jane"
        assert {made.operator_arn for (made,) in records(tmp_path).values()} == {arn}
        monkeypatch.setattr(SignedIn, "lend", lambda *_: RoleSessions())
        assert not commands.run(Which(found.folders, service=[ServiceName.GLUE]), How(), "plan")
    assert NOBODY in records(tmp_path)["client-0/glue"][-1].reason


@KERNELS
def test_on_a_terminal_the_code_is_typed_once_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with with_a_hub(tmp_path, 2, "glue", patch=monkeypatch) as found:
        terminal = Terminal(ONEMATA, "plan", *map(str, found.folders))
        terminal.wait_for(f"client-0, with the profile hub: Enter MFA code for {SERIAL}: ")
        terminal.type("654321\n")
        assert terminal.ended() == 0
        assert (codes_of(found.calls), found.count("AssumeRole")) == (["654321"], 3)
    assert terminal.text.count("Enter MFA code") == 1
    assert "654321" not in terminal.text
    assert {made.outcome for (made,) in records(tmp_path).values()} == {"planned"}
