"""How long calls take, how many AWS takes in a second, and faults for one account only."""

import time

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.errors import AwsError
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox.wire.limits import ANY, Limits
from tests.sandbox.actors import headers_of, operator, refused, send


class Clock:
    """A clock that only moves when it is told to, or slept on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def call(operation: str = "AssumeRole", account: str = sandbox.CLIENT_ACCOUNT) -> IncomingCall:
    return IncomingCall("sts", operation, {}, account, sandbox.REGION)


def taken(limits: Limits, *calls: IncomingCall) -> int:
    """How many of the calls are not throttled."""
    return sum(not throttled(limits, each) for each in calls)


def throttled(limits: Limits, each: IncomingCall) -> bool:
    try:
        limits.take(each)
    except AwsError as error:
        return error.code == "Throttling"
    return False


def test_a_second_has_room_for_so_many_calls_of_an_operation_and_account() -> None:
    clock = Clock()
    limits = Limits(clock, clock.sleep)
    limits.limit("AssumeRole", 5)
    assert taken(limits, *[call()] * 20) == 5
    assert taken(limits, *[call(account="111111111111")] * 20) == 5
    assert taken(limits, *[call("GetCallerIdentity")] * 20) == 20
    clock.now += 0.4
    assert taken(limits, *[call()] * 20) == 2
    clock.now += 100
    assert taken(limits, *[call()] * 20) == 5


def test_all_calls_of_an_account_can_have_a_limit_together() -> None:
    clock = Clock()
    limits = Limits(clock, clock.sleep)
    limits.limit(ANY, 0.5)
    assert taken(limits, call("A"), call("B"), call("C", "111111111111")) == 2
    clock.now += 2
    assert taken(limits, call("A"), call("B")) == 1


def test_latency_is_waited_for_and_no_limit_is_the_rule() -> None:
    clock = Clock()
    limits = Limits(clock, clock.sleep)
    assert taken(limits, *[call()] * 1000) == 1000
    assert clock.now == 0
    limits.latency = 0.1
    limits.take(call())
    assert clock.now == pytest.approx(0.1)


def test_the_sandbox_keeps_to_them(box: Sandbox) -> None:
    sts = box.client("sts")
    sts.get_caller_identity()
    box.latency = 0.2
    began = time.monotonic()
    sts.get_caller_identity()
    assert time.monotonic() - began >= 0.2
    box.latency = 0
    box.limit("GetCallerIdentity", 0.001)
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    answers = [send(box, "POST", "/", body, headers_of(operator(box), "sts", body)) for _ in range(2)]
    assert [status for status, _ in answers] == [200, 400]
    assert "<Code>Throttling</Code><Message>Rate exceeded</Message>" in answers[1][1]


def test_a_fault_can_be_for_one_account(box: Sandbox) -> None:
    box.fail("GetCallerIdentity", "AccessDenied", times=2, account=sandbox.ONEMATA_ACCOUNT)
    ours, onematas = box.client("sts"), box.client("sts", account=sandbox.ONEMATA_ACCOUNT)
    ours.get_caller_identity()
    assert [refused(onematas.get_caller_identity)[0] for _ in range(2)] == ["AccessDenied"] * 2
    onematas.get_caller_identity()
    box.throttle("GetCallerIdentity", 1, account=sandbox.CLIENT_ACCOUNT)
    onematas.get_caller_identity()
