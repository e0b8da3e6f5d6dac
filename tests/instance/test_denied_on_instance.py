"""What must be refused, tried on the sandbox's instance: with all closed, and with one thing open."""

import json

import pytest

from onemata_helpers import sandbox
from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.denied import judge_denied
from onemata_helpers.instance.proof import Judgement
from onemata_helpers.instance.reports import parse_denied_report, parse_proof_report
from onemata_helpers.instance.scripts import denied_text, proof_text
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.policies import trust_of_onemata
from onemata_helpers.sandbox.server import Sandbox
from tests.instance.instance_box import USER
from tests.instance.on_instance import AT, NAME, RIGHT, attach_role, judgements, policy, prove, put, send

OTHER_ROLE = "onemata-internal"
OTHER_ROLE_ARN = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/{OTHER_ROLE}"
HERE = Assignment(RIGHT, AT, OTHER_ROLE_ARN, sandbox.OTHER_BUCKET)
ALL_REFUSED = {"no_external_id": "proven", "other_role": "proven", "other_bucket": "proven"}
CLIENT = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:root"
ONEMATA = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root"


def judged(aws: Sandbox) -> dict[str, Judgement]:
    text = denied_text(USER, HERE)
    found = parse_denied_report(send(aws, text), HERE)
    return {what: judge_denied(result, what) for what, result in found.items()}


def outcomes(aws: Sandbox) -> dict[str, str]:
    return {what: judgement.result for what, judgement in judged(aws).items()}


def trust_without_external_id(aws: Sandbox) -> None:
    trust = trust_of_onemata()
    del trust["Statement"][0]["Condition"]["StringEquals"]
    set_trust(aws, json.dumps(trust))


def set_trust(aws: Sandbox, document: str) -> None:
    iam = aws.client("iam", sandbox.ONEMATA_ACCOUNT)
    iam.update_assume_role_policy(RoleName=world.ONEMATA_ROLE, PolicyDocument=document)


def role_that_trusts_the_clients_account(aws: Sandbox) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": CLIENT}, "Action": "sts:AssumeRole"}
    iam = aws.client("iam", sandbox.ONEMATA_ACCOUNT)
    iam.create_role(RoleName=OTHER_ROLE, AssumeRolePolicyDocument=policy(trust))


def policy_for_every_role(aws: Sandbox) -> None:
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    aws.client("iam").put_role_policy(RoleName=NAME, PolicyName="wide", PolicyDocument=policy(allow))


def other_bucket_in_the_roles_policy(aws: Sandbox) -> None:
    allow = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{sandbox.OTHER_BUCKET}"}
    iam = aws.client("iam", sandbox.ONEMATA_ACCOUNT)
    iam.put_role_policy(RoleName=world.ONEMATA_ROLE, PolicyName="wide", PolicyDocument=policy(allow))


def other_bucket_in_its_own_policy(aws: Sandbox) -> None:
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": sandbox.ONEMATA_ROLE_ARN},
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{sandbox.OTHER_BUCKET}",
    }
    s3 = aws.client("s3", sandbox.ONEMATA_ACCOUNT)
    s3.put_bucket_policy(Bucket=sandbox.OTHER_BUCKET, Policy=policy(allow))


@pytest.fixture
def ready(aws: Sandbox) -> Sandbox:
    """The instance as the runbook leaves it."""
    attach_role(aws)
    put(aws, RIGHT)
    return aws


def test_all_is_refused_where_the_proof_passes(ready: Sandbox) -> None:
    assert judgements(prove(ready)) == ("proven", "proven")
    assert outcomes(ready) == ALL_REFUSED


OPENED = {
    "trust without the external id": ([trust_without_external_id], "no_external_id", "Onemata"),
    "another role, both sides": ([role_that_trusts_the_clients_account, policy_for_every_role], "other_role", "client"),
    "another role, its side": ([role_that_trusts_the_clients_account], "", ""),
    "another role, our side": ([policy_for_every_role], "", ""),
    "another bucket, the role's policy": ([other_bucket_in_the_roles_policy], "other_bucket", "Onemata"),
    "another bucket, its own policy": ([other_bucket_in_its_own_policy], "other_bucket", "Onemata"),
}


@pytest.mark.parametrize("name", OPENED)
def test_just_what_is_open_is_a_finding(name: str, ready: Sandbox) -> None:
    openings, what, who = OPENED[name]
    for opened in openings:
        opened(ready)
    found = judged(ready)
    findings = {key: judgement for key, judgement in found.items() if judgement.result != "proven"}
    assert [(key, judgement.result, judgement.who) for key, judgement in findings.items()] == (
        [(what, "failed", who)] if what else []
    )
    assert list(found) == list(ALL_REFUSED)


def test_without_the_role_the_bucket_is_not_reached(ready: Sandbox) -> None:
    """The refusal of the role is none of the bucket."""
    ready.client("iam").delete_role_policy(RoleName=NAME, PolicyName="assume")
    assert outcomes(ready) == ALL_REFUSED | {"other_bucket": "unclear"}


def break_trust(aws: Sandbox) -> None:
    set_trust(aws, policy({"Effect": "Allow", "Principal": {"AWS": ONEMATA}, "Action": "sts:AssumeRole"}))


def test_after_the_trust_is_broken_the_next_proof_fails(ready: Sandbox) -> None:
    assert judgements(prove(ready)) == ("proven", "proven")
    break_trust(ready)
    assert judgements(prove(ready)) == ("failed", "failed")
    home = ready.instance.machine.home
    assert [path.name for path in (home / ".aws").iterdir()] == ["config"]


def test_with_the_sessions_that_the_aws_cli_keeps_it_would_pass(ready: Sandbox) -> None:
    """Why the script gives the AWS CLI another home."""
    text = proof_text(USER, HERE)
    at_home = text.replace("\nHOME=$scratch\n", "\n")
    assert at_home != text
    assert judgements(parse_proof_report(send(ready, at_home), HERE)) == ("proven", "proven")
    break_trust(ready)
    assert judgements(parse_proof_report(send(ready, at_home), HERE)) == ("proven", "proven")
    assert judgements(parse_proof_report(send(ready, text), HERE)) == ("failed", "failed")
