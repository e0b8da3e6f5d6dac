"""Sessions that one process has opened and another goes on with: taken while they last, opened anew, never shown."""

from __future__ import annotations

import io
import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
import rich.console
import rich.pretty
import rich.traceback
from hypothesis import given
from hypothesis import strategies as st
from IPython.lib.pretty import pretty

from onemata_helpers.at_once import SIGN_INS
from onemata_helpers.batch.interrupts import Interrupts
from onemata_helpers.batch.jobs import Job
from onemata_helpers.batch.sign_in import sign_in
from onemata_helpers.errors import ConnectError
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.role_sessions import RoleSessions
from onemata_helpers.signing_in import connect

from .batch.many_accounts import EXTERNAL_ID, Accounts, account, accounts, role
from .conftest import between_tries_no_time_passes
from .processes import LONG

LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", min_size=20, max_size=60)


def answer(seconds: float, *secrets: str) -> dict[str, Any]:
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return {"Credentials": dict(zip(names, secrets or names, strict=True)) | {"Expiration": ends}}


@given(st.lists(LETTERS, min_size=3, max_size=3, unique=True))
def test_whatever_shows_values_shows_none_of_these(secrets: list[str]) -> None:
    sessions = RoleSessions()
    sessions["key"] = answer(3600, *secrets)
    shown = [repr(sessions), str(sessions), f"{[sessions]}", rich.pretty.pretty_repr(sessions)]
    shown.append(pretty(sessions))  # type: ignore[no-untyped-call]
    said = io.StringIO()
    with pytest.raises(KeyError) as caught:
        _fail(sessions)
    shown.append(repr(caught.value))
    within = caught.tb.tb_next  # without this function, which has the secrets
    trace = rich.traceback.Traceback.from_exception(caught.type, caught.value, within, show_locals=True)
    rich.console.Console(file=said, width=200).print(trace)
    assert "sessions = " in said.getvalue()
    for text in (*shown, said.getvalue()):
        assert not [each for each in secrets if each in text]
    with pytest.raises(TypeError, match="do not leave a process"):
        pickle.dumps(sessions)
    with pytest.raises(TypeError):
        json.dumps(sessions)


def _fail(sessions: RoleSessions) -> None:
    sessions["another"]


@contextmanager
def one(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[tuple[Accounts, ServiceParameters]]:
    with accounts(folder, 1, "glue", patch=patch) as found:
        found.hear("AssumeRole")
        yield found, from_folder(found.folders[0])["glue"]


def ending_in(sessions: RoleSessions, seconds: float) -> RoleSessions:
    """The same sessions, which end at another time."""
    ends = str(datetime.now(UTC) + timedelta(seconds=seconds))
    return RoleSessions(
        {key: {"Credentials": each["Credentials"] | {"Expiration": ends}} for key, each in sessions.plain().items()}
    )


def test_it_is_taken_while_it_lasts_and_for_that_very_role_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = list[str]()

    def enter(sessions: RoleSessions, **changes: Any) -> str:
        heard.clear()
        asked = parameters.model_copy(update=changes)
        return connect(asked, (), lambda call: heard.append(call.operation), sessions=sessions).identity.arn

    with one(tmp_path, monkeypatch) as (_, parameters):
        sessions = RoleSessions()
        entered = f"arn:aws:sts::{account(0)}:assumed-role/entry/onemata-runbooks"
        for lasting, calls in ((None, 2), (3600, 1), (16 * 60, 1), (14 * 60, 2), (-1, 2)):
            kept = RoleSessions(sessions.plain()) if lasting is None else ending_in(sessions, lasting)
            assert enter(kept) == entered
            assert heard == ["AssumeRole", "GetCallerIdentity"][-calls:]
            sessions = kept
        with pytest.raises(ConnectError, match="AccessDenied"):
            enter(sessions, operator_external_id="another")
        with pytest.raises(ConnectError, match="AccessDenied"):
            enter(sessions, operator_role_arn=f"arn:aws:iam::{account(0)}:role/another")
        assert heard[0] == "AssumeRole"


def test_a_profile_that_leads_elsewhere_by_then_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    own = {"aws_profile": "theirs", "operator_role_arn": "", "operator_external_id": ""}
    with accounts(tmp_path, 2, "glue", patch=monkeypatch) as found:
        parameters = from_folder(found.folders[0])["glue"].model_copy(update=own)
        sessions = RoleSessions()

        def enter(number: int) -> str:
            engineer = (
                f"[profile engineer]\naws_access_key_id = {found.key[0]}\naws_secret_access_key = {found.key[1]}\n"
            )
            theirs = f"[profile theirs]\nrole_arn = {role(number)}\nexternal_id = {EXTERNAL_ID}\n"
            config.write_text(f"{engineer}{theirs}source_profile = engineer\nrole_session_name = jane\n")
            return connect(parameters, (), lambda _: None, sessions=sessions).identity.arn

        assert enter(0) == f"arn:aws:sts::{account(0)}:assumed-role/entry/jane"
        with pytest.raises(ConnectError, match=f"This session is in account {account(1)} as .*{account(0)}"):
            enter(1)
        assert enter(0) == f"arn:aws:sts::{account(0)}:assumed-role/entry/jane"
        assert len(sessions.plain()) == 2


def test_when_it_ends_in_the_middle_it_is_opened_anew_under_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one(tmp_path, monkeypatch) as (found, parameters):
        first = RoleSessions()
        connect(parameters, (), lambda _: None, sessions=first)
        heard = list[str]()
        handed = RoleSessions(json.loads(json.dumps(first.plain())))
        aws = connect(parameters, (), lambda call: heard.append(call.operation), sessions=handed)
        credentials: Any = aws._session.get_credentials()
        credentials._expiry_time = datetime.now(UTC) + timedelta(seconds=30)
        (key,) = handed.plain()
        handed[key] = answer(30)
        aws.call("sts", "get_caller_identity")
        assert heard == ["GetCallerIdentity", "AssumeRole", "GetCallerIdentity"]
        assert [call.account for call in found.calls] == ["012345670123"] * 2


@pytest.mark.parametrize(("seconds", "sign_ins"), [(3600, 1), (60, 2)])
def test_a_batch_opens_it_anew_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, sign_ins: int
) -> None:
    with one(tmp_path, monkeypatch) as (found, parameters):
        signed_in = sign_in([Job(parameters, tmp_path)], Interrupts())
        assert signed_in.refused == {}
        (key,) = signed_in.lend(parameters).plain()
        sessions = signed_in._sessions[parameters.client]
        sessions[key] = answer(seconds)
        lent = signed_in.lend(parameters).plain()
        assert found.count("AssumeRole") == sign_ins
        assert (lent[key]["Credentials"]["SessionToken"] == "SessionToken") == (sign_ins == 1)


def test_no_sign_in_waits_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)
    with accounts(tmp_path, 2, "glue", patch=monkeypatch) as found:
        todo = [Job(from_folder(folder)["glue"], tmp_path) for folder in found.folders]
        found.box.before("GetCallerIdentity", lambda _: both.wait(LONG))
        assert sign_in(todo, Interrupts()).refused == {}
    assert not both.broken


def test_those_who_sign_in_are_few_at_once_also_in_the_middle_and_outwait_throttling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_tries_no_time_passes(monkeypatch)
    now, most, too_many = list[int](), list[int](), Event()

    def count(_: object) -> None:
        """One has time to come, too, where it may not."""
        now.append(1)
        most.append(len(now))
        if len(now) > SIGN_INS:
            too_many.set()
        too_many.wait(0.5)
        now.pop()

    with accounts(tmp_path, 12, "glue", patch=monkeypatch) as found:
        todo = [Job(from_folder(folder)["glue"], tmp_path) for folder in found.folders]
        found.box.before("AssumeRole", count)
        found.box.throttle("AssumeRole", 9)
        signed_in = sign_in(todo, Interrupts())
        assert signed_in.refused == {}
        assert len(most) == 12 + 9
        for sessions in signed_in._sessions.values():
            (key,) = sessions.plain()
            sessions[key] = answer(60)
        found.box.throttle("AssumeRole", 9)
        with ThreadPoolExecutor(12) as pool:
            lent = list(pool.map(signed_in.lend, [job.parameters for job in todo]))
        assert len(most) == 2 * (12 + 9)
        assert max(most) <= SIGN_INS
        tokens = {each["Credentials"]["SessionToken"] for sessions in lent for each in sessions.plain().values()}
        assert len(tokens - {"SessionToken"}) == 12


def test_no_crash_writes_them_to_a_file(tmp_path: Path) -> None:
    program = """
import os, resource
from typer.testing import CliRunner
from onemata_helpers.cli import app
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
assert CliRunner().invoke(app, ["schema"]).exit_code == 0
assert resource.getrlimit(resource.RLIMIT_CORE) == (min(1, most) if most >= 0 else 1, most)
os.abort()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, timeout=LONG)
    assert done.returncode == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []
