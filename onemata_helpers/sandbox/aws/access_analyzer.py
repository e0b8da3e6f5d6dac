"""IAM Access Analyzer's checks of a policy document, by the sandbox's own policy engine.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/Welcome.html
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..iam.conditions import wildcard
from ..iam.policy_grammar import Flaw, flaws
from ..iam.samples import STRANGER, Sample, Statement, of_a_stranger, principals, samples, statements_of
from ..iam.signer import Signer
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from .own_services import serve

_PAGE = 50
_LEARN_MORE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    "#access-analyzer-reference-policy-checks-"
)
_ANCHORS = {"WARNING": "general-warning"}


def install() -> None:
    """Let the sandbox answer for Access Analyzer."""
    serve(
        "access-analyzer",
        {
            "ValidatePolicy": _validate,
            "CheckNoNewAccess": _no_new_access,
            "CheckAccessNotGranted": _not_granted,
            "CheckNoPublicAccess": _no_public_access,
        },
    )


def _validate(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    kind, of = call.get("policyType"), call.get("validatePolicyResourceType", "")
    if of and kind != "RESOURCE_POLICY":
        raise AwsError("ValidationException", "InvalidInput")
    found = flaws(call.get("policyDocument", ""), kind, is_trust=of == "AWS::IAM::AssumeRolePolicyDocument")
    begin = int(call.get("nextToken", 0))
    page = {"findings": [_finding(each) for each in found[begin : begin + _PAGE]]}
    more = {"nextToken": str(begin + _PAGE)} if len(found) > begin + _PAGE else {}
    return page | more


def _finding(flaw: Flaw) -> dict[str, Any]:
    anchor = _ANCHORS.get(flaw.kind, flaw.kind)
    path = [{"index": step} if isinstance(step, int) else {"value": step} for step in flaw.path]
    beginning = {"line": 1, "column": 0, "offset": 0}
    return {
        "findingType": flaw.kind,
        "issueCode": flaw.code,
        "findingDetails": flaw.text,
        "learnMoreLink": _LEARN_MORE + f"{anchor}-{flaw.code}".lower().replace("_", "-"),
        "locations": [{"path": path, "span": {"start": beginning, "end": beginning}}] if path else [],
    }


def _no_new_access(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    new, old = _statements(call, "newPolicyDocument"), _statements(call, "existingPolicyDocument")
    found = (each for each in _samples(call, [*new, *old]) if each.allowed_by(*new) and not each.allowed_by(*old))
    return _result(
        new,
        found,
        passed="The modified permissions do not grant new access compared to your existing policy.",
        failed="The modified permissions grant new access compared to your existing policy.",
        reason="New access in the statement",
    )


def _not_granted(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    policy = _statements(call, "policyDocument")
    access = dict(next(iter(call.get("access", [])), {}))
    actions, resources = access.get("actions", []), access.get("resources", [])
    if not actions and not resources:
        raise AwsError("ValidationException", "The access must name actions or resources.")
    what = "actions or resources" if resources else "actions"
    asked = {"Action": actions, "Resource": resources}
    found = (
        each
        for each in _samples(call, [*policy, asked])
        if _among(each.request.action.lower(), [action.lower() for action in actions])
        and _among(each.request.resource, resources)
        and each.allowed_by(*policy)
    )
    return _result(
        policy,
        found,
        passed=f"The policy document does not grant access to perform one or more of the listed {what}.",
        failed=f"The policy document grants access to perform one or more of the listed {what}.",
        reason=f"One or more of the listed {what} in the statement",
    )


def _no_public_access(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    policy = _statements(call, "policyDocument")
    found = (each for each in samples(of_a_stranger(policy), [STRANGER]) if each.allowed_by(*policy))
    return _result(
        policy,
        found,
        passed="The resource policy does not grant public access for the given resource type.",
        failed="The resource policy grants public access for the given resource type.",
        reason="Public access granted in the following statement",
    )


def _statements(call: IncomingCall, parameter: str) -> list[Statement]:
    """The statements of a document that the call names. Raises AWS's error for one that is not well formed."""
    text = call.get(parameter, "")
    kind = call.get("policyType", "RESOURCE_POLICY")
    errors = [each.text for each in flaws(text, kind, is_trust=True) if each.kind == "ERROR"]
    if errors:
        raise AwsError("InvalidParameterException", f"The policy document is not valid: {errors[0]}")
    return statements_of(json.loads(text))


def _samples(call: IncomingCall, statements: list[Statement]) -> Iterable[Sample]:
    return samples(statements, principals(statements) if call.get("policyType") == "RESOURCE_POLICY" else [None])


def _among(value: str, patterns: list[str]) -> bool:
    return not patterns or any(wildcard(pattern, value) for pattern in patterns)


def _result(
    policy: list[Statement], found: Iterable[Sample], *, passed: str, failed: str, reason: str
) -> Mapping[str, Any]:
    """`found` are requests that must not be allowed; each statement that allows one of them is a reason."""
    try:
        indices = {index for sample in found for index, each in enumerate(policy) if sample.allowed_by(each)}
    except (ValueError, RecursionError) as error:
        raise AwsError("UnprocessableEntityException", f"The sandbox cannot sample this: {error}", 422) from error
    if not indices:
        return {"result": "PASS", "message": passed}
    reasons = [_reason(reason, index, policy[index].get("Sid")) for index in sorted(indices)]
    return {"result": "FAIL", "message": failed, "reasons": reasons}


def _reason(words: str, index: int, sid: str | None) -> dict[str, Any]:
    place = f"sid: {sid}" if sid else f"index: {index}"
    return {"description": f"{words} with {place}.", "statementIndex": index} | ({"statementId": sid} if sid else {})
