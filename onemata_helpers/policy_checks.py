"""What IAM Access Analyzer says of the policies that a plan writes, and of those that it hands over to Onemata.

It is asked while a plan is made, and it fails none: what cannot be had is not provable from here. But a plan is blocked
where AWS calls a part of our own words an error, and where they give what they must never give.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-validation.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import who_acts
from .location import Location
from .parameters import ServiceParameters
from .plan import Change, Finding, Plan
from .resources.access_analyzer import API, VALIDATE, Analyzer
from .resources.base import Look, Permission
from .services.base import SCOPED_POLICY, Service
from .written_policies import TRUST, WrittenPolicy, written_policies

_VALIDATES = Permission(("access-analyzer:ValidatePolicy",))
_CHECKS = Permission(
    (
        "access-analyzer:CheckAccessNotGranted",
        "access-analyzer:CheckNoNewAccess",
        "access-analyzer:CheckNoPublicAccess",
    )
)
# What is special to the policies of other things is not validated.
_VALIDATED_AS = ("AWS::S3::Bucket", TRUST)
WRITES = [
    f"s3:{action}"
    for action in (
        "PutObject", "PutObjectAcl", "DeleteObject", "DeleteObjectVersion", "RestoreObject", "ReplicateObject",
        "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutLifecycleConfiguration", "DeleteBucket",
    )
]  # fmt: skip
_WHO = (
    "the engineer sends the record to Onemata, whose runbook wrote the policy; if it is AWS that errs, "
    "policy_checks: none leaves Access Analyzer out"
)


def permissions(parameters: ServiceParameters) -> tuple[Permission, ...]:
    """What asking takes. AWS knows no resources for these actions.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamaccessanalyzer.html
    """
    return {"none": (), "free": (_VALIDATES,), "all": every_permission()}[parameters.policy_checks]


def every_permission() -> tuple[Permission, ...]:
    """What asking may take under any parameters."""
    return _VALIDATES, _CHECKS


@dataclass(frozen=True)
class _Question:
    """What is asked of a policy; with `must_pass`, the plan is blocked if it does not."""

    words: str
    operation: str
    arguments: dict[str, Any]
    must_pass: bool = True


class PolicyChecks:
    """The checks of one run. No question is asked twice in it, so no check is billed twice."""

    def __init__(self, service: Service[Any]) -> None:
        self._service = service
        self._checks = service.parameters.policy_checks
        self._analyzer = Analyzer()

    @property
    def apis(self) -> tuple[str, ...]:
        """The AWS services that are called."""
        return () if self._checks == "none" else (API,)

    def on(self, plan: Plan, look: Look) -> Plan:
        """The plan, with what Access Analyzer says of its policies. `look` is the one that it was made of.

        Nothing is asked of a plan that only looks, or that takes away.
        """
        if self._checks == "none" or plan.action not in ("plan", "apply"):
            return plan
        self._analyzer.begin()
        findings: list[Finding] = []
        blocked: list[Change] = []
        for policy in written_policies(plan, look):
            faults = []
            for question in self._questions(policy):
                for remark in self._analyzer.ask(look.aws, question.operation, question.arguments):
                    result, said = remark.result, remark.said
                    findings.append(Finding(about=policy.about, asked=question.words, result=result, said=said))
                    if remark.fault and question.must_pass and policy.adds(remark.statements):
                        faults.append(said)
            if faults:
                why = who_acts(f"IAM Access Analyzer does not accept it: {' '.join(faults)}", _WHO)
                blocked.append(Change(kind="blocked", resource=policy.about, step=policy.step, why=why))
        return plan.model_copy(update={"changes": (*plan.changes, *blocked), "findings": tuple(findings)})

    def _questions(self, policy: WrittenPolicy) -> Iterator[_Question]:
        arguments = {"policyDocument": policy.text, "policyType": policy.type}
        kind = {"validatePolicyResourceType": policy.of} if policy.of in _VALIDATED_AS else {}
        yield _Question("Is it valid, and as AWS advises?", VALIDATE, arguments | kind)
        if self._checks != "all":
            return
        if policy.before is not None:
            both = {"newPolicyDocument": policy.text, "existingPolicyDocument": json.dumps(policy.before)}
            words = "Does it give no more than the present one? (billed, $0.002)"
            yield _Question(words, "check_no_new_access", {**both, "policyType": policy.type}, must_pass=False)
        if policy.name == self._service.delivery.policy_name(SCOPED_POLICY):
            for words, access in self._never_granted().items():
                asked = f"{words} (billed, $0.002)"
                yield _Question(asked, "check_access_not_granted", {**arguments, "access": [access]})
        if policy.handed_over:
            public = {"policyDocument": policy.text, "resourceType": policy.of}
            yield _Question("Does it keep the public out? (billed, $0.002)", "check_no_public_access", public)

    def _never_granted(self) -> dict[str, dict[str, list[str]]]:
        """What read access to Onemata's bucket and prefix must never give, each by its question."""
        p = self._service.parameters
        others = [Location(p.bucket, p.denied_prefix).objects_arn(p.partition)] if p.denied_prefix else []
        if p.denied_bucket:
            other = Location(p.denied_bucket)
            others += [other.bucket_arn(p.partition), other.objects_arn(p.partition)]
        never = {"Does it give no right to write?": {"actions": WRITES}}
        outside = {"Does it keep out of denied_prefix and denied_bucket?": {"resources": others}}
        return never | outside if others else never
