"""Redshift Serverless in the sandbox: what it tells, what it refuses, and that it replaces all roles at once."""

from typing import Any

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox import world
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.serverless import Namespace, Workgroup
from onemata_helpers.sandbox.state import state
from tests.sandbox.actors import allow, refused, role, trusting, user

OURS = f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/onemata-redshift"
THEIRS = world.NAMESPACE_ROLE_ARN
HERE = f"arn:aws:redshift-serverless:{sandbox.REGION}:{sandbox.CLIENT_ACCOUNT}"
WORKGROUP_ARN = f"{HERE}:workgroup/{world.SERVERLESS_WORKGROUP_ID}"
NAMESPACE_ARN = f"{HERE}:namespace/{world.NAMESPACE_ID}"
NAME = {"namespaceName": sandbox.NAMESPACE}
BUSY = "There is an operation running on the namespace. Try updating the namespace again later."


@pytest.fixture
def serverless(box: Sandbox) -> Any:
    role(box, "onemata-redshift", "redshift.amazonaws.com")
    return box.client("redshift-serverless")


def look(serverless: Any) -> dict[str, Any]:
    found: dict[str, Any] = serverless.get_namespace(**NAME)["namespace"]
    return found


def shown(*roles: tuple[str, str]) -> list[str]:
    """Roles as AWS tells of them, in the one order and in the other."""
    texts = [
        (f"IamRole(applyStatus={applied}, iamRoleArn={arn})", f"IamRole(iamRoleArn={arn}, applyStatus={applied})")
        for arn, applied in roles
    ]
    return [text[number % 2] for number, text in enumerate(texts)]


def replace(serverless: Any, *roles: str, default: str = THEIRS) -> Any:
    named = {"defaultIamRoleArn": default} if default else {}
    return serverless.update_namespace(**NAME, iamRoles=list(roles), **named)["namespace"]


def test_what_stands_there(serverless: Any) -> None:
    workgroup = serverless.get_workgroup(workgroupName=sandbox.SERVERLESS_WORKGROUP)["workgroup"]
    assert (workgroup["namespaceName"], workgroup["status"]) == (sandbox.NAMESPACE, "AVAILABLE")
    assert (workgroup["workgroupId"], workgroup["workgroupArn"]) == (world.SERVERLESS_WORKGROUP_ID, WORKGROUP_ARN)
    namespace = look(serverless)
    assert (namespace["namespaceArn"], namespace["dbName"]) == (NAMESPACE_ARN, "dev")
    assert namespace["iamRoles"] == shown((THEIRS, "in-sync"))
    assert namespace["defaultIamRoleArn"] == THEIRS


def test_a_change_takes_a_few_looks(serverless: Any) -> None:
    changed = replace(serverless, THEIRS, OURS)
    assert (changed["status"], changed["iamRoles"]) == ("MODIFYING", shown((THEIRS, "in-sync"), (OURS, "adding")))
    seen = [look(serverless) for _ in range(3)]
    assert [each["status"] for each in seen] == ["MODIFYING", "MODIFYING", "AVAILABLE"]
    assert seen[1]["iamRoles"] == changed["iamRoles"]
    assert seen[2]["iamRoles"] == shown((THEIRS, "in-sync"), (OURS, "in-sync"))


def test_what_a_change_does_not_name_is_lost(serverless: Any) -> None:
    role_less = replace(serverless, OURS, default="")
    assert role_less["iamRoles"] == shown((THEIRS, "removing"), (OURS, "adding"))
    assert "defaultIamRoleArn" not in [look(serverless) for _ in range(3)][2]
    assert look(serverless)["iamRoles"] == shown((OURS, "in-sync"))
    replace(serverless, default="")
    assert [look(serverless) for _ in range(3)][2]["iamRoles"] == []


def test_one_change_at_a_time(serverless: Any) -> None:
    replace(serverless, THEIRS, OURS)
    assert refused(serverless.update_namespace, **NAME, iamRoles=[THEIRS]) == ("ConflictException", BUSY)
    for _ in range(2):
        look(serverless)
    replace(serverless, THEIRS)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"defaultIamRoleArn": THEIRS}, "you must specify the entire list of IAM roles"),
        ({"iamRoles": [OURS], "defaultIamRoleArn": THEIRS}, "must contain the default IAM role"),
        ({"iamRoles": [f"IamRole(iamRoleArn={OURS}, applyStatus=in-sync)"]}, "is not valid"),
        ({"iamRoles": [sandbox.ONEMATA_ROLE_ARN]}, "is not valid"),
        ({"iamRoles": [OURS], "logExports": ["userlog"]}, "can't update multiple configurations"),
        ({"iamRoles": [f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/gone"]}, "must delegate access"),
        ({"iamRoles": [f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:role/for-people"]}, "must delegate access"),
    ],
)
def test_what_is_no_change(serverless: Any, box: Sandbox, asked: dict[str, Any], said: str) -> None:
    role(box, "for-people", trusting("*"))
    before = look(serverless)
    code, message = refused(serverless.update_namespace, **NAME, **asked)
    assert code == "ValidationException"
    assert said in message
    assert look(serverless) == before


def test_a_new_role_cannot_be_seen_at_once(serverless: Any, box: Sandbox) -> None:
    box.propagation_seconds = 600
    fresh = role(box, "fresh", "redshift.amazonaws.com")
    assert "must delegate access" in refused(serverless.update_namespace, **NAME, iamRoles=[THEIRS, fresh])[1]


@pytest.mark.parametrize("operation", ["get_namespace", "update_namespace", "get_workgroup"])
def test_names_that_are_none(serverless: Any, operation: str) -> None:
    key = f"{operation.split('_')[1]}Name"
    call = getattr(serverless, operation)
    assert refused(call, **{key: "nowhere"})[0] == "ResourceNotFoundException"
    assert refused(call, **{key: "No Name"})[0] == "ValidationException"


def test_lists_come_in_pages(serverless: Any) -> None:
    second = Workgroup("second", "2" * 36, Namespace("second-data", "3" * 36))
    state.serverless[sandbox.CLIENT_ACCOUNT, sandbox.REGION].add(second)
    first = serverless.list_workgroups()
    assert len(first["workgroups"]) == 1
    assert serverless.list_workgroups(nextToken=first["nextToken"])["workgroups"][0]["workgroupName"] == "second"
    pages = serverless.get_paginator("list_namespaces").paginate()
    assert [each["namespaceName"] for page in pages for each in page["namespaces"]] == [
        sandbox.NAMESPACE,
        "second-data",
    ]
    assert refused(serverless.list_workgroups, nextToken="now")[0] == "ValidationException"


def test_another_region_and_account_have_none(box: Sandbox) -> None:
    elsewhere = [
        box.client("redshift-serverless", region="eu-west-1"),
        box.client("redshift-serverless", account=sandbox.ONEMATA_ACCOUNT),
    ]
    assert [each.list_workgroups()["workgroups"] for each in elsewhere] == [[], []]


def test_rights_are_on_ids_and_every_role_that_stays_must_be_passed(serverless: Any, box: Sandbox) -> None:
    update = allow("redshift-serverless:UpdateNamespace", on=NAMESPACE_ARN)

    def may(name: str, *passed: str, **condition: Any) -> Any:
        passing = [allow("iam:PassRole", on=each, **condition) for each in passed]
        look_at = allow("redshift-serverless:GetNamespace", on=NAMESPACE_ARN)
        return user(box, update, look_at, *passing, name=name).client("redshift-serverless")

    only_ours = may("only-ours", OURS)
    assert look(only_ours)["namespaceName"] == sandbox.NAMESPACE
    assert refused(only_ours.get_workgroup, workgroupName=sandbox.SERVERLESS_WORKGROUP)[0] == "AccessDeniedException"
    assert refused(only_ours.list_namespaces)[0] == "AccessDeniedException"
    both = {"iamRoles": [THEIRS, OURS], "defaultIamRoleArn": THEIRS}
    code, said = refused(only_ours.update_namespace, **NAME, **both)
    assert code == "AccessDeniedException"
    assert f"iam:PassRole on resource: {THEIRS}" in said
    to_clusters = may("to-clusters", "*", StringEquals={"iam:PassedToService": "redshift.amazonaws.com"})
    assert refused(to_clusters.update_namespace, **NAME, **both)[0] == "AccessDeniedException"
    may("both", OURS, THEIRS).update_namespace(**NAME, **both)
