"""Athena's proof, with one thing broken at a time: the verdict, and who acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox

from .athena import ANALYST, PROVE, TABLE, USER, clients_table, denies, let_in, of_athena, prove, tables, workgroup
from .common import (
    LIST,
    PROBE,
    READ,
    UNSEEN,
    Broken,
    check,
    denials,
    emptied,
    encrypted,
    nothing,
    onemata,
    opened,
    without_bucket_policy,
    without_probe,
)


def trusts(arn: str) -> Callable[[Sandbox], None]:
    """The analysts' role lets in somebody else."""

    def damage(box: Sandbox) -> None:
        text = json.dumps(documents.analyst_trust()).replace(f"{USER}/{world.OPERATOR}", arn)
        box.client("iam").update_assume_role_policy(RoleName=world.ANALYST_ROLE, PolicyDocument=text)

    return damage


def just_trusted(box: Sandbox) -> None:
    box.propagation_seconds = 600
    trusts(f"{USER}/{world.OPERATOR}")(box)


def at_home_everywhere(box: Sandbox) -> None:
    """The analysts may do all in the catalog."""
    text = json.dumps(documents.document({"Effect": "Allow", "Action": "glue:*", "Resource": "*"}))
    box.client("iam").put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="more", PolicyDocument=text)


def without_s3(box: Sandbox) -> None:
    """The analysts' policy says nothing of any bucket but that for results."""
    policy = documents.analyst_policy()
    for each in policy["Statement"]:
        if "s3:ListBucket" in each["Action"]:
            each["Resource"] = [f"arn:aws:s3:::{world.RESULTS_BUCKET}{end}" for end in ("", "/*")]
    iam = box.client("iam")
    iam.put_role_policy(RoleName=world.ANALYST_ROLE, PolicyName="analysts", PolicyDocument=json.dumps(policy))


def emptied_probe(box: Sandbox) -> None:
    onemata(box, "s3").put_object(Bucket=sandbox.BUCKET, Key=PROBE, Body=b"")


def set_up(**settings: Any) -> Callable[[Sandbox], None]:
    """The workgroup's settings are others."""
    return lambda _: workgroup().configuration.update(settings)


def disabled(_: Sandbox) -> None:
    vars(workgroup())["state"] = "DISABLED"


def without_bucket_policy_at_create(box: Sandbox) -> None:
    box.check_locations()
    without_bucket_policy(box)


BROKEN: dict[str, Broken] = {
    "role that cannot be entered": Broken(
        trusts(f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root"), UNSEEN, "not authorized to perform: sts:AssumeRole",
        "Who acts: the client's admin lets the operator assume it",
    ),
    "no such role": Broken(
        nothing, UNSEEN, "not authorized to perform: sts:AssumeRole", "the client's admin lets the operator assume it",
        {"athena_principals": [ANALYST + "-too"]},
    ),
    "just changed, and not everywhere yet": Broken(
        just_trusted, UNSEEN, "not authorized to perform: sts:AssumeRole",
        "if that was changed just now, the engineer runs it again in a minute",
    ),
    "may not write the results": Broken(
        denies("s3:PutObject"), UNSEEN, f"Access denied when writing output to url: {world.RESULTS}",
        f"Who acts: the client's admin allows {ANALYST} to write and read there",
    ),
    "may not see the results' bucket": Broken(
        denies("s3:GetBucketLocation"), UNSEEN, f"Unable to verify/create output bucket {world.RESULTS_BUCKET}",
        f"Who acts: the client's admin allows {ANALYST} to write and read there",
    ),
    "may not read the results": Broken(
        denies("s3:GetObject", on=f"arn:aws:s3:::{world.RESULTS_BUCKET}/*"), UNSEEN, "perform: s3:GetObject on",
        f"Who acts: the client's admin allows {ANALYST} to write and read there",
    ),
    "no bucket policy": Broken(
        without_bucket_policy, "failed", "Permission denied on S3 path: s3://onemata-example-data/",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "bucket policy for another principal": Broken(
        lambda box: let_in(box, f"{USER}/other"), "failed", "Permission denied on S3 path",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "refused when the table is made": Broken(
        without_bucket_policy_at_create, "failed", "Access Denied (Service: Amazon S3; Status Code: 403;",
        "the client's admin checks the place for results",
    ),
    "without S3 rights of its own": Broken(
        without_s3, "failed", "do not allow s3:ListBucket and s3:GetObject", "Who acts: the client's admin adds the",
    ),
    "KMS key closed to the role": Broken(
        encrypted, "failed", f"Permission denied on S3 path: s3://{sandbox.BUCKET}/{PROBE}", "names it for kms_key_arn",
    ),
    "probe object missing": Broken(
        without_probe, UNSEEN, "no row of the object came back", "Who acts: Onemata puts the probe object there",
    ),
    "probe object empty": Broken(
        emptied_probe, UNSEEN, "it is empty", "Who acts: Onemata puts the probe object there",
    ),
    "prefix empty": Broken(
        emptied, UNSEEN, "no row of the object came back", "Who acts: Onemata puts the probe object there",
    ),
    "table of the client's with our name": Broken(
        clients_table, UNSEEN, f"The client has a table default.{TABLE} of its own",
        "Who acts: the client's admin renames or drops it",
    ),
    "workgroup without a limit": Broken(
        set_up(BytesScannedCutoffPerQuery=None), UNSEEN, "does not limit what a query scans",
        "Who acts: the client's admin sets its data limit for each query",
    ),
    "workgroup without a place for results": Broken(
        set_up(ResultConfiguration={}), UNSEEN, "has no place for results",
        "Who acts: the client's admin sets its result location",
    ),
    "the account's first workgroup": Broken(
        nothing, UNSEEN, "The workgroup primary does not limit what a query scans", "names another one for",
        {"athena_workgroup": "primary"},
    ),
    "no such workgroup": Broken(
        nothing, UNSEEN, "WorkGroup gone is not found", "Who acts: the engineer corrects", {"athena_workgroup": "gone"},
    ),
    "workgroup disabled": Broken(
        disabled, UNSEEN, "is DISABLED", "Who acts: the client's admin enables it",
    ),
    "may not query in the workgroup": Broken(
        denies("athena:StartQueryExecution"), UNSEEN, "not authorized to perform: athena:StartQueryExecution",
        f"Who acts: the client's admin allows {ANALYST} to",
    ),
    "may not follow its query": Broken(
        denies("athena:GetQueryExecution"), UNSEEN, "not authorized to perform: athena:GetQueryExecution",
        f"Who acts: the client's admin allows {ANALYST} to",
    ),
    "may not make the table": Broken(
        denies("glue:CreateTable"), UNSEEN, "not authorized to perform: glue:CreateTable",
        f"Who acts: the client's admin allows {ANALYST} glue:GetDatabase, GetTable, CreateTable and DeleteTable",
    ),
    "no such database": Broken(
        at_home_everywhere, UNSEEN, "Database does not exist: nowhere", "the engineer names one that is there for",
        {"athena_database": "nowhere"},
    ),
    "cut off": Broken(
        set_up(BytesScannedCutoffPerQuery=3), UNSEEN, "Bytes scanned limit was exceeded",
        "Who acts: the engineer names a small object in a folder of its own",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    broken.damage(aws)
    before = tables(aws)
    done = prove(**broken.changes)
    assert done.record.outcome != "verified"
    (principal,) = (PROVE | broken.changes)["athena_principals"]
    found = check(done, f"Athena reads for {principal}")
    assert found.result == broken.result
    assert broken.said in found.evidence
    assert broken.who in found.evidence
    assert "proven" not in denials(done, "Athena ")
    assert tables(aws) == before


def test_refused_when_a_table_is_made_is_refused(aws: Sandbox) -> None:
    aws.check_locations()
    assert set(of_athena(prove()).values()) == {"proven"}


@pytest.mark.parametrize("there", [True, False])
def test_what_must_be_refused_and_is_not_fails(aws: Sandbox, there: bool) -> None:
    opened(aws, LIST, READ)
    if not there:
        onemata(aws, "s3").delete_object(Bucket=sandbox.BUCKET, Key=f"{sandbox.OTHER_PREFIX}{sandbox.PROBE_KEY}")
    done = prove("apply")
    assert done.record.outcome == "failed"
    found = check(done, f"Athena for {ANALYST} is refused another client's prefix")
    assert found.result == "failed"
    assert "Who acts: Onemata" in found.evidence


def test_refusals_that_cannot_be_tried_are_not_passed_over(aws: Sandbox) -> None:
    assert denials(prove(denied_prefix="", denied_bucket=""), "Athena ") == [UNSEEN, UNSEEN]
    assert denials(prove(negative_checks=False), "Athena ") == []
