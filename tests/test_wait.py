"""Waiting is bounded, says why, and gives up at once on what does not pass by itself."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from onemata_helpers.errors import NotUsable
from onemata_helpers.wait import Transient, Wait

NEW = Transient("InvalidParameterValue", "Invalid IAM Instance Profile", "EC2 does not yet see the new profile")


def refusal(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "InvalidParameterValue", "Message": message}}, "Associate")


class Flaky:
    """Refuses a few times, then answers."""

    def __init__(self, times: int, message: str) -> None:
        self.left = times
        self.message = message

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise refusal(self.message)
        return "done"


def test_a_passing_refusal_is_waited_out_with_longer_and_longer_pauses() -> None:
    said: list[str] = []
    pauses: list[float] = []
    wait = Wait(tell=said.append, sleep=pauses.append)
    assert wait.retry(Flaky(6, "Invalid IAM instance profile name"), (NEW,)) == "done"
    assert said == ["Waiting: EC2 does not yet see the new profile."] * 6
    assert pauses == [0.5, 1, 2, 4, 8, 10]


def test_the_code_alone_does_not_make_it_pass() -> None:
    pauses: list[float] = []
    with pytest.raises(ClientError, match="wrong instance"):
        Wait(sleep=pauses.append).retry(Flaky(9, "wrong instance"), (NEW,))
    assert pauses == []


def test_the_last_refusal_is_raised_when_time_is_up() -> None:
    with pytest.raises(ClientError, match="Invalid IAM"):
        Wait(tell=lambda _: None, seconds=0.01).retry(Flaky(10**6, "Invalid IAM Instance Profile"), (NEW,))


def test_a_state_that_does_not_come_is_an_error_that_names_it() -> None:
    said: list[str] = []
    with pytest.raises(NotUsable, match=r"the role is still 'adding' after 0 s, not 'in-sync'.*client's admin"):
        Wait(tell=said.append, sleep=lambda _: None, seconds=0.01).until("the role", lambda: "adding", "in-sync")
    assert said[0] == "Waiting: the role is adding."
