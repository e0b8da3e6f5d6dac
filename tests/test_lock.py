"""Two runs never change things for one client and service at the same time, and a crash leaves no lock behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onemata_helpers import Runbook
from onemata_helpers.errors import Busy, RecordNotWritten
from onemata_helpers.lock import ChangeLock, is_changing
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from .conftest import run, values
from .processes import running

HASTY = Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.01)
HOLD = """
import sys, time
from pathlib import Path
from onemata_helpers.lock import ChangeLock
from onemata_helpers.wait import Wait
lock = ChangeLock(Path(sys.argv[1]), "example", "glue")
lock.take(Wait())
print("held", flush=True)
time.sleep(60)
"""


def lock(folder: Path, name: str = "mine.json") -> ChangeLock:
    return ChangeLock(folder / name, "example", "glue")


def changing(folder: Path) -> bool:
    return is_changing(folder, "example", "glue")


def test_another_process_holds_it_until_it_dies(tmp_path: Path) -> None:
    with running(
        [sys.executable, "-c", HOLD, str(tmp_path / "other.json")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert changing(tmp_path)
        with pytest.raises(Busy) as busy:
            lock(tmp_path).take(HASTY)
        assert f"another run changes example/glue: process {process.pid} on " in str(busy.value)
        assert "record other.json. Who acts: the engineer lets that one end" in str(busy.value)
        ChangeLock(tmp_path / "x.json", "example", "ec2").take(HASTY)  # another service is another matter
        process.kill()
    assert not changing(tmp_path)
    lock(tmp_path).take(HASTY)


def test_it_is_kept_once_it_is_held_and_can_be_taken_again(tmp_path: Path) -> None:
    mine, other = lock(tmp_path), lock(tmp_path)
    mine.take(HASTY)
    mine.take(HASTY)
    with pytest.raises(Busy):
        other.take(HASTY)
    mine.release()
    mine.release()
    other.take(HASTY)


@pytest.mark.parametrize(
    "there", ["", "\x1b[31mnobody\n", "aws_secret_access_key=" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]
)
def test_what_stands_in_the_lock_is_told_and_does_nothing(tmp_path: Path, there: str) -> None:
    mine = lock(tmp_path)
    mine.take(HASTY)
    (tmp_path / ".example-glue.lock").write_text(there)
    with pytest.raises(Busy) as busy:
        lock(tmp_path).take(HASTY)
    assert "\x1b" not in str(busy.value)
    assert "wJalr" not in str(busy.value)


def test_a_place_that_cannot_be_locked_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ".example-glue.lock").mkdir()
    with pytest.raises(RecordNotWritten, match=r"cannot be locked: .*Nothing was done.*Who acts: the engineer"):
        lock(tmp_path).take(HASTY)


def test_runs_that_change_wait_for_each_other_and_say_so(aws: Sandbox, tmp_path: Path) -> None:
    """The second waits until the first has ended, plans then, and finds nothing to do."""
    first = Runbook("glue", values("glue", action="apply", record=str(tmp_path / "first.json")), HASTY)
    first.connect()
    first.plan()
    told: list[str] = []

    def finish_first(_: float) -> None:
        if first.lock._lock.is_locked:
            for step in (first.apply, first.verify, first.finish):
                step()

    wait = Wait(tell=told.append, sleep=finish_first, seconds=60)
    with ThreadPoolExecutor(1) as another:  # in the same thread, it would be the same notebook run again
        second = another.submit(run, "glue", "apply", wait, record=str(tmp_path / "second.json")).result()
    assert second.error is None
    assert second.writes == []
    assert any(line.startswith("Waiting: another run changes example/glue: process ") for line in told)


@pytest.mark.parametrize("action", ["plan", "verify", "plan-removal"])
def test_reading_waits_for_nobody(aws: Sandbox, tmp_path: Path, action: str) -> None:
    held = lock(tmp_path, "first.json")
    held.take(HASTY)
    done = run("glue", action, HASTY, record=str(tmp_path / "second.json"))
    assert not isinstance(done.error, Busy)
    assert done.record.plan is not None


@pytest.mark.parametrize("action", ["apply", "remove"])
def test_who_waits_in_vain_is_blocked_and_has_done_nothing(aws: Sandbox, tmp_path: Path, action: str) -> None:
    held = lock(tmp_path, "first.json")
    held.take(HASTY)
    done = run("glue", action, HASTY, record=str(tmp_path / "second.json"))
    assert isinstance(done.error, Busy)
    assert (done.record.outcome, done.writes) == ("blocked", [])


@pytest.mark.parametrize("how", ["finished", "failed"])
def test_a_run_that_ended_holds_nothing(aws: Sandbox, tmp_path: Path, how: str) -> None:
    if how == "failed":
        aws.fail("CreateRole", "LimitExceeded")
    done = run("glue", "apply", record=str(tmp_path / "first.json"))
    assert done.record.outcome == {"finished": "applied", "failed": "failed"}[how]
    assert not changing(tmp_path)


def test_threads_of_one_process_wait_for_each_other_too(tmp_path: Path) -> None:
    held: list[int] = []

    def one(number: int) -> None:
        mine = lock(tmp_path)
        mine.take(Wait(tell=lambda _: None, sleep=lambda _: threading.Event().wait(0.001), seconds=60))
        held.append(number)
        assert held == [number]
        held.remove(number)
        mine.release()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held == []


def test_cells_that_are_run_again_from_the_top_wait_for_no_run_of_their_own(aws: Sandbox, tmp_path: Path) -> None:
    """Jupyter keeps what a cell has shown, and with it the runbook of the run before."""
    first = Runbook("glue", values("glue", action="apply", record=str(tmp_path / "first.json")), HASTY)
    first.connect()
    first.plan()
    second = run("glue", "apply", HASTY, record=str(tmp_path / "second.json"))
    assert second.error is None
    assert second.writes
