"""On a terminal: the plan and the question, the picture that moves, and Ctrl-C."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onemata_helpers.batch import commands
from onemata_helpers.batch.interrupts import counted_interrupts
from onemata_helpers.sandbox.server import Sandbox

from ..processes import LONG
from .conftest import Approval, How, Planning, Which, client, records

ONEMATA = str(Path(sys.executable).parent / "onemata")


def _on_this_terminal() -> None:
    """In the command's process, before it begins: as a shell starts it, also where these tests run under nohup."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A command on a terminal of its own; `text` is all that it has shown, without colours and movements."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=_on_this_terminal,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "160", "LINES": "40"},
        )  # fmt: skip
        os.close(slave)
        self._shown = b""
        self._more = threading.Condition()
        self._gone = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            while not (self._gone.is_set() or select.select([self._master], [], [], 0.1)[0]):
                pass
            try:
                part = b"" if self._gone.is_set() else os.read(self._master, 65536)
            except OSError:  # the last one has closed it
                part = b""
            with self._more:
                self._shown += part
                self._more.notify_all()
            if not part:
                return

    @property
    def text(self) -> str:
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._shown.decode(errors="replace"))
        return plain.replace("\r", "")

    def wait_for(self, words: str) -> None:
        with self._more:
            assert self._more.wait_for(lambda: words in self.text, timeout=120), self.text

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """The window is closed, or the way to it is lost."""
        if self._gone.is_set():
            return
        self._gone.set()
        self._reader.join(LONG)
        os.close(self._master)

    def ended(self) -> int:
        code = self.process.wait(120)
        if not self._gone.is_set():
            self._reader.join(LONG)
            assert not self._reader.is_alive(), "the terminal is still held by what the command has started"
            os.close(self._master)
        return code


@pytest.mark.usefixtures("kernels")
def test_a_plan_is_shown_and_asked_for_and_ctrl_c_ends_its_apply_at_a_safe_point(aws: Sandbox, tmp_path: Path) -> None:
    terminal = Terminal(ONEMATA, "apply", str(client(tmp_path, "acme")))
    aws.before("CreateRole", lambda _: interrupt(terminal))
    terminal.wait_for("Apply exactly this for acme, account 012345670123? Only `yes` approves: ")
    assert "  + create: role AWSGlueServiceRole-acme" in terminal.text
    assert "Plan: 3 to add, 0 to change, 0 to remove." in terminal.text
    assert records(tmp_path)["acme/glue"][-1].outcome == "planned"
    terminal.type("yes\n")
    assert terminal.ended() == 1
    assert "0/1" in terminal.text
    assert "(asked to stop)" in terminal.text
    assert "FAILED       acme: glue failed" in terminal.text
    assert re.search(r"To go on: .*onemata apply .*acme --resume\n$", terminal.text)
    last = records(tmp_path)["acme/glue"][-1]
    assert "Stopped before policy AWSGlueServiceRole on role" in last.reason
    assert last.parameters["approved_plan"] == last.plan_digest


@pytest.mark.usefixtures("kernels")
def test_a_terminal_that_is_gone_ends_the_batch_at_a_safe_point(aws: Sandbox, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    folder = str(client(tmp_path, "acme"))
    terminal = Terminal(ONEMATA, "apply", folder, "--auto-approve", "--summary", str(summary))
    aws.before("CreateRole", lambda _: hang_up(terminal, tmp_path))
    assert terminal.ended() == 1
    (last,) = records(tmp_path)["acme/glue"]
    assert "Stopped before policy AWSGlueServiceRole on role" in last.reason
    assert json.loads(summary.read_text())["results"][0]["reason"] == last.reason


def test_under_nohup_the_end_of_the_terminal_is_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with counted_interrupts() as asked:
            signal.raise_signal(signal.SIGHUP)
        assert asked.count == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def hang_up(terminal: Terminal, folder: Path) -> None:
    terminal.wait_for("change 1 of 3: role AWSGlueServiceRole-acme")
    terminal.hang_up()
    end = time.monotonic() + LONG
    while not list(folder.rglob("*.stop")):
        assert time.monotonic() < end
        time.sleep(0.05)


def interrupt(terminal: Terminal) -> None:
    """The person presses Ctrl-C while the first change is under way, and sees what is waited for."""
    terminal.wait_for("change 1 of 3: role AWSGlueServiceRole-acme")
    terminal.type("\x03")
    terminal.wait_for("Stopping: nothing more begins. Waiting for acme/glue to come to a safe point.")
    terminal.wait_for("(asked to stop)")


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], str]) -> None:
    monkeypatch.setattr(commands, "somebody_is_there", lambda: True)
    monkeypatch.setattr("builtins.input", answer)


def no_more() -> str:
    raise EOFError


def ctrl_c() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("the question waits on")


def roles(aws: Sandbox) -> set[str]:
    return {role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}


@pytest.mark.parametrize("answer", [lambda: "y", lambda: "", lambda: "YES", lambda: "no", no_more])
def test_nothing_but_yes_approves(
    aws: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: Callable[[], str],
) -> None:
    answering(monkeypatch, answer)
    before = roles(aws)
    assert commands.change(Which([client(tmp_path, "acme")]), How(), "apply", Approval())
    assert roles(aws) == before
    assert "NOT APPROVED acme: glue not approved\n    glue: Nobody said yes to its plan." in capsys.readouterr().out


def test_of_several_plans_the_question_says_how_many(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, no_more)
    assert commands.change(Which([client(tmp_path, "acme", "redshift", "glue")]), How(), "apply", Approval())
    assert "Apply exactly these 2 plans for acme, account 012345670123?" in capsys.readouterr().out


def test_each_client_is_asked_for_itself(aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["no", "yes"])
    answering(monkeypatch, lambda: next(answers))
    which = Which([client(tmp_path, "acme"), client(tmp_path, "bolt")])
    assert commands.change(which, How(), "apply", Approval())
    assert {"AWSGlueServiceRole-bolt"} == {name for name in roles(aws) if name.startswith("AWSGlue")}
    monkeypatch.setattr("builtins.input", ctrl_c)  # and what needs no approval asks for none
    assert commands.change(Which([which.folders[1]]), How(), "apply", Approval())


def test_yes_approves_anew_what_was_approved_and_taken_away_since(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda: "yes")
    which, before = Which([client(tmp_path, "acme")]), roles(aws)
    assert commands.change(which, How(), "apply", Approval())
    assert commands.change(which, How(), "remove", Approval())
    assert roles(aws) == before
    assert commands.change(which, How(), "apply", Approval())
    assert roles(aws) == {*before, "AWSGlueServiceRole-acme"}


def test_a_digest_in_the_files_answers_no_question_and_is_approved_anew_by_yes(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = client(tmp_path, "acme")
    commands.plan(Which([folder]), How(), Planning())
    digest = records(tmp_path)["acme/glue"][-1].plan_digest
    path = folder / "glue.yaml"
    path.write_text(path.read_text().replace('approved_plan: ""', f'approved_plan: "{digest}"', 1))
    assert f'approved_plan: "{digest}"' in path.read_text()
    assert commands.run(Which([folder]), How(), "apply")
    assert commands.run(Which([folder]), How(), "apply")
    assert commands.change(Which([folder]), How(), "remove", Approval(auto_approve=True)) is False
    assert "AWSGlueServiceRole-acme" in roles(aws)
    answering(monkeypatch, lambda: "yes")
    assert commands.change(Which([folder]), How(), "remove", Approval())
    assert not commands.run(Which([folder]), How(), "apply")
    assert "AWSGlueServiceRole-acme" not in roles(aws)
    assert commands.change(Which([folder]), How(), "apply", Approval())
    assert "AWSGlueServiceRole-acme" in roles(aws)


def test_ctrl_c_in_place_of_an_answer_ends_all(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, ctrl_c)
    before = roles(aws)
    which = Which([client(tmp_path, "acme"), client(tmp_path, "bolt")])
    assert not commands.change(which, How(), "apply", Approval())
    assert roles(aws) == before
    said = capsys.readouterr().out
    assert said.count("Only `yes` approves") == 1
    assert "2 not run." in said


def test_a_removal_is_shown_before_it_is_asked_for(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    which = Which([client(tmp_path, "acme")])
    assert commands.run(which, How(), "apply")
    capsys.readouterr()
    answering(monkeypatch, lambda: "yes")
    assert commands.change(which, How(), "remove", Approval())
    said = capsys.readouterr().out
    assert "acme/glue: removal in account 012345670123, us-east-1" in said
    assert "Plan: 0 to add, 0 to change, 3 to remove." in said
    assert "Remove exactly this for acme, account 012345670123? Only `yes` approves: " in said
    assert "AWSGlueServiceRole-acme" not in roles(aws)
    assert records(tmp_path)["acme/glue"][-1].outcome == "removed"


def test_the_list_says_what_was_cut_off_and_what_still_runs(
    aws: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which = Which([client(tmp_path, "acme")])
    said: list[str] = []

    def look(_: object) -> None:
        commands.run(Which(which.folders, list_only=True), How(), "apply")
        said.append(capsys.readouterr().out)

    aws.before("CreateRole", look)
    assert commands.run(which, How(), "apply")
    assert "apply running in change 1 of 3" in " ".join(said[0].split())
    (path,) = (tmp_path / "records" / "acme" / "glue").glob("*.json")
    text = (
        path.read_text().replace('"outcome": "applied"', '"outcome": null').replace('"doing": ""', '"doing": "verify"')
    )
    path.write_text(text)
    look(None)
    assert "apply cut off in verify" in " ".join(said[1].split())
    path.write_text(text.replace('"doing": "verify"', '"doing": "verify: Waiting: it runs."'))
    assert commands.run(which, How(resume=True), "apply")
    assert "the last run was cut off in verify: Waiting: it runs.\n" in capsys.readouterr().out
