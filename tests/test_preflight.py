"""What the operator may not do is named after signing in, and a plan that needs it changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from onemata_helpers import permissions, policies, sandbox
from onemata_helpers.errors import AwsRefused, PlanBlocked
from onemata_helpers.parameter_files import from_folder, from_notebook
from onemata_helpers.permitted import Permitted, Preflight
from onemata_helpers.plan import Call, Change, Plan
from onemata_helpers.plan_needs import missing
from onemata_helpers.preflight import PermissionChecks, to_add
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.policies import account_trust
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL
from onemata_helpers.session import Aws, Identity, sandbox_session

from .account import in_place
from .conftest import EXAMPLE, Run, run, values
from .test_instance import SSM
from .test_permissions import CASES
from .test_workgroups import WORKGROUP

OPERATOR = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/{world.OPERATOR}"
ASKING = "iam:SimulatePrincipalPolicy"


def printed(service: str, without: str = "", **changes: Any) -> policies.Document:
    """The printed policy, without one action."""
    policy = permissions.policy([from_notebook(service, values(service, preflight=True, **changes))])
    return but_for(policy, without)


def but_for(policy: policies.Document, action: str) -> policies.Document:
    left = [each | {"Action": [name for name in each["Action"] if name != action]} for each in policy["Statement"]]
    return policies.document(*(each for each in left if each["Action"]))


@contextmanager
def allowed(policy: policies.Document) -> Iterator[Sandbox]:
    """A sandbox whose operator has this policy."""
    with pytest.MonkeyPatch.context() as patch, sandbox.start(operator_policy=policy) as box:
        patch.setenv(SANDBOX_URL, box.url)
        yield box


def asked(aws: Aws, service: str, **changes: Any) -> Preflight:
    parameters = from_notebook(service, values(service, preflight=True, **changes))
    return PermissionChecks(parameters, permissions.needed_for(parameters)).ask(aws)


def session(box: Sandbox, key_id: str, secret: str, token: str | None = None) -> Aws:
    made = sandbox_session(key_id, secret, token, sandbox.REGION)
    return Aws(made, ("iam",), lambda _: None, box.endpoint)


def operator(box: Sandbox) -> Aws:
    key = box.operator()
    return session(box, key.id, key.secret)


def looked(result: Run) -> Preflight:
    assert result.record.preflight is not None
    return result.record.preflight


def actions(found: tuple[Permitted, ...]) -> set[str]:
    return {each.action for each in found}


@pytest.mark.parametrize("name", CASES)
def test_each_action_that_is_taken_out_of_the_printed_policy_is_named(name: str) -> None:
    service, changes = CASES[name]
    whole = printed(service, **changes)
    needed = sorted({action for each in whole["Statement"] for action in each["Action"]})
    with allowed(whole) as box:
        aws = operator(box)
        assert not asked(aws, service, **changes).having("denied")
        for action in needed:
            box.let_operator(but_for(whole, action))
            found = asked(aws, service, **changes)
            told = found.having("denied") + found.having("not provable from here")
            if action == ASKING:
                assert ASKING in found.untold
            elif action != "iam:GetRole" or told:  # for an SSO role only it is asked on others
                assert actions(told) == {action}
                assert all(each.why for each in told)


def test_what_is_certain_is_denied_and_the_rest_is_not_told(aws: Sandbox) -> None:
    aws.let_operator(policies.document({"Effect": "Allow", "Action": ASKING, "Resource": "*"}))
    changes = CASES["glue-athena"][1] | {"prove": "crawl", "confirm_proof_costs": True}
    found = asked(operator(aws), "glue", **changes)
    untold = {"glue:DeleteTable", "glue:GetTable", "glue:GetTables", "glue:GetDatabase", "glue:DeleteDatabase"}
    assert actions(found.having("not provable from here")) == untold | {"glue:CreateDatabase", "sts:AssumeRole"} | {
        "logs:FilterLogEvents"
    }
    assert {"iam:CreateRole", "glue:CreateCrawler", "iam:PassRole"} < actions(found.having("denied"))


@pytest.mark.parametrize(
    ("service", "changes", "action"),
    [
        ("redshift", {}, "iam:AttachRolePolicy"),
        ("redshift", {}, "iam:TagRole"),
        ("redshift", {}, "iam:PassRole"),
        ("redshift", {}, "redshift:ModifyClusterIamRoles"),
        ("redshift", {"prove": "copy"}, "redshift-data:DescribeStatement"),
        ("redshift", CASES["redshift-launch"][1], "redshift:CreateTags"),
        ("glue", {"prove": "crawler"}, "glue:TagResource"),
        ("ec2", {}, "iam:AddRoleToInstanceProfile"),
        ("ec2", {}, "iam:TagInstanceProfile"),
        ("ec2", {}, "ec2:AssociateIamInstanceProfile"),
        ("ec2", {}, "iam:CreateInstanceProfile"),
    ],
)
def test_a_plan_that_needs_it_changes_nothing_until_the_admin_has_added_the_statement(
    service: str, changes: dict[str, Any], action: str
) -> None:
    with allowed(printed(service, action, **changes)) as box:
        stopped = run(service, preflight=True, **changes)
        assert isinstance(stopped.error, PlanBlocked), stopped.error
        assert stopped.writes == []
        assert stopped.record.outcome == "blocked"
        assert stopped.record.plan is not None
        assert stopped.record.plan.lacking == (action,)
        added = to_add(each.permission for each in stopped.record.plan.missing)
        assert added is not None
        for shown in (str(stopped.error), stopped.shown["connect"], stopped.shown["plan"]):
            assert action in shown
        assert json.dumps(added["Statement"]) in str(stopped.error)
        whole = printed(service, action, **changes)
        box.let_operator(policies.document(*whole["Statement"], *added["Statement"]))
        in_place(run(service, preflight=True, **changes))


def test_what_the_plan_does_not_need_stops_nothing() -> None:
    with allowed(printed("redshift", "iam:DeleteRole")):
        result = run("redshift", preflight=True)
        in_place(result)
        assert actions(looked(result).having("denied")) == {"iam:DeleteRole"}
        assert result.record.plan is not None
        assert result.record.plan.missing == ()
        stopped = run("redshift", "remove", preflight=True)
        assert isinstance(stopped.error, PlanBlocked)
        assert stopped.writes == []


def test_once_all_is_there_creating_needs_no_permission(aws: Sandbox) -> None:
    in_place(run("redshift"))
    aws.let_operator(printed("redshift", "iam:CreateRole"))
    in_place(run("redshift", preflight=True))


def test_to_take_a_role_off_a_cluster_nobody_passes_it(aws: Sandbox) -> None:
    in_place(run("redshift"))
    aws.let_operator(printed("redshift", "iam:PassRole"))
    assert run("redshift", "remove", preflight=True).record.outcome == "removed"


def test_a_plan_is_the_same_for_whoever_makes_it() -> None:
    with allowed(printed("redshift", "iam:AttachRolePolicy")):
        without = run("redshift", "plan", preflight=True).record
        asked_nothing = run("redshift", "plan").record
    assert without.outcome == "planned"
    assert "The operator lacks: iam:AttachRolePolicy." in without.reason
    assert without.plan_digest == asked_nothing.plan_digest
    assert asked_nothing.preflight is None


def test_what_the_admin_adds_between_plan_and_apply_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with allowed(printed("redshift", "iam:AttachRolePolicy")) as box:
        refuse = PermissionChecks.refuse

        def then(self: PermissionChecks, aws: Aws, plan: Plan) -> None:
            box.let_operator(printed("redshift"))
            refuse(self, aws, plan)

        monkeypatch.setattr(PermissionChecks, "refuse", then)
        result = run("redshift", preflight=True)
        in_place(result)
        assert "denied: iam:AttachRolePolicy" in result.shown["plan"]


def test_who_does_not_want_it_finds_out_by_trying() -> None:
    with allowed(printed("redshift", "iam:AttachRolePolicy")):
        assert isinstance(run("redshift", preflight=False).error, AwsRefused)


def test_who_may_not_ask_runs_as_ever() -> None:
    with allowed(printed("ec2", ASKING, on_existing_profile="extend")):
        result = run("ec2", preflight=True, on_existing_profile="extend")
        in_place(result)
        found = looked(result)
        assert found.permitted == ()
        assert found.asked_of == OPERATOR
        assert "cannot be told from here" in result.shown["connect"]
        assert f"{ASKING} on {OPERATOR}" in found.untold


def test_a_boundary_counts_and_a_statement_more_does_not_help(aws: Sandbox) -> None:
    aws.let_operator(printed("redshift"))
    iam = aws.client("iam")
    narrow = json.dumps(but_for(printed("redshift"), "iam:CreateRole"))
    arn = iam.create_policy(PolicyName="narrow", PolicyDocument=narrow)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=world.OPERATOR, PermissionsBoundary=arn)
    stopped = run("redshift", preflight=True)
    assert isinstance(stopped.error, PlanBlocked)
    assert "permissions boundary" in str(stopped.error)
    (denied,) = looked(stopped).having("denied")
    assert (denied.action, denied.addable) == ("iam:CreateRole", False)


def test_an_explicit_deny_is_told_from_none(aws: Sandbox) -> None:
    never = {"Effect": "Deny", "Action": "iam:Put*", "Resource": "*"}
    aws.let_operator(policies.document(*printed("ec2", "iam:PutRolePolicy")["Statement"], never))
    stopped = run("ec2", preflight=True)
    assert isinstance(stopped.error, PlanBlocked)
    assert "removes the explicit deny" in str(stopped.error)
    assert to_add(looked(stopped).having("denied")) is None


def test_what_depends_on_the_call_itself_is_not_told_and_stops_nothing(aws: Sandbox) -> None:
    whole = printed("redshift", "iam:CreateRole")
    at_home = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    create = {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*", "Condition": at_home}
    aws.let_operator(policies.document(*whole["Statement"], create))
    result = run("redshift", preflight=True)
    in_place(result)
    (open_one,) = looked(result).having("not provable from here")
    assert (open_one.action, "aws:SourceIp" in open_one.why) == ("iam:CreateRole", True)


@pytest.mark.parametrize("condition", [
    {"StringEquals": {"aws:RequestTag/project": "onemata"}},
    {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    {"ArnEquals": {"aws:PrincipalArn": OPERATOR}},
    {"StringEquals": {"aws:username": world.OPERATOR}},
])  # fmt: skip
def test_what_is_known_before_the_call_is_told(aws: Sandbox, condition: dict[str, Any]) -> None:
    whole = printed("redshift", "iam:CreateRole")
    create = {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*", "Condition": condition}
    aws.let_operator(policies.document(*whole["Statement"], create))
    found = asked(operator(aws), "redshift", tags={"project": "onemata"})
    assert {each.verdict for each in found.permitted} == {"allowed"}
    other = asked(operator(aws), "redshift", tags={"project": "other"})
    denied = {"iam:CreateRole"} if "aws:RequestTag/project" in json.dumps(condition) else set()
    assert actions(other.having("denied")) == denied


def test_iam_is_asked_as_in_its_own_region(aws: Sandbox) -> None:
    here = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    iam = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": here}
    aws.let_operator(policies.document({"Effect": "Allow", "Action": ["redshift:*", ASKING], "Resource": "*"}, iam))
    found = asked(operator(aws), "redshift", region="eu-west-1", bucket_region="us-east-1")
    denied = actions(found.having("denied"))
    assert "iam:CreateRole" in denied
    assert not any(each.startswith("redshift:") for each in denied)


@pytest.mark.parametrize("path", ["/", "/team/a/"])
@pytest.mark.parametrize("told", ["by IAM", "by operator_role_arn", "by nobody"])
def test_a_session_of_a_role_is_asked_about_as_the_role(aws: Sandbox, path: str, told: str) -> None:
    policy = printed("redshift", "iam:AttachRolePolicy")
    if told == "by IAM":
        policy["Statement"].append({"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"})
    aws.propagation_seconds = 0
    iam, name = aws.client("iam"), "engineer"
    trust = json.dumps(account_trust(sandbox.CLIENT_ACCOUNT))
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(policy))
    aws.let_operator(policies.document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}))
    entered = operator(aws).entered(arn, "me")
    found = asked(entered, "redshift", operator_role_arn=arn if told == "by operator_role_arn" else "")
    if told == "by nobody" and path != "/":
        assert "NoSuchEntity" in found.untold
    else:
        assert (found.asked_of, actions(found.having("denied"))) == (arn, {"iam:AttachRolePolicy"})


def test_nobody_can_say_what_a_federated_user_may(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = f"arn:aws:sts::{sandbox.CLIENT_ACCOUNT}:federated-user/bob"
    who = Identity(account=sandbox.CLIENT_ACCOUNT, arn=arn, partition="aws", region=sandbox.REGION, user_id="1:bob")
    monkeypatch.setattr(Aws, "identity", who)
    found = asked(operator(aws), "redshift")
    assert arn in found.untold
    assert found.permitted == ()


@pytest.mark.parametrize("answer", [
    {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}, "EvalDecision": "explicitDeny"},
    {"MissingContextValues": ["aws:MultiFactorAuthPresent"], "EvalDecision": "explicitDeny"},
])  # fmt: skip
def test_where_the_simulator_is_known_to_err_nothing_is_stopped(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    mine = operator(aws)

    def erring(service: str, operation: str, form: Any, **arguments: Any) -> Iterator[Any]:
        resources = arguments.get("ResourceArns", ["*"])
        specific = [
            {"EvalResourceName": each, "EvalResourceDecision": answer["EvalDecision"]}
            | {key: value for key, value in answer.items() if key == "MissingContextValues"}
            for each in resources
        ]
        result = answer | ({"ResourceSpecificResults": specific} if "ResourceArns" in arguments else {})
        results = [{"EvalActionName": action} | result for action in arguments["ActionNames"]]
        yield form.model_validate({"EvaluationResults": results})

    monkeypatch.setattr(mine, "pages", erring)
    found = asked(mine, "redshift")
    assert {each.verdict for each in found.permitted} == {"not provable from here"}


def test_an_action_that_the_simulator_does_not_know_hides_no_other(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = re.compile(r"(?!iam:UntagRole).*")
    monkeypatch.setattr("onemata_helpers.sandbox.aws.iam_simulator._ACTION", known)
    aws.let_operator(printed("redshift", "iam:AttachRolePolicy"))
    found = asked(operator(aws), "redshift")
    assert actions(found.having("not provable from here")) == {"iam:UntagRole"}
    assert actions(found.having("denied")) == {"iam:AttachRolePolicy"}


def test_it_takes_few_calls(aws: Sandbox) -> None:
    for service, most in (("ec2", 2), ("redshift", 2), ("glue", 2)):
        result = run(service, "plan", preflight=True)
        calls = [call.operation for call in result.record.calls]
        assert calls[:2] == ["GetCallerIdentity", "SimulatePrincipalPolicy"]
        assert calls.count("SimulatePrincipalPolicy") <= most


def test_the_clusters_and_instances_are_looked_at_once(aws: Sandbox) -> None:
    once = {"DescribeInstances", "DescribeInstanceInformation", "GetWorkgroup"}
    for service, changes in (("redshift", WORKGROUP), ("ec2", SSM), ("ec2", {})):
        record = run(service, "plan", **changes).record
        calls = [call.operation for call in record.calls]
        assert all(calls.count(each) <= 1 for each in once)
        assert record.plan is not None
        assert [each.ready for each in record.plan.readiness] == [True]


def test_a_paused_cluster_and_an_unreached_instance_are_not_ready(aws: Sandbox) -> None:
    aws.client("redshift").pause_cluster(ClusterIdentifier=sandbox.CLUSTER)
    result = run("redshift", "plan")
    assert result.record.plan is not None
    assert [(each.state, each.ready) for each in result.record.plan.readiness] == [("paused", False)]
    result = run("ec2", "plan", **SSM | {"instance_ids": [sandbox.STOPPED_INSTANCE_ID]})
    assert result.record.plan is not None
    (found,) = result.record.plan.readiness
    assert (found.state, found.ready) == ("stopped; Systems Manager does not reach it", False)


def test_the_operator_may_ask_about_himself_only() -> None:
    def statement(**changes: Any) -> list[str]:
        policy = printed("redshift", **changes)
        (found,) = [each["Resource"] for each in policy["Statement"] if ASKING in each["Action"]]
        return list(found)

    here = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}"
    own = f"{here}:role/engineers/engineer"
    assert statement(operator_role_arn=own) == [own]
    assert statement() == [f"{here}:role/*", f"{here}:user/${{aws:username}}", f"{here}:user/*/${{aws:username}}"]


def test_the_policy_for_all_of_the_example_fits_into_one_managed_policy() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    policy = permissions.policy(from_folder(EXAMPLE).values())
    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144


def test_the_call_decides_which_of_several_is_needed() -> None:
    def denied(name: str) -> Permitted:
        return Permitted(action="iam:PutUserPolicy", resource=f"arn:aws:iam::1:user/team/{name}", verdict="denied")

    call = Call(service="iam", operation="put_user_policy", arguments={"UserName": "one", "PolicyName": "x"})
    change = Change(kind="add", resource="policy of one", step="1", why="", calls=(call,))
    plan = Plan(
        action="plan", service="glue", account_id="1", partition="aws", region="r", changes=(change,), observed={}
    )
    found = missing(plan, [denied("one"), denied("other")])
    assert [each.permission.resource for each in found] == ["arn:aws:iam::1:user/team/one"]
