"""Glue proven by its crawlers: broken one at a time, and cut off at each call, through the whole runbook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from onemata_helpers import permissions, sandbox
from onemata_helpers.checks import Check
from onemata_helpers.location import Location
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.resources.base import OWNER_TAG
from onemata_helpers.resources.delivery import Delivery
from onemata_helpers.resources.probe_crawler import DESCRIPTION
from onemata_helpers.sandbox import policies as documents
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.session import Aws
from onemata_helpers.wait import Wait

from .account import GLUE_SERVICE_POLICY, retrust
from .conftest import Run, run, values
from .snapshot import in_glue

ROLE = "AWSGlueServiceRoleOnemata"
ROLE_ARN = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/{ROLE}"
NAME = f"onemata_proof_{Delivery('glue', Location(sandbox.BUCKET, sandbox.PREFIX)).id}"
PROBE = f"{sandbox.PREFIX}{sandbox.PROBE_KEY}"
OTHERS_PROBE = f"{sandbox.OTHER_PREFIX}{sandbox.PROBE_KEY}"
FOLDER = f"s3://{sandbox.BUCKET}/{sandbox.PREFIX}_onemata/"
READS = "Glue reads Onemata's data"
SEES = "Glue may use the role and sees Onemata's bucket"
PREFIX = "Glue is refused another client's prefix"
BUCKET = "Glue is refused another bucket"
DENIED: dict[str, Any] = {"denied_prefix": sandbox.OTHER_PREFIX, "denied_bucket": sandbox.OTHER_BUCKET}
CRAWL: dict[str, Any] = {"prove": "crawl", "confirm_proof_costs": True, **DENIED}
CRAWLER: dict[str, Any] = {"prove": "crawler", **DENIED}
LONG = Wait(tell=lambda _: None, sleep=lambda _: None, seconds=60)
UNSEEN = "not provable from here"
LIST, READ = "s3:ListBucket", "s3:GetObject"


def prove(action: str = "apply", wait: Wait = LONG, **changes: Any) -> Run:
    return run("glue", action, wait, **(CRAWL | changes))


def prove_later(**changes: Any) -> Run:
    """Prove it in a run that changes nothing, so that nothing is waited for that may still come."""
    prove(**(changes | {"prove": "none"}))
    return prove("verify", **changes)


def check(done: Run, name: str = READS) -> Check:
    (found,) = [each for each in done.record.checks if each.name == name]
    return found


def denials(done: Run) -> list[str]:
    return [each.result for each in done.record.checks if " is refused " in each.name]


def sent(done: Run) -> list[str]:
    return [each.operation for each in done.record.calls if each.service == "glue" and each.access == "write"]


def onemata(box: Sandbox, service: str) -> Any:
    return box.client(service, account=sandbox.ONEMATA_ACCOUNT)


def nothing_is_left(box: Sandbox) -> None:
    glue = box.client("glue")
    assert in_glue(box) == []
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_classifier(Name=NAME)


# --- what it proves, and how that is shown ----------------------------------------------------------------------------


def test_a_crawl_proves_all_and_nothing_stays(aws: Sandbox) -> None:
    done = prove()
    assert done.error is None
    assert done.record.outcome == "verified"
    assert denials(done) == ["proven", "proven"]
    assert "SUCCEEDED\ntable onemata_proof__onemata: col0" in check(done).evidence
    assert "Status Code: 403" in check(done, PREFIX).evidence
    assert sent(done).count("StartCrawler") == 1
    nothing_is_left(aws)


def test_a_crawler_alone_proves_that_the_role_can_be_used_and_no_more(aws: Sandbox) -> None:
    done = prove(**CRAWLER)
    assert done.record.outcome == "applied"
    assert check(done, SEES).result == "proven"
    assert check(done).result == UNSEEN
    assert denials(done) == ["proven", "proven"]
    assert sent(done) == ["CreateCrawler", "DeleteCrawler", "CreateCrawler", "CreateCrawler"]
    nothing_is_left(aws)


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_what_is_sent_is_what_the_plan_showed(aws: Sandbox, changes: dict[str, Any]) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(call: IncomingCall) -> None:
        named = {key: value for key, value in call.params.items() if call.operation != "DeleteTable" or key != "Name"}
        seen.append((call.operation, named))

    for operation in ("CreateDatabase", "CreateClassifier", "CreateCrawler", "StartCrawler"):
        aws.before(operation, note)
    for operation in ("DeleteCrawler", "DeleteClassifier", "DeleteTable", "DeleteDatabase"):
        aws.before(operation, note)
    plan = prove(**changes, tags={"project": "onemata"}).record.plan
    assert plan is not None
    shown = [
        ("".join(word.title() for word in call.operation.split("_")), call.arguments) for call in plan.proofs[0].calls
    ]
    assert seen[: len(shown)] == shown
    assert [each for each in seen if each[0] == "CreateCrawler"] == [
        (name, arguments)
        for proof in plan.proofs
        for name, arguments in [("CreateCrawler", call.arguments) for call in proof.calls if "Role" in call.arguments]
    ]
    (creating,) = [call.arguments for call in plan.proofs[0].calls if call.operation == "create_crawler"]
    assert creating["Tags"] == {"project": "onemata", OWNER_TAG: "glue"}
    (target,) = creating["Targets"]["S3Targets"]
    assert target == {"Path": FOLDER, "Exclusions": ["*/**"], "SampleSize": 1}


def test_costs_are_in_the_plan_and_all_is_under_the_digest(aws: Sandbox) -> None:
    prove()
    plans = [prove("plan", **each) for each in ({}, CRAWLER, {"prove": "none"}, {"denied_prefix": ""})]
    assert len({each.record.plan_digest for each in plans}) == len(plans)
    assert "A crawl costs about $0.15" in plans[0].shown["plan"]
    assert "costs" not in plans[1].shown["plan"]
    assert plans[0].writes == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"prove": "none"}, "prove is `none`"), ({"confirm_proof_costs": False}, "confirm_proof_costs")],
)
def test_without_leave_glue_is_asked_for_nothing(aws: Sandbox, changes: dict[str, Any], why: str) -> None:
    done = prove(**changes)
    assert done.record.outcome == "applied"
    assert sent(done) == []
    assert done.record.plan is not None
    assert done.record.plan.proofs == ()
    assert why in check(done).evidence
    assert f"a crawler over s3://{sandbox.BUCKET}/{sandbox.PREFIX}" in check(done).evidence
    assert ("Note: prove is `crawl`" in done.shown["plan"]) == ("confirm_proof_costs" in changes)


def test_with_none_glue_is_not_even_looked_at(aws: Sandbox) -> None:
    for action in ("apply", "verify", "remove"):
        assert not [each for each in prove(action, prove="none").record.calls if each.service in ("glue", "logs")]


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_the_printed_policy_is_enough(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = permissions.policy([from_notebook("glue", values("glue", **changes))])
    with sandbox.start(operator_policy=policy) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        assert prove(**changes).record.outcome == ("verified" if changes is CRAWL else "applied")
        nothing_is_left(box)


# --- broken one at a time ---------------------------------------------------------------------------------------------


def operator_without(*actions: str, **only_on: str) -> Callable[[Sandbox], None]:
    """The operator may do all but these actions, or these only on some resources."""

    def damage(box: Sandbox) -> None:
        refused = {"Effect": "Deny", "Action": list(actions), **(only_on or {"Resource": "*"})}
        policy = documents.document({"Effect": "Allow", "Action": "*", "Resource": "*"}, refused)
        box.let_operator(policy)

    return damage


def passing_only_by_the_prefix(box: Sandbox) -> None:
    """As AWSGlueConsoleFullAccess has it. The role is named otherwise."""
    operator_without("iam:PassRole", NotResource=f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/AWSGlueServiceRole*")(box)


def without_bucket_policy(box: Sandbox) -> None:
    onemata(box, "s3").delete_bucket_policy(Bucket=sandbox.BUCKET)


def bucket_policy_for_another(box: Sandbox) -> None:
    text = json.dumps(documents.bucket_policy()).replace(f"role/{ROLE}", "role/other")
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=text)


def listing_alone(box: Sandbox) -> None:
    """Onemata's bucket policy lets the role list, and not read."""
    policy = documents.bucket_policy()
    policy["Statement"] = [each for each in policy["Statement"] if each["Action"] != READ]
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=json.dumps(policy))


def encrypted(box: Sandbox) -> None:
    """The probe object is encrypted with a key of Onemata's that is open to Onemata alone."""
    root = {"AWS": f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:root"}
    policy = documents.document({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
    arn = onemata(box, "kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]
    onemata(box, "s3").put_object(
        Bucket=sandbox.BUCKET, Key=PROBE, Body=b"onemata\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )


def emptied(box: Sandbox) -> None:
    s3 = onemata(box, "s3")
    for each in s3.list_objects_v2(Bucket=sandbox.BUCKET, Prefix=sandbox.PREFIX)["Contents"]:
        s3.delete_object(Bucket=sandbox.BUCKET, Key=each["Key"])


def without_probe(box: Sandbox) -> None:
    onemata(box, "s3").delete_object(Bucket=sandbox.BUCKET, Key=PROBE)


def no_table(box: Sandbox) -> None:
    """The probe object is nothing that Glue's classifiers know."""
    onemata(box, "s3").put_object(Bucket=sandbox.BUCKET, Key=PROBE, Body=b"\xff\xfe\x00")


def without_policy(name: str) -> Callable[[Sandbox], None]:
    def damage(box: Sandbox) -> None:
        box.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=name)

    return damage


def asking_for_the_bucket(box: Sandbox) -> None:
    box.let_crawlers_ask_for_buckets()


def nothing(box: Sandbox) -> None:
    """What is wrong is in the parameters."""


@dataclass(frozen=True)
class Broken:
    """What is broken, what comes of the first check, and what of AWS's words and of who acts must be there.

    `crawler` says whether a crawler that does not run shows it, too.
    """

    damage: Callable[[Sandbox], object]
    result: str
    said: str
    who: str
    crawler: bool = True
    changes: dict[str, Any] = field(default_factory=dict)


BROKEN: dict[str, Broken] = {
    "operator without PassRole": Broken(
        operator_without("iam:PassRole"), UNSEEN, "is not authorized to perform: iam:PassRole",
        "Who acts: the client's admin removes the explicit deny for the operator",
    ),
    "operator passes by the prefix, and the role lacks it": Broken(
        passing_only_by_the_prefix, UNSEEN, "is not authorized to perform: iam:PassRole",
        "Who acts: the client's admin", changes={"role_name": "glue-onemata", "pass_role_to": [
            world.CLUSTER_ROLE_ARN]},
    ),
    "operator may not make crawlers": Broken(
        operator_without("glue:CreateCrawler"), UNSEEN, "is not authorized to perform: glue:CreateCrawler",
        "Who acts: the client's admin",
    ),
    "trust lacks Glue": Broken(
        retrust(ROLE), "failed", "Please verify role's TrustPolicy", "its trust policy lets in glue.amazonaws.com"
    ),
    "no bucket policy": Broken(
        without_bucket_policy, "failed", "Status Code: 403; Error Code: AccessDenied",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "no bucket policy, scoped": Broken(
        without_bucket_policy, UNSEEN, "Status Code: 403; Error Code: AccessDenied",
        "Who acts: Onemata checks that its bucket policy lets", changes={"s3_access": "scoped"},
    ),
    "bucket policy for another role": Broken(
        bucket_policy_for_another, "failed", "Status Code: 403; Error Code: AccessDenied",
        "Who acts: Onemata looks at its bucket policy",
    ),
    "Glue asks for the whole bucket": Broken(
        asking_for_the_bucket, "failed", "Error Code: 403 Forbidden", "Who acts: Onemata looks at its bucket policy"
    ),
    "Glue asks for the whole bucket, scoped": Broken(
        asking_for_the_bucket, UNSEEN, "Error Code: 403 Forbidden", "so it is not provable this way",
        changes={"s3_access": "scoped"},
    ),
    "no such bucket": Broken(
        nothing, "failed", "S3 bucket onemata-nowhere does not exist.", "Who acts: the engineer corrects bucket",
        changes={"bucket": "onemata-nowhere"},
    ),
    "role without its S3 policy": Broken(
        without_policy("arn:aws:iam::aws:policy/AmazonS3FullAccess"), "failed", "retrieving file at s3://",
        "do not allow s3:GetObject", crawler=False,
    ),
    "role without Glue's own policy": Broken(
        without_policy(GLUE_SERVICE_POLICY), UNSEEN, "is not authorized to perform: glue:GetDatabase",
        "Who acts: the engineer reads the crawler's log", crawler=False,
    ),
    "denied object in a crawl that says SUCCEEDED": Broken(
        listing_alone, "failed", "Tables created did not infer schemas from this file",
        "Who acts: Onemata looks at its bucket policy", crawler=False,
    ),
    "KMS key closed to the role": Broken(
        encrypted, "failed", "retrieving file at s3://", "names it for kms_key_arn", crawler=False
    ),
    "prefix empty": Broken(
        emptied, UNSEEN, "SUCCEEDED", "Who acts: Onemata puts the probe object there", crawler=False
    ),
    "probe object missing": Broken(
        without_probe, UNSEEN, "SUCCEEDED", "Who acts: Onemata puts the probe object there", crawler=False
    ),
    "an object that Glue does not know": Broken(
        no_table, UNSEEN, "no columns", "Who acts: the engineer reads the crawler's log", crawler=False
    ),
}  # fmt: skip
CASES = [
    (name, mode) for name, each in BROKEN.items() for mode in ("crawl", "crawler") if each.crawler or mode == "crawl"
]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_one_at_a_time(aws: Sandbox, name: str) -> None:
    broken = BROKEN[name]
    assert prove(**(broken.changes | {"prove": "none"})).error is None
    broken.damage(aws)
    for mode in ("crawl", "crawler") if broken.crawler else ("crawl",):
        done = prove("verify", **broken.changes, prove=mode)
        found = check(done, READS if mode == "crawl" else SEES)
        assert done.record.outcome in ("failed", "applied")
        assert found.result == broken.result
        assert broken.said in found.evidence
        assert broken.who in found.evidence
        assert "proven" not in denials(done)
    nothing_is_left(aws)


def test_scoped_access_is_enough(aws: Sandbox) -> None:
    assert prove(s3_access="scoped").record.outcome == "verified"


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_what_was_just_made_is_given_time(aws: Sandbox, changes: dict[str, Any]) -> None:
    prove(prove="none")
    retrust(ROLE)(aws)
    aws.propagation_seconds = 600
    told: list[str] = []

    def sleep(_: float) -> None:
        if "just made" in told[-1]:
            aws.propagation_seconds = 0

    done = prove(wait=Wait(tell=told.append, sleep=sleep, seconds=60), **changes)
    assert check(done, READS if changes is CRAWL else SEES).result == "proven"
    assert "Waiting: Glue cannot use what was just made yet." in told
    nothing_is_left(aws)


def test_without_a_change_nothing_is_waited_for(aws: Sandbox) -> None:
    prove(prove="none")
    without_bucket_policy(aws)
    told: list[str] = []
    assert check(prove("verify", Wait(tell=told.append, sleep=lambda _: None))).result == "failed"
    assert not any("just made" in each for each in told)


def test_a_long_crawl_gives_a_sign_of_life(aws: Sandbox) -> None:
    told: list[str] = []
    prove(wait=Wait(tell=told.append, sleep=lambda _: None, seconds=60))
    assert told.count("Waiting: Glue crawls, which takes it one to three minutes.") >= 2


def test_a_log_that_cannot_be_read_is_said(aws: Sandbox) -> None:
    prove(prove="none")
    listing_alone(aws)
    aws.fail("FilterLogEvents", "AccessDeniedException")
    found = check(prove("verify"))
    assert found.result == UNSEEN
    assert "Its log in /aws-glue/crawlers" in found.evidence
    assert "the client's admin allows it for the operator" in found.evidence


# --- what must be refused ---------------------------------------------------------------------------------------------


def opened(box: Sandbox, *actions: str) -> None:
    """Onemata's bucket policy forgets the prefix, where it allows these actions."""
    policy = documents.bucket_policy()
    for statement in policy["Statement"]:
        if statement["Action"] in actions:
            statement["Condition"].pop("StringLike", None)
            statement["Resource"] = statement["Resource"].replace(f"/{sandbox.PREFIX}*", "/*")
    onemata(box, "s3").put_bucket_policy(Bucket=sandbox.BUCKET, Policy=json.dumps(policy))


def test_another_clients_prefix_that_is_open_fails_by_a_crawl(aws: Sandbox) -> None:
    opened(aws, LIST, READ)
    done = prove()
    assert done.record.outcome == "failed"
    assert check(done, PREFIX).result == "failed"
    assert "Who acts: Onemata takes what is not this client's out" in check(done, PREFIX).evidence
    nothing_is_left(aws)


def test_another_clients_prefix_that_can_only_be_listed_is_refused_by_a_crawl(aws: Sandbox) -> None:
    opened(aws, LIST)
    found = check(prove(), PREFIX)
    assert found.result == "proven"
    assert "Tables created did not infer schemas from this file" in found.evidence


def test_a_prefix_where_nothing_was_refused_or_read_proves_nothing(aws: Sandbox) -> None:
    opened(aws, LIST, READ)
    onemata(aws, "s3").delete_object(Bucket=sandbox.BUCKET, Key=OTHERS_PROBE)
    found = check(prove(), PREFIX)
    assert found.result == UNSEEN
    assert "Who acts: Onemata" in found.evidence


def test_a_crawler_over_a_prefix_is_no_access(aws: Sandbox) -> None:
    opened(aws, LIST)
    done = prove(**CRAWLER)
    assert check(done, PREFIX).result == UNSEEN
    assert "prove: crawl" in check(done, PREFIX).evidence
    nothing_is_left(aws)


@pytest.mark.parametrize("changes", [CRAWL, CRAWLER])
def test_to_see_another_bucket_is_too_much(aws: Sandbox, changes: dict[str, Any]) -> None:
    policy = json.dumps(documents.bucket_policy()).replace(sandbox.BUCKET, sandbox.OTHER_BUCKET)
    onemata(aws, "s3").put_bucket_policy(
        Bucket=sandbox.OTHER_BUCKET, Policy=policy.replace(sandbox.PREFIX, "_onemata/")
    )
    done = prove(**changes)
    assert done.record.outcome == "failed"
    assert check(done, BUCKET).result == "failed"
    assert sent(done).count("StartCrawler") == (1 if changes is CRAWL else 0)
    nothing_is_left(aws)


def test_refusals_that_cannot_be_tried_are_not_passed_over(aws: Sandbox) -> None:
    unnamed = prove(denied_prefix="", denied_bucket="")
    assert unnamed.record.outcome == "applied"
    assert denials(unnamed) == [UNSEEN] * 2
    assert prove(denied_prefix="", denied_bucket="", negative_checks=False).record.outcome == "verified"


def test_money_is_not_spent_on_a_refusal_that_could_say_nothing(aws: Sandbox) -> None:
    prove(prove="none")
    opened(aws, LIST, READ)
    without_probe(aws)
    done = prove("verify")
    assert sent(done).count("StartCrawler") == 1
    assert check(done, PREFIX).result == UNSEEN


# --- cut off ----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ended here."""


@contextmanager
def cut_off(number: int, error: type[BaseException], *, for_good: bool) -> Iterator[None]:
    """After its write of this number to Glue the run ends; a process that was killed sends nothing more."""
    call, done = Aws.call, [0]

    def counting(aws: Aws, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        if for_good and done[0] >= number:
            raise error
        answer = call(aws, service, operation, **arguments)
        if service == "glue" and not operation.startswith("get_"):
            done[0] += 1
            if done[0] == number:
                raise error
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Aws, "call", counting)
        yield


def test_a_kill_at_any_call_leaves_nothing_that_the_next_run_does_not_find(aws: Sandbox) -> None:
    changes: dict[str, Any] = {"negative_checks": False}
    writes = sent(prove(**changes))
    assert len(writes) == 8
    actions = ("apply", "verify", "remove")
    cases = [(number, actions[number % 3]) for number in range(1, 8)] + [(4, each) for each in actions]
    for number, action in cases:
        where = f"{writes[number - 1]}, {action}"
        with cut_off(number, Killed, for_good=True), pytest.raises(Killed):
            prove("verify", **changes)
        assert NAME in in_glue(aws), where
        mended = prove(action, **changes)
        assert mended.error is None, where
        assert f"what proofs left in Glue ({NAME})" in mended.shown["plan"]
        assert mended.record.outcome == ("removed" if action == "remove" else "verified"), where
        nothing_is_left(aws)
        if action == "remove":
            prove(prove="none")


def test_the_plan_shows_what_was_left_and_changes_nothing(aws: Sandbox) -> None:
    prove(prove="none")
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    before = in_glue(aws)
    planned = prove("plan")
    assert planned.kinds == {f"what proofs left in Glue ({NAME})": "delete"}
    assert planned.record.plan is not None
    (change,) = planned.record.plan.pending
    assert [str(call) for call in change.calls] == [
        "glue:delete_crawler", "glue:delete_classifier", "glue:delete_database",
    ]  # fmt: skip
    assert in_glue(aws) == before


def test_a_crawl_that_still_goes_on_is_waited_for_and_changes_no_approval(aws: Sandbox) -> None:
    prove(prove="none")
    aws.let_crawls_hang()
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    digest = prove("plan").record.plan_digest
    told: list[str] = []

    def sleep(_: float) -> None:
        aws.let_crawls_hang(False)

    done = prove(wait=Wait(tell=told.append, sleep=sleep, seconds=60), approved_plan=digest)
    assert done.record.outcome == "verified"
    assert told[0] == f"Waiting: what proofs left in Glue ({NAME}) is at work: Glue still crawls."
    assert [each.status for each in done.record.changes_done] == ["done"]
    assert not any(each.unanswered for each in done.record.changes_done)


def test_with_a_crawler_alone_what_a_crawl_left_is_found_too(aws: Sandbox) -> None:
    prove(prove="none")
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    assert prove("verify", **CRAWLER).record.outcome == "applied"
    nothing_is_left(aws)


def test_ctrl_c_at_any_call_takes_all_away_at_once(aws: Sandbox) -> None:
    prove(prove="none")
    for number in range(1, 9):
        with cut_off(number, KeyboardInterrupt, for_good=False):
            done = prove("verify", negative_checks=False)
        assert "Interrupted" in str(done.error)
        nothing_is_left(aws)


@pytest.mark.parametrize(
    "operation",
    [
        "CreateDatabase", "CreateClassifier", "CreateCrawler", "StartCrawler", "DeleteCrawler", "DeleteClassifier",
        "DeleteTable", "DeleteDatabase",
    ],
)  # fmt: skip
def test_an_answer_that_is_lost_disturbs_nothing(aws: Sandbox, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's own tries
    prove(prove="none")
    aws.fail(operation, "lost answer")
    assert prove("verify").record.outcome == "verified"
    nothing_is_left(aws)


def test_a_crawl_that_does_not_end_is_stopped(aws: Sandbox) -> None:
    prove(prove="none")
    aws.let_crawls_hang()
    done = prove("verify", Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.1))
    assert check(done).result == UNSEEN
    assert "still RUNNING when the time was up, and was stopped" in check(done).evidence
    assert "StopCrawler" in sent(done)
    nothing_is_left(aws)


def test_a_clean_up_that_fails_is_a_failed_check_that_names_what_is_left(aws: Sandbox) -> None:
    prove(prove="none")
    aws.fail("DeleteCrawler", "AccessDeniedException", 2)
    done = prove("verify", negative_checks=False)
    assert done.record.outcome == "failed"
    left = check(done, f"what proofs left in Glue ({NAME})")
    assert left.result == "failed"
    assert f"crawler: is {NAME}, must be missing" in left.evidence
    assert "AWS refused it: AccessDeniedException" in check(done).evidence
    assert prove("verify").record.outcome == "verified"
    nothing_is_left(aws)


@pytest.mark.parametrize("how", ["html", "empty", "InternalServiceException"])
@pytest.mark.parametrize("operation", ["CreateCrawler", "StartCrawler", "GetTables"])
def test_what_does_not_pass_is_never_taken_for_proof(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, operation: str, how: Any
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's own tries
    prove(prove="none")
    aws.fail(operation, how, 100)
    done = prove("verify")
    assert done.record.outcome in ("applied", "failed")
    assert check(done).result == UNSEEN
    assert "Who acts: " in check(done).evidence
    assert "proven" not in denials(done)


# --- what is the client's ---------------------------------------------------------------------------------------------


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
            assert NAME in check(done).evidence
            assert "Who acts: the client's admin deletes or renames it" in check(done).evidence


def test_a_database_of_ours_in_which_the_client_keeps_a_table_stays(aws: Sandbox) -> None:
    prove(prove="none")
    with cut_off(4, Killed, for_good=True), pytest.raises(Killed):
        prove("verify")
    aws.client("glue").create_table(DatabaseName=NAME, TableInput={"Name": "sales"})
    done = prove()
    assert in_glue(aws) == [NAME, "sales"]
    assert "holds tables that are not ours, so it stays" in done.shown["plan"]
    assert check(done).result == UNSEEN


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
    assert check(done).result == UNSEEN
    assert f"Another crawler {NAME} has come up in Glue" in check(done).evidence


def test_a_crawler_that_comes_up_in_the_middle_is_not_taken_for_ours(aws: Sandbox) -> None:
    prove(prove="none")
    aws.after("CreateClassifier", lambda _: own_crawler(aws))
    done = prove("verify", negative_checks=False)
    assert check(done).result == UNSEEN
    assert f"Another crawler {NAME} has come up in Glue" in check(done).evidence
    assert in_glue(aws) == [NAME]
