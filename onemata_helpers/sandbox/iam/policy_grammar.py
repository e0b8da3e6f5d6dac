"""What is wrong with a policy document by IAM's grammar, and a few things that AWS advises against.

A small part of AWS's list, with its codes and texts:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.iam.policy_validation import VALID_CONDITIONS, VALID_EFFECTS, VALID_STATEMENT_ELEMENTS, VALID_VERSIONS

from .conditions import many, wildcard

Path = tuple[str | int, ...]

_TEXTS = {
    "ERROR": {
        "JSON_SYNTAX_ERROR": "Fix the JSON syntax error.",
        "INVALID_POLICY_ELEMENT": "The policy element {element} is not valid.",
        "INVALID_VERSION": "The version {version} is not valid. Use one of the following versions: {versions}",
        "MISSING_STATEMENT": "Add a statement to the policy",
        "MISSING_EFFECT": "Add an Effect element to the policy statement with a value of Allow or Deny.",
        "INVALID_EFFECT": "The effect {effect} is not valid. Use Allow or Deny.",
        "MISSING_ACTION": "Add an Action or NotAction element to the policy statement.",
        "MISSING_RESOURCE": "Add a Resource or NotResource element to the policy statement.",
        "MISSING_PRINCIPAL": "Add a Principal element to the policy statement.",
        "UNSUPPORTED_PRINCIPAL": "The policy type {type} does not support the Principal element. Remove the Principal "
        "element.",
        "UNSUPPORTED_ELEMENT_COMBINATION": "The policy elements {one} and {other} can not be used in the same "
        "statement. Remove one of these elements.",
        "UNSUPPORTED_SID": "Update the characters in the Sid element to use one of the following character types: "
        "[a-z, A-Z, 0-9]",
        "UNIQUE_SIDS_REQUIRED": "Duplicate statement IDs are not supported for this policy type. Update the Sid value.",
        "INVALID_ACTION": "The action {action} does not exist.",
        "INVALID_CONDITION_OPERATOR": "The condition operator {operator} is not valid. Use a valid condition operator.",
        "INVALID_ARN_PREFIX": "Add the required prefix (arn) to the resource ARN.",
    },
    "SECURITY_WARNING": {
        "ALLOW_WITH_NOT_PRINCIPAL": "Using Allow with NotPrincipal can be overly permissive. We recommend that you use "
        "Principal instead.",
        "PASS_ROLE_WITH_STAR_IN_RESOURCE": "Using the iam:PassRole action with wildcards (*) in the resource can be "
        "overly permissive because it allows iam:PassRole permissions on multiple resources. We recommend that you "
        "specify resource ARNs or add the iam:PassedToService condition key to your statement.",
        "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": "Using wildcards (*) in the action and the resource can be "
        "overly permissive because it allows iam:PassRole permissions on all resources. We recommend that you specify "
        "resource ARNs or add the iam:PassedToService condition key to your statement.",
    },
    "WARNING": {
        "MISSING_VERSION": "We recommend that you specify the Version element to help you with debugging permission "
        "issues.",
    },
    "SUGGESTION": {"EMPTY_SID_VALUE": "Add a value to the empty string in the Sid element."},
}
_KINDS = {code: kind for kind, texts in _TEXTS.items() for code in texts}
# By its form alone: which actions there are, only AWS knows.
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+")


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: its code, its text, and where in the document it is."""

    code: str
    text: str
    path: Path = ()

    @property
    def kind(self) -> str:
        """Its type, such as ERROR."""
        return _KINDS[self.code]


def flaws(text: str, policy_type: str, *, is_trust: bool = False) -> list[Flaw]:
    """What is wrong with a policy of an identity, or of a resource; a role's trust names no resource."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        return [_flaw("JSON_SYNTAX_ERROR")]
    return [*_of_policy(policy), *_of_statements(policy, policy_type, is_trust=is_trust)]


def _flaw(code: str, *path: str | int, **gaps: Any) -> Flaw:
    return Flaw(code, _TEXTS[_KINDS[code]][code].format(**gaps), path)


def _of_policy(policy: Mapping[str, Any]) -> Iterator[Flaw]:
    for element in sorted(policy.keys() - {"Version", "Id", "Statement"}):
        yield _flaw("INVALID_POLICY_ELEMENT", element, element=element)
    if "Version" not in policy:
        yield _flaw("MISSING_VERSION")
    elif policy["Version"] not in VALID_VERSIONS:
        yield _flaw("INVALID_VERSION", "Version", version=policy["Version"], versions=", ".join(VALID_VERSIONS))


def _of_statements(policy: Mapping[str, Any], policy_type: str, *, is_trust: bool) -> Iterator[Flaw]:
    found = policy.get("Statement", [])
    statements = found if isinstance(found, list) else [found]
    if not statements:
        yield _flaw("MISSING_STATEMENT")
    sids = [each.get("Sid") for each in statements if isinstance(each, dict)]
    for index, each in enumerate(statements):
        place = ("Statement", index)
        if not isinstance(each, dict):
            yield _flaw("JSON_SYNTAX_ERROR", *place)
            continue
        found_here = (*_of_elements(each), *_of_values(each), *_of_passing_roles(each))
        for flaw in (*found_here, *_of_whom(each, policy_type, is_trust=is_trust)):
            yield Flaw(flaw.code, flaw.text, (*place, *flaw.path))
        if policy_type == "IDENTITY_POLICY" and each.get("Sid") and sids.count(each["Sid"]) > 1:
            yield _flaw("UNIQUE_SIDS_REQUIRED", *place, "Sid")


def _of_elements(statement: Mapping[str, Any]) -> Iterator[Flaw]:
    for element in sorted(statement.keys() - set(VALID_STATEMENT_ELEMENTS)):
        yield _flaw("INVALID_POLICY_ELEMENT", element, element=element)
    for element in ("Action", "Resource", "Principal"):
        if element in statement and f"Not{element}" in statement:
            yield _flaw("UNSUPPORTED_ELEMENT_COMBINATION", element, one=element, other=f"Not{element}")
    if "Effect" not in statement:
        yield _flaw("MISSING_EFFECT")
    elif statement["Effect"] not in VALID_EFFECTS:
        yield _flaw("INVALID_EFFECT", "Effect", effect=statement["Effect"])
    if not {"Action", "NotAction"} & statement.keys():
        yield _flaw("MISSING_ACTION")
    if statement.get("Sid") == "":
        yield _flaw("EMPTY_SID_VALUE", "Sid")
    elif not re.fullmatch(r"[A-Za-z0-9]*", str(statement.get("Sid", ""))):
        yield _flaw("UNSUPPORTED_SID", "Sid")


def _of_values(statement: Mapping[str, Any]) -> Iterator[Flaw]:
    actions, resources = many(statement.get("Action", [])), many(statement.get("Resource", []))
    for index, action in enumerate(actions):
        if not _ACTION.fullmatch(action):
            yield _flaw("INVALID_ACTION", "Action", index, action=action)
    for index, resource in enumerate(resources):
        if resource != "*" and not resource.startswith("arn:"):
            yield _flaw("INVALID_ARN_PREFIX", "Resource", index)
    for operator in statement.get("Condition", {}):
        if operator.rpartition(":")[2].removesuffix("IfExists") not in VALID_CONDITIONS:
            yield _flaw("INVALID_CONDITION_OPERATOR", "Condition", operator, operator=operator)


def _of_passing_roles(statement: Mapping[str, Any]) -> Iterator[Flaw]:
    passing = [each for each in many(statement.get("Action", [])) if wildcard(each.lower(), "iam:passrole")]
    limits = {key.lower() for tests in statement.get("Condition", {}).values() for key in tests}
    if statement.get("Effect") != "Allow" or not passing or "iam:passedtoservice" in limits:
        return
    if any("*" in each for each in many(statement.get("Resource", []))):
        spelled = all("*" not in each for each in passing)
        code = "PASS_ROLE_WITH_STAR_IN_RESOURCE" if spelled else "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"
        yield _flaw(code, "Resource")


def _of_whom(statement: Mapping[str, Any], policy_type: str, *, is_trust: bool) -> Iterator[Flaw]:
    named = {"Principal", "NotPrincipal"} & statement.keys()
    if policy_type == "IDENTITY_POLICY" and named:
        yield _flaw("UNSUPPORTED_PRINCIPAL", *sorted(named), type=policy_type)
    if policy_type == "RESOURCE_POLICY" and not named:
        yield _flaw("MISSING_PRINCIPAL")
    if not is_trust and not {"Resource", "NotResource"} & statement.keys():
        yield _flaw("MISSING_RESOURCE")
    if statement.get("Effect") == "Allow" and "NotPrincipal" in statement:
        yield _flaw("ALLOW_WITH_NOT_PRINCIPAL", "NotPrincipal")
