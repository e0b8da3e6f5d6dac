"""Glue's proof never touches what is the client's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.resources.base import OWNER_TAG
from onemata_helpers.resources.probe_crawler import DESCRIPTION
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall

from ..snapshot import in_glue
from .common import UNSEEN, check
from .glue import FOLDER, NAME, READS, ROLE, Killed, cut_off, prove, sent


def own_crawler(box: Sandbox, path: str = FOLDER, **marks: Any) -> None:
    targets = {"S3Targets": [{"Path": path}]}
    box.client("glue").create_crawler(Name=NAME, Role=ROLE, DatabaseName="sales", Targets=targets, **marks)


def own_database(box: Sandbox) -> None:
    box.client("glue").create_database(DatabaseInput={"Name": NAME})


def forged_crawler(box: Sandbox) -> None:
    own_crawler(box, Tags={OWNER_TAG: "glue"})


@pytest.mark.parametrize("make", [own_crawler, forged_crawler, own_database])
def test_what_has_our_name_and_is_not_ours_is_not_touched(aws: Sandbox, make: Callable[[Sandbox], None]) -> None:
    prove(prove="none")
    make(aws)
    for action in ("apply", "verify", "remove"):
        done = prove(action)
        assert sent(done) == []
        assert in_glue(aws) == [NAME]
        if action != "remove":
            assert done.record.outcome == "applied"
            assert NAME in check(done, READS).evidence
            assert "Who acts: the client's admin deletes or renames it" in check(done, READS).evidence


def test_a_database_of_ours_in_which_the_client_keeps_a_table_stays(aws: Sandbox) -> None:
    prove(prove="none")
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    aws.client("glue").create_table(DatabaseName=NAME, TableInput={"Name": "sales"})
    done = prove()
    assert in_glue(aws) == [NAME, "sales"]
    assert "holds tables that are not ours, so it stays" in done.shown["plan"]
    assert check(done, READS).result == UNSEEN


def test_without_a_record_nothing_is_made(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the last change has been made."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def fill(call: IncomingCall) -> None:
        if call.get("PolicyArn", "").endswith("AmazonS3FullAccess"):
            monkeypatch.setattr("onemata_helpers.record.write_record", full)

    made: list[IncomingCall] = []
    aws.after("AttachRolePolicy", fill)
    aws.before("CreateDatabase", made.append)
    done = prove()
    assert "No space left on device" in str(done.error)
    assert made == []
    assert aws.client("iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]


def test_of_two_runs_none_takes_the_others_crawler_for_its_own(aws: Sandbox) -> None:
    prove(prove="none")
    marks = {"Description": DESCRIPTION, "Tags": {OWNER_TAG: "glue"}}
    aws.after("CreateClassifier", lambda _: own_crawler(aws, f"s3://{sandbox.BUCKET}/{sandbox.PREFIX}", **marks))
    done = prove("verify", negative_checks=False)
    assert check(done, READS).result == UNSEEN
    assert f"Another crawler {NAME} has come up in Glue" in check(done, READS).evidence


def test_a_crawler_that_comes_up_in_the_middle_is_not_taken_for_ours(aws: Sandbox) -> None:
    prove(prove="none")
    aws.after("CreateClassifier", lambda _: own_crawler(aws))
    done = prove("verify", negative_checks=False)
    assert check(done, READS).result == UNSEEN
    assert f"Another crawler {NAME} has come up in Glue" in check(done, READS).evidence
    assert in_glue(aws) == [NAME]
