"""Access Analyzer in the plan: asked once, never a reason to fail, and a stop for what our own policies must not do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given

from onemata_helpers import Runbook, permissions, policies, sandbox
from onemata_helpers.errors import PlanBlocked
from onemata_helpers.plan import Finding, Plan
from onemata_helpers.resources.access_analyzer import VALIDATE, Analyzer
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.text import is_plain

from .account import in_place, make_foreign_role, other_inline, retrust, role_of
from .conftest import SERVICES, Run, between_tries_no_time_passes, run, values
from .test_display import HOSTILE, texts

KEY = f"arn:aws:kms:{sandbox.REGION}:{sandbox.ONEMATA_ACCOUNT}:key/0a1b2c3d"
ELSEWHERE: dict[str, Any] = {"denied_prefix": sandbox.OTHER_PREFIX, "denied_bucket": sandbox.OTHER_BUCKET}
ALL = ELSEWHERE | {"policy_checks": "all", "s3_access": "scoped"}
TRUST = "trust policy of role onemata-redshift"
BUCKET_POLICY = f"Bucket policy of {sandbox.BUCKET}"
VALID, WRITES = "Is it valid", "Does it give no right to write?"
OUTSIDE, NEW = "Does it keep out of denied_prefix", "Does it give no more than the present one?"


def plan_of(result: Run) -> Plan:
    assert result.record.plan is not None
    return result.record.plan


def asked(result: Run) -> Counter[str]:
    """How often each operation of Access Analyzer was called."""
    return Counter(call.operation for call in result.record.calls if call.service == "accessanalyzer")


def finding(result: Run, question: str, about: str = "") -> Finding:
    found = [each for each in plan_of(result).findings if each.asked.startswith(question) and about in each.about]
    assert len(found) == 1, found
    return found[0]


def scoped_as(monkeypatch: pytest.MonkeyPatch, **change: Any) -> None:
    """As if our read access were written wrong: what it would say of the object's statement instead."""
    right = policies.s3_read

    def wrong(*arguments: Any) -> policies.Document:
        return policies.document(
            *(each | change if each["Sid"] == "Read" else each for each in right(*arguments)["Statement"])
        )

    monkeypatch.setattr(policies, "s3_read", wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_free_validates_each_policy_that_is_written_or_handed_over_and_bills_nothing(
    aws: Sandbox, service: str
) -> None:
    result = run(service, "plan", policy_checks="free", **ELSEWHERE)
    plan = plan_of(result)
    written = [c for change in plan.changes for c in change.calls if "PolicyDocument" in str(c.arguments)]
    assert plan.hand_over
    assert len(plan.findings) == len(written) + len(plan.hand_over.for_onemata) == asked(result)["ValidatePolicy"]
    assert set(asked(result)) == {"ValidatePolicy"}
    assert {each.about for each in plan.findings} >= {each.title for each in plan.hand_over.for_onemata}
    assert {each.result for each in plan.findings} == {"passed"}
    assert "billed" not in result.shown["plan"]
    assert result.writes == []


@pytest.mark.parametrize("service", SERVICES)
def test_all_asks_the_billed_checks_too_and_names_them_so(aws: Sandbox, service: str) -> None:
    result = run(service, "plan", **ALL)
    billed = [each for each in plan_of(result).findings if each.asked.endswith("(billed, $0.002)")]
    assert len(billed) == asked(result)["CheckAccessNotGranted"] + asked(result)["CheckNoPublicAccess"]
    assert asked(result)["CheckAccessNotGranted"] == 2
    assert asked(result)["CheckNoPublicAccess"] == 1
    assert {each.result for each in billed} == {"passed"}
    assert result.shown["plan"].count("(billed, $0.002)") == 3
    assert result.writes == []


def test_none_asks_nothing_and_the_digest_is_the_same_with_all(aws: Sandbox) -> None:
    silent, full = (run("redshift", "plan", **(ALL | {"policy_checks": checks})) for checks in ("none", "all"))
    assert asked(silent) == {}
    assert plan_of(silent).findings == ()
    assert "Access Analyzer" not in silent.shown["plan"]
    assert silent.record.plan_digest == full.record.plan_digest


def test_an_encrypted_delivery_has_its_key_policy_checked(aws: Sandbox) -> None:
    result = run("glue", "plan", kms_key_arn=KEY, **ALL)
    assert finding(result, VALID, "Key policy").result == "passed"
    assert finding(result, "Does it keep the public out?", "Key policy").result == "passed"


def test_each_question_is_asked_once_in_a_run(aws: Sandbox) -> None:
    runbook = Runbook("redshift", values("redshift", action="apply", **ALL))
    runbook.connect()
    runbook.plan()
    calls = runbook.recorder.record.calls
    first = [call.operation for call in calls if call.service == "accessanalyzer"]
    runbook.plan()
    runbook.apply()
    runbook.verify()
    assert [call.operation for call in calls if call.service == "accessanalyzer"] == first
    assert first.count("ValidatePolicy") == 3


def test_a_policy_for_several_holders_is_asked_about_once(aws: Sandbox) -> None:
    for number in range(3):
        aws.client("iam").create_user(UserName=f"analyst-{number}")
    arns = [f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/analyst-{number}" for number in range(3)]
    result = run("glue", "plan", role_name="glue-onemata", pass_role_to=arns, policy_checks="free")
    about = [each.about for each in plan_of(result).findings if "onemata-pass" in each.about]
    assert len(about) == len(set(about)) == 3
    assert asked(result)["ValidatePolicy"] == len(plan_of(result).findings) - 2


@pytest.mark.parametrize("action", ["verify", "remove"])
def test_nothing_is_asked_where_nothing_is_given(aws: Sandbox, action: str) -> None:
    in_place(run("redshift", **ALL))
    retrust("onemata-redshift")(aws)
    assert asked(run("redshift", action, **ALL)) == {}


def test_a_right_to_write_in_scoped_is_found_and_blocks(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    scoped_as(monkeypatch, Action=["s3:GetObject", "s3:PutObject"])
    result = run("redshift", **ALL)
    assert finding(result, WRITES).result == "found"
    assert "with sid: Read" in finding(result, WRITES).said
    assert finding(result, OUTSIDE).result == "passed"
    assert isinstance(result.error, PlanBlocked)
    assert result.writes == []
    assert "Who acts" in str(result.error)
    assert "policy_checks: none" in str(result.error)
    assert "blocked: inline policy onemata-s3-read-" in result.shown["plan"]


@pytest.mark.parametrize("resource", [f"arn:aws:s3:::{sandbox.BUCKET}/*", "arn:aws:s3:::*/example-client/*", "*"])
def test_another_clients_data_in_scoped_is_found_and_blocks(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    scoped_as(monkeypatch, Resource=resource)
    result = run("ec2", **ALL)
    assert finding(result, OUTSIDE).result == "found"
    assert finding(result, WRITES).result == "passed"
    assert isinstance(result.error, PlanBlocked)
    assert result.writes == []


def test_a_hand_over_that_lets_the_public_in_is_found_and_blocks(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "grant_to", lambda *_: {"Principal": "*", "Condition": {}})
    result = run("redshift", **ALL)
    assert finding(result, "Does it keep the public out?").result == "found"
    assert isinstance(result.error, PlanBlocked)
    assert BUCKET_POLICY in str(result.error)


def test_what_aws_calls_an_error_blocks_and_a_warning_does_not(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    right = policies.service_trust
    monkeypatch.setattr(policies, "service_trust", lambda *each: {"Statement": right(*each)["Statement"]})
    result = run("redshift", "plan", policy_checks="free")
    assert finding(result, VALID, TRUST).result == "found"
    assert finding(result, VALID, TRUST).said.startswith("WARNING MISSING_VERSION: We recommend")
    assert "https://docs.aws.amazon.com/IAM/" in finding(result, VALID, TRUST).said
    assert result.record.outcome == "planned"

    monkeypatch.setattr(policies, "service_trust", lambda *each: right(*each) | {"Owner": "we"})
    result = run("redshift", "plan", policy_checks="free")
    assert finding(result, VALID, TRUST).said.startswith("ERROR INVALID_POLICY_ELEMENT: The policy element Owner")
    assert result.record.outcome == "blocked"
    assert TRUST in result.record.reason


def test_an_error_in_what_the_client_wrote_blocks_nothing(aws: Sandbox) -> None:
    theirs = policies.service_trust("lambda", "aws")
    theirs["Statement"][0]["NotPrincipal"] = {"AWS": "*"}
    make_foreign_role(aws, "onemata-redshift", theirs)
    result = run("redshift", policy_checks="free", adopt_existing=True)
    said = [each.said for each in plan_of(result).findings if each.about == TRUST]
    assert any(each.startswith("ERROR UNSUPPORTED_ELEMENT_COMBINATION") for each in said)
    in_place(result)


def test_new_access_is_found_on_an_update_and_blocks_nothing(aws: Sandbox) -> None:
    in_place(run("redshift", **ALL))
    retrust("onemata-redshift")(aws)
    wider = run("redshift", "plan", **ALL)
    assert wider.record.outcome == "planned"
    other = finding(wider, NEW)
    assert other.about == TRUST
    assert (other.result, other.asked[-16:]) == ("found", "(billed, $0.002)")
    assert other.said.endswith("New access in the statement with index: 0.")

    both = policies.with_statements(role_trust(aws), policies.service_trust("redshift", "aws"))
    aws.client("iam").update_assume_role_policy(RoleName="onemata-redshift", PolicyDocument=json.dumps(both))
    narrower = run("redshift", **ALL)
    assert finding(narrower, NEW).result == "passed"
    in_place(narrower)


def test_an_inline_policy_that_was_changed_is_compared_with_what_stands_there(aws: Sandbox) -> None:
    in_place(run("ec2", policy_checks="all"))
    other_inline(aws)
    compared = finding(run("ec2", "plan", policy_checks="all"), NEW)
    assert compared.about.startswith("inline policy onemata-assume-role-")
    assert compared.result == "found"


def role_trust(aws: Sandbox) -> policies.Document:
    trust: policies.Document = role_of(aws, "onemata-redshift")["AssumeRolePolicyDocument"]
    return trust


@pytest.fixture
def unallowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The operator may do all that the runbooks need, but not ask Access Analyzer."""
    policy = permissions.unscoped()
    (statement,) = policy["Statement"]
    statement["Action"] = [each for each in statement["Action"] if not each.startswith("access-analyzer:")]
    with sandbox.start(operator_policy=policy) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        yield box


def test_without_the_permission_it_is_not_provable_and_nothing_else_is_lost(unallowed: Sandbox) -> None:
    result = run("redshift", **ALL)
    in_place(result)
    assert {each.result for each in plan_of(result).findings} == {"not provable from here"}
    said = finding(result, VALID, TRUST).said
    assert "AccessDeniedException: User: arn:aws:iam::" in said
    assert "access-analyzer:ValidatePolicy on resource: arn:aws:access-analyzer:us-east-1:" in said
    assert "onemata permissions" in said
    assert set(asked(result).values()) == {1}  # what is refused for one document is refused for all


@pytest.mark.parametrize("how", ["html", "empty", "binary", "long error", "InternalServerException"])
def test_whatever_goes_wrong_it_is_not_provable_and_the_plan_goes_on(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    between_tries_no_time_passes(monkeypatch)
    aws.fail("ValidatePolicy", how, 20)
    result = run("redshift", policy_checks="free")
    in_place(result)
    assert {each.result for each in plan_of(result).findings} == {"not provable from here"}
    assert asked(result)["ValidatePolicy"] == 1


def test_a_document_that_aws_cannot_take_is_not_provable_and_the_others_are_asked(aws: Sandbox) -> None:
    aws.fail("ValidatePolicy", "ValidationException")
    result = run("redshift", "plan", policy_checks="free")
    assert [each.result for each in plan_of(result).findings] == ["not provable from here", "passed"]


def test_what_was_not_answered_is_asked_again_with_the_next_plan(aws: Sandbox) -> None:
    aws.fail("ValidatePolicy", "AccessDeniedException")
    runbook = Runbook("redshift", values("redshift", policy_checks="free"))
    runbook.connect()
    results = []
    for _ in range(2):
        runbook.plan()
        assert runbook.recorder.record.plan
        results.append({each.result for each in runbook.recorder.record.plan.findings})
    assert results == [{"not provable from here"}, {"passed"}]


class _Says:
    """An AWS that says whatever it likes."""

    where = "account 0"

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = pages

    def pages(self, _: str, __: str, form: Any, **___: Any) -> Iterator[Any]:
        return (form.model_validate(page) for page in self._pages)

    def ask(self, _: str, __: str, form: Any, **___: Any) -> Any:
        return form.model_validate(self._pages[0])


@given(texts)
@example(HOSTILE)
@example("x" * 100_000)
def test_awss_words_are_shown_harmless_and_short(text: str) -> None:
    found = {"findingType": "ERROR", "issueCode": "X", "findingDetails": text, "learnMoreLink": text, "locations": []}
    checked = {"result": "FAIL", "message": text, "reasons": [{"description": text}]}
    analyzer = Analyzer()
    remarks = [
        *analyzer.ask(_Says({"findings": [found]}), VALIDATE, {}),  # type: ignore[arg-type]
        *analyzer.ask(_Says(checked), "check_no_new_access", {}),  # type: ignore[arg-type]
    ]
    for remark in remarks:
        assert remark.fault
        assert is_plain(remark.said)
        assert len(remark.said) < 1100
