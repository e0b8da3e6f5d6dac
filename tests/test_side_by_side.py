"""Work that is done at the same time: who tells, what Ctrl-C does, and how much there is at once. No clock decides."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from threading import Barrier, Event, get_ident

import pytest

from onemata_helpers.at_once import CALLS
from onemata_helpers.side_by_side import in_turn, pass_on, side_by_side

LONG = 60  # seconds, after which a test has failed


def test_all_of_it_goes_on_at_the_same_time() -> None:
    all_are_here = Barrier(CALLS)

    def work() -> None:
        with in_turn():
            all_are_here.wait(LONG)

    side_by_side([work] * CALLS)


def test_no_more_than_so_many_calls_are_made_at_the_same_time() -> None:
    """Each lets all others begin that can."""
    here, most, others = list[int](), list[int](), Barrier(CALLS)

    def work() -> None:
        with in_turn():
            here.append(1)
            others.wait(LONG)
            most.append(len(here))
            others.wait(LONG)
            here.pop()

    side_by_side([work] * 4 * CALLS)
    assert len(most) == 4 * CALLS
    assert max(most) == CALLS


def test_who_waits_for_another_keeps_nobody_from_beginning() -> None:
    begun = Event()

    def wait() -> None:
        assert begun.wait(LONG)

    side_by_side([*[wait] * 2 * CALLS, begun.set])


def test_what_is_done_within_it_adds_no_threads() -> None:
    same = list[bool]()

    def within() -> None:
        mine = get_ident()
        side_by_side([lambda: same.append(get_ident() == mine)] * 2)

    side_by_side([within] * 3)
    assert same == [True] * 6


def test_the_thread_that_waits_does_the_telling_and_a_failure_goes_to_who_told() -> None:
    heard, caught = list[int](), list[str]()

    def refuse() -> None:
        heard.append(get_ident())
        raise ValueError("stop")

    def work() -> None:
        pass_on(lambda: heard.append(get_ident()))
        try:
            pass_on(refuse)
        except ValueError as error:
            caught.append(str(error))

    side_by_side([work, work])
    assert heard == [get_ident()] * 4
    assert caught == ["stop"] * 2


def test_what_fails_is_raised_by_who_waits() -> None:
    def fails() -> None:
        raise LookupError("this one")

    for works in ([fails], [fails, lambda: None], [lambda: None, fails]):
        with pytest.raises(LookupError, match="this one"):
            side_by_side(works)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_whatever_ends_a_thread_is_raised_by_who_waits(error: type[BaseException]) -> None:
    def ends() -> None:
        raise error

    with pytest.raises(error):
        side_by_side([ends, lambda: None])


def test_ctrl_c_while_something_is_told_ends_the_waiting_and_hangs_nobody() -> None:
    ended = Event()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def work() -> None:
        pass_on(interrupt)
        ended.set()

    def wait() -> None:
        ended.wait(LONG)

    with pytest.raises(KeyboardInterrupt):
        side_by_side([work, wait])
    assert ended.wait(LONG)


def test_nobody_waits_for_what_hangs_when_the_process_ends() -> None:
    hangs = (
        "import os, signal, threading\n"
        "from onemata_helpers.side_by_side import side_by_side\n"
        "both = threading.Barrier(2)\n"
        "def interrupt(): both.wait(); os.kill(os.getpid(), signal.SIGINT); threading.Event().wait()\n"
        "def hang(): both.wait(); threading.Event().wait()\n"
        "try: side_by_side([interrupt, hang])\n"
        "except KeyboardInterrupt: print('answered')\n"
    )
    done = subprocess.run([sys.executable, "-c", hangs], capture_output=True, text=True, timeout=LONG, check=True)
    assert (done.stdout, done.stderr) == ("answered\n", "")


def test_ctrl_c_is_answered_at_once_and_what_has_not_begun_never_does() -> None:
    answered, heard = Event(), list[str]()
    ended = Event()

    def hangs() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        answered.wait(LONG)
        pass_on(lambda: heard.append("late"))  # nobody waits for it any more, and it does not hang
        ended.set()

    def idle() -> None:
        answered.wait(LONG)

    with pytest.raises(KeyboardInterrupt):
        side_by_side([hangs, *[idle] * 50, lambda: heard.append("never")])
    assert not answered.is_set()
    answered.set()
    assert ended.wait(LONG)
    assert heard == ["late"]
