"""The status of a bucket of which not all can be read: the rest is shown, and what cannot be read is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onemata_helpers import sandbox
from onemata_helpers.archive import NoRecords
from onemata_helpers.bucket import Bucket
from onemata_helpers.cli import app
from onemata_helpers.policies import document
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.status.rows import Row, rows

from .conftest import GOOD, Keep

MAY = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}


def hidden(aws: Sandbox, *names: str) -> None:
    """The engineer may not read these any more."""
    never = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::*/{name}" for name in names]}
    iam = aws.client("iam", sandbox.ONEMATA_ACCOUNT)
    iam.put_user_policy(UserName="engineer", PolicyName="records", PolicyDocument=json.dumps(document(MAY, never)))


def put(place: str, *paths: Path) -> list[str]:
    names = ["/".join(path.parts[-3:]) for path in paths]
    for name, path in zip(names, paths, strict=True):
        Bucket(place).keep(name, path.read_bytes())
    return names


def by_client(place: str) -> dict[str, Row]:
    return {row.client: row for row in rows(Bucket(place))}


def test_a_record_that_is_refused_is_a_row_and_hides_no_other(aws: Sandbox, our_records: str, keep: Keep) -> None:
    names = put(
        our_records,
        keep("acme", 1, "apply", "verified", checks=[GOOD]),
        keep("acme", 2, "verify", "verified", checks=[GOOD]),
        keep("bolt", 1, "apply", "verified", checks=[GOOD]),
    )
    hidden(aws, names[1])
    found = by_client(our_records)
    assert {name: row.outcome for name, row in found.items()} == {"acme": "unreadable", "bolt": "verified"}
    assert f"AWS did not read {our_records}/{names[1]}: these credentials may not do that" in found["acme"].reason
    assert [wait.what for wait in found["acme"].waits] == [
        "Whoever runs the bucket, or the account of these credentials, changes the policy that AWS's message names."
    ]
    assert found["acme"].verified is not None
    hidden(aws, names[0])
    row = by_client(our_records)["acme"]
    assert (row.outcome, row.reason) == ("verified", "")  # it is older than what tells all


def test_a_lock_that_is_refused_is_named_beside_what_is_known(aws: Sandbox, our_records: str, keep: Keep) -> None:
    put(our_records, keep("acme", 1, "apply", None), keep("bolt", 1, "apply", "verified", checks=[GOOD]))
    Bucket(our_records).put_lock("acme", "glue", "somebody", "")
    assert by_client(our_records)["acme"].outcome == "running"
    hidden(aws, "lock")
    done = CliRunner().invoke(app, ["status", our_records, "--format", "json"])
    assert done.exit_code == 0, done.output
    acme, bolt = json.loads(done.stdout)["runbooks"]
    assert (acme["outcome"], bolt["outcome"]) == ("cut off", "verified")
    assert (
        f"Not all could be read, so there may be more to know: AWS did not read {our_records}/acme/" in acme["reason"]
    )
    assert "changes the policy" in acme["waits"][-1]["what"]


def test_an_older_one_that_is_refused_and_may_tell_more_is_named(aws: Sandbox, our_records: str, keep: Keep) -> None:
    older = [keep("acme", day, "verify", "verified", checks=[GOOD]) for day in (1, 2)]
    names = put(our_records, *older, keep("acme", 3, "apply", "failed", reason="No. Who acts: the client's admin."))
    hidden(aws, *names[:2])
    row = by_client(our_records)["acme"]
    assert (row.outcome, row.verified) == ("failed", None)
    assert f"(1 more like this): AWS did not read {our_records}/{names[1]}" in row.reason
    assert [wait.who for wait in row.waits] == ["client", "engineer"]


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId"])
def test_what_is_so_for_all_of_them_is_said_once(aws: Sandbox, our_records: str, keep: Keep, code: str) -> None:
    put(our_records, keep("acme", 1, "apply", "verified"), keep("bolt", 1, "apply", "verified"))
    aws.fail("GetObject", code, 10)
    with pytest.raises(NoRecords, match=code):
        rows(Bucket(our_records))
