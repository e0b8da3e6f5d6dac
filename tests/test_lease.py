"""The lock in a bucket: one holder at a time, which finds out before it writes that it is none any more."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from onemata_helpers import Runbook, lease, sandbox
from onemata_helpers.archive import NoRecords
from onemata_helpers.bucket import Bucket
from onemata_helpers.errors import Busy, LockLost, RecordNotWritten
from onemata_helpers.lease import Lease
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.wait import Wait

from .conftest import STEPS, between_tries_no_time_passes, let_lock_run_out, put_earlier, run, values

OTHERS = (
    r"another run changes example/glue: run \S+, process \d+ on .* since .*, record 2026-01-01T120000\.000Z\.json, put "
    r"\d times; its lock holds until .*\+00:00.* Who acts: the engineer"
)
HASTY = Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.01)


def of_a_run(place: str, folder: Path, machine: str, hour: str = "12") -> Lease:
    """The lease of a run on this machine."""
    record = folder / machine / f"2026-01-01T{hour}0000.000Z.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{}")
    lease.hand_down(record, place, "")
    found = lease.lease_of_run(record, "example", "glue")
    assert found is not None
    return found


@pytest.fixture
def two(our_records: str, tmp_path: Path) -> tuple[Lease, Lease]:
    return of_a_run(our_records, tmp_path, "one"), of_a_run(our_records, tmp_path, "two")


def changing(place: str) -> bool:
    return Bucket(place).changing("example", "glue")


def test_one_holds_it_until_it_gives_it_up(our_records: str, two: tuple[Lease, Lease]) -> None:
    one, other = two
    assert not changing(our_records)
    for _ in range(2):  # taken anew, it is given up and taken again
        one.take(HASTY)
        one.take(HASTY)
        assert changing(our_records)
        with pytest.raises(Busy, match=OTHERS):
            other.take(HASTY)
        other.give_up()  # which is not its own
        assert changing(our_records)
        one.give_up()
        assert not changing(our_records)
        one, other = other, one


def test_a_place_has_one_lock_however_it_is_written(our_records: str, tmp_path: Path) -> None:
    one, other = of_a_run(our_records, tmp_path, "one"), of_a_run(f"{our_records}//", tmp_path, "two")
    one.take(HASTY)
    with pytest.raises(Busy, match=OTHERS):
        other.take(HASTY)


def test_what_a_killed_run_of_the_same_folder_left_is_not_waited_for(our_records: str, tmp_path: Path) -> None:
    killed = of_a_run(our_records, tmp_path, "one")
    killed.take(HASTY)
    next_one = of_a_run(our_records, tmp_path, "one", "13")
    for name, content in (("11", b""), ("10", b"\xff{"), ("09", b'{"bucket": "", "profile": "", "run": ""}')):
        (tmp_path / "one" / f"2026-01-01T{name}0000.000Z.lease").write_bytes(content)  # which others left
    next_one.take(HASTY)
    with pytest.raises(LockLost):
        killed.before_request(writes=True)


def race(place: str, folder: Path) -> None:
    """Six runs try to take it at the same time, and one gets it."""
    held: list[int] = []
    runs = [of_a_run(place, folder, str(number)) for number in range(6)]

    def one(number: int) -> None:
        try:
            runs[number].take(HASTY)
        except Busy:
            return
        held.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(held) == 1


def test_of_many_at_once_one_gets_it(our_records: str, tmp_path: Path) -> None:
    race(our_records, tmp_path)


def test_of_many_that_wait_for_one_that_crashed_one_gets_it(our_records: str, tmp_path: Path) -> None:
    of_a_run(our_records, tmp_path, "crashed").take(HASTY)
    let_lock_run_out("example/glue")
    race(our_records, tmp_path)


def test_who_was_overtaken_writes_nothing_any_more(our_records: str, two: tuple[Lease, Lease]) -> None:
    one, other = two
    one.take(HASTY)
    one.before_request(writes=True)
    let_lock_run_out("example/glue")
    assert not changing(our_records)
    one.before_request(writes=True)  # nobody has it, so it is renewed
    assert changing(our_records)
    let_lock_run_out("example/glue")
    other.take(HASTY)
    for _ in range(2):
        with pytest.raises(LockLost, match=r"lost its lock on example/glue to another: run .*, process"):
            one.before_request(writes=True)
    one.give_up()
    other.give_up()
    with pytest.raises(LockLost, match="one that has ended"):
        one.before_request(writes=True)
    assert not changing(our_records)


def test_who_saw_it_run_out_does_not_get_it_once_it_was_renewed(our_records: str, two: tuple[Lease, Lease]) -> None:
    two[0].take(HASTY)
    let_lock_run_out("example/glue")
    seen = Bucket(our_records).lock("example", "glue")
    assert seen is not None
    assert not seen.held
    two[0].before_request(writes=True)
    assert Bucket(our_records).put_lock("example", "glue", "another", seen.etag) == ""
    two[0].before_request(writes=True)


def test_a_lock_that_somebody_deleted_is_lost(aws: Sandbox, our_records: str, two: tuple[Lease, Lease]) -> None:
    """Of a bucket with versions it is hidden by a marker."""
    one, other = two
    one.take(HASTY)
    admin = aws.client("s3", sandbox.ONEMATA_ACCOUNT)
    admin.delete_object(Bucket="our-records", Key="night/example/glue/lock")
    with pytest.raises(LockLost, match="unknown"):
        one.before_request(writes=True)
    other.take(HASTY)
    assert changing(our_records)


@pytest.mark.parametrize("fault", ["lost answer", "no answer", "ConditionalRequestConflict"])
@pytest.mark.parametrize("at", ["take", "renewal"])
@pytest.mark.usefixtures("our_records")
def test_what_happens_on_the_way_is_not_taken_for_a_loss(
    aws: Sandbox, two: tuple[Lease, Lease], fault: str, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the tries of botocore
    one, other = two
    if at == "renewal":
        one.take(HASTY)
        let_lock_run_out("example/glue", 50)
    aws.fail("PutObject", fault)
    one.take(Wait(tell=lambda _: None, sleep=lambda _: None, seconds=60))
    one.before_request(writes=True)
    with pytest.raises(Busy):
        other.take(HASTY)


def test_without_an_answer_of_s3_nothing_is_written(aws: Sandbox, two: tuple[Lease, Lease]) -> None:
    one, _ = two
    one.take(HASTY)
    let_lock_run_out("example/glue", 50)
    aws.fail("PutObject", "AccessDenied")
    with pytest.raises(RecordNotWritten, match=r"AccessDenied.*Who acts: whoever runs the bucket gives"):
        one.before_request(writes=True)
    aws.fail("PutObject", "ConditionalRequestConflict", 5)
    one._begun = True
    with pytest.raises(RecordNotWritten, match="it is always being written"):
        one.before_request(writes=True)
    for page in ("html", "empty"):  # with status 200, as a proxy's
        aws.fail("PutObject", page)
        with pytest.raises(RecordNotWritten, match="the answer is not one of S3's"):
            one.before_request(writes=True)
    one.before_request(writes=True)


@pytest.mark.parametrize(
    "there", ["\x1b[31mnobody\n", "x" * 5_000_000, "\u202e" * 400, "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRf"]
)
def test_what_stands_in_the_lock_is_told_and_does_nothing(
    aws: Sandbox, our_records: str, two: tuple[Lease, Lease], there: str
) -> None:
    admin = aws.client("s3", sandbox.ONEMATA_ACCOUNT)
    admin.put_object(Bucket="our-records", Key="night/example/glue/lock", Body=there.encode())
    with pytest.raises(Busy) as busy:
        two[0].take(HASTY)
    assert not any(part in str(busy.value) for part in ("\x1b", "\u202e", "wJalr"))
    assert len(str(busy.value)) < 2000
    lock = Bucket(our_records).lock("example", "glue")
    assert lock is not None
    assert len(lock.holder) <= 1000


def test_a_run_takes_it_keeps_its_beginning_and_asks_before_each_write(
    aws: Sandbox, our_records: str, tmp_path: Path
) -> None:
    """Each write comes right after a look at the lock, and the first of all after the beginning was put."""
    record = tmp_path / "2026-01-01T120000.000Z.json"
    lease.hand_down(record, our_records, "")
    done: list[str] = []
    for operation in ("GetObject", "PutObject", "CreateRole", "AttachRolePolicy", "PutRolePolicy"):
        aws.before(operation, lambda call: done.append(str(call.get("Key", call.operation)).rpartition("/")[2]))
    runbook = Runbook("glue", values("glue", action="apply", record=str(record)), HASTY)
    for step in STEPS:
        getattr(runbook, step)()
    assert done[-1] != "lock"
    first = done.index("CreateRole")
    assert done[first - 2 : first + 2] == ["2026-01-01T120000.000Z.begun.json", "lock", "CreateRole", "lock"]
    assert all(before == "lock" for before, each in pairwise(done) if "Role" in each)
    (begun,) = [name for name in Bucket(our_records).names() if name.endswith(".json")]
    content = Bucket(our_records).read(begun)
    assert b'"outcome": null' in content
    assert runbook.shown_plan.digest.encode() in content


@pytest.mark.parametrize("fault", ["no answer", "ServiceUnavailable", "throttled", "AccessDenied", "html"])
def test_without_s3_in_the_middle_it_ends_before_its_next_write_and_its_record_is_whole(
    aws: Sandbox, our_records: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    between_tries_no_time_passes(monkeypatch)
    record = tmp_path / "2026-01-01T120000.000Z.json"
    lease.hand_down(record, our_records, "")

    def without_s3(_: object) -> None:
        for operation in ("GetObject", "PutObject"):
            aws.fail(operation, fault, 100)

    aws.after("CreateRole", without_s3)
    made = run("glue", record=str(record))
    assert isinstance(made.error, NoRecords)
    assert (made.record.outcome, made.writes[0]) == ("failed", "CreateRole")
    assert [call.error for call in made.record.calls if call.access == "write"] == ["", type(made.error).__name__]
    assert [done.status for done in made.record.changes_done] == ["done", "failed"]
    assert f"AWS did not read {our_records}/example/glue/lock" in made.record.reason
    who = "whoever runs the bucket gives" if fault == "AccessDenied" else "the engineer"
    assert f"Who acts: {who}" in made.record.reason


def test_it_is_put_again_only_when_it_does_not_hold_for_much_longer(
    aws: Sandbox, our_records: str, two: tuple[Lease, Lease]
) -> None:
    puts: list[str] = []
    aws.before("PutObject", lambda call: puts.append(str(call.get("Key")).rpartition("/")[2]))
    one, other = two
    one.take(HASTY)
    for _ in range(5):
        one.take(HASTY)
        one.before_request(writes=True)
    assert puts.count("lock") == 1
    let_lock_run_out("example/glue", 40)
    one.before_request(writes=True)
    assert puts.count("lock") == 1
    let_lock_run_out("example/glue", 10)  # an attempt at a call may last until the lock has run out
    one.before_request(writes=True)
    assert puts.count("lock") == 2
    with pytest.raises(Busy):
        other.take(HASTY)


def test_of_the_earlier_records_only_those_are_brought_that_may_tell_of_what_was_since(
    our_records: str, two: tuple[Lease, Lease], tmp_path: Path
) -> None:
    names = [f"2026-01-0{day}T120000.000Z" for day in (1, 2)]
    for name in names:
        Bucket(our_records).keep(f"example/glue/{name}.json", b"{}")
    put_earlier(f"example/glue/{names[0]}.json", days=300)
    lease_of_run = of_a_run(our_records, tmp_path / "records" / "example", "glue", "13")
    folder = tmp_path / "records" / "example" / "glue"
    for since, brought in ((datetime.now(UTC) - timedelta(days=1), [names[1]]), (None, names)):
        lease_of_run.fetch_earlier_records(since)
        assert sorted(path.stem for path in folder.glob("*T120000*.json")) == brought


@pytest.mark.parametrize("action", ["plan", "verify"])
def test_reading_takes_no_lock(aws: Sandbox, our_records: str, tmp_path: Path, action: str) -> None:
    record = tmp_path / "2026-01-01T120000.000Z.json"
    lease.hand_down(record, our_records, "")
    runbook = Runbook("glue", values("glue", action=action, record=str(record)), HASTY)
    for step in STEPS[:4]:
        getattr(runbook, step)()
    assert list(Bucket(our_records).names()) == []
    assert not changing(our_records)


@pytest.mark.parametrize("said", ["{}", '{"bucket": "s3://our-records", "profile": "", "run": "run "}'])
def test_a_file_that_says_nothing_of_the_bucket_stops_the_run(tmp_path: Path, said: str) -> None:
    record = tmp_path / "2026-01-01T120000.000Z.json"
    record.with_suffix(".lease").write_text(said)
    with pytest.raises(RecordNotWritten, match="cannot be read"):
        lease.lease_of_run(record, "example", "glue")
