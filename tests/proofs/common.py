"""What the tests of all proofs share: how a run is read, and what can be wrong on Onemata's side."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from onemata_helpers import sandbox
from onemata_helpers.checks import Check
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.wait import Wait

from ..conftest import Run

PROBE = f"{sandbox.PREFIX}{sandbox.PROBE_KEY}"
DENIED: dict[str, Any] = {"denied_prefix": sandbox.OTHER_PREFIX, "denied_bucket": sandbox.OTHER_BUCKET}
LONG = Wait(tell=lambda _: None, sleep=lambda _: None, seconds=60)
UNSEEN = "not provable from here"
LIST, READ = "s3:ListBucket", "s3:GetObject"


@dataclass(frozen=True)
class Broken:
    """What is broken, what comes of the check that it reads, and what of AWS's words and of who acts must be there."""

    damage: Callable[[Sandbox], object]
    result: str
    said: str
    who: str
    changes: dict[str, Any] = field(default_factory=dict)


def check(done: Run, name: str) -> Check:
    (found,) = [each for each in done.record.checks if each.name == name]
    return found


def denials(done: Run, of: str = "") -> list[str]:
    """The results of the checks, of a service if one is named, of what must be refused."""
    named = [each for each in done.record.checks if each.name.startswith(of)]
    return [each.result for each in named if " is refused " in each.name]


def asked(call: IncomingCall) -> dict[str, Any]:
    """What a call asks, without what nobody can know before: its random token, and the session that AWS named."""
    random = ("ClientToken", "ClientRequestToken", "SessionId")
    return {key: value for key, value in call.params.items() if key not in random}


def onemata(box: Sandbox, service: str) -> Any:
    return box.client(service, account=sandbox.ONEMATA_ACCOUNT)


def nothing(_: Sandbox) -> None:
    """What is wrong is in the parameters."""


def without_bucket_policy(box: Sandbox) -> None:
    onemata(box, "s3").delete_bucket_policy(Bucket=sandbox.BUCKET)


def bucket_policy_for_another_than(principal: str) -> Callable[[Sandbox], None]:
    """Onemata's bucket policy names another reader."""

    def damage(box: Sandbox) -> None:
        text = json.dumps(documents.bucket_policy()).replace(principal, f"{principal.partition('/')[0]}/other")
        onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=text)

    return damage


def opened(box: Sandbox, *actions: str) -> None:
    """Onemata's bucket policy forgets the prefix, where it allows these actions."""
    policy = documents.bucket_policy()
    for statement in policy["Statement"]:
        if statement["Action"] in actions:
            statement["Condition"].pop("StringLike", None)
            statement["Resource"] = statement["Resource"].replace(f"/{sandbox.PREFIX}*", "/*")
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=json.dumps(policy))


def encrypted(box: Sandbox, *readers: str) -> str:
    """The probe object is encrypted with a key of Onemata's that only Onemata and these may use. The key's ARN."""
    principals = {"AWS": [f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root", *readers]}
    policy = documents.document({"Effect": "Allow", "Principal": principals, "Action": "kms:*", "Resource": "*"})
    arn: str = onemata(box, "kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    onemata(box, "s3").put_object(
        Bucket=sandbox.BUCKET, Key=PROBE, Body=b"onemata\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )
    return arn


def emptied(box: Sandbox) -> None:
    s3 = onemata(box, "s3")
    for each in s3.list_objects_v2(Bucket=sandbox.BUCKET, Prefix=sandbox.PREFIX)["Contents"]:
        s3.delete_object(Bucket=sandbox.BUCKET, Key=each["Key"])


def without_probe(box: Sandbox) -> None:
    onemata(box, "s3").delete_object(Bucket=sandbox.BUCKET, Key=PROBE)
