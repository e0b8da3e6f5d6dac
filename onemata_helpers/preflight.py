"""What this operator may not do of all that the run may need: IAM's simulator is asked after signing in.

It fails no sign-in: what cannot be had is not provable from here. The simulator knows identity policies, boundaries
and, in part, an organization's policies; it knows no session policy, and no policy of a resource. So it errs on both
sides. What it calls allowed can still be refused. What it calls denied counts only where nothing that it cannot see
could allow it: then a run that needs it changes nothing, which costs a second run and the client nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from .errors import AwsRefused, OnemataError, PlanBlocked, who_acts
from .parameters import ServiceParameters
from .permitted import Missing, Permitted, Preflight
from .plan import Plan
from .plan_needs import missing
from .policies import Document, document
from .refusal import DENIED_BY, as_refusal
from .resources.base import Look, Permission
from .resources.role_state import role
from .resources.simulation import ANYTHING, SIMULATE, Simulated, simulate
from .session import Aws, Identity
from .text import counted, one_line

_TO_ADD = "the client's admin adds it to the operator's policies, as the statement that is shown with it"
# The region in which IAM works, by partition: policies know it as aws:RequestedRegion of each call.
# https://docs.aws.amazon.com/general/latest/gr/iam-service.html
_IAM_REGION = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_TAGGING = re.compile(r"\w[\w-]*:(Create|Tag)")
# What can be allowed by a policy of the thing itself, which the simulator does not know.
_OTHERWISE_ALLOWED = re.compile(
    r"sts:AssumeRole .*|\S+ arn:[^:]+:(secretsmanager:.*|glue:[^:]*:[^:]*:(catalog|(database|table|userDefined).*))"
)

Pair = tuple[Permission, str, str]
"""An action on a resource, and the permission that they are of."""


def permissions(parameters: ServiceParameters) -> tuple[Permission, ...]:
    """What asking takes: for the operator's own user or role, as far as it is known before.

    The path of an SSO role is known to IAM only, and a session does not tell it.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    p = parameters
    here = f"arn:{p.partition}:iam::{p.account_id}"
    if not p.preflight:
        return ()
    if p.operator_role_arn:
        return (Permission((SIMULATE,), (p.operator_role_arn,)),)
    users = (f"{here}:user/${{aws:username}}", f"{here}:user/*/${{aws:username}}")
    sso = Permission(("iam:GetRole",), (f"{here}:role/aws-reserved/sso.amazonaws.com/*",))
    return Permission((SIMULATE,), (f"{here}:role/*", *users)), sso


class PermissionChecks:
    """What `needed` the operator is allowed of, asked once after signing in, and of what is missing again."""

    def __init__(self, parameters: ServiceParameters, needed: Iterable[Permission]) -> None:
        self._parameters = parameters
        self._pairs = [
            (each, action, resource) for each in needed for action in each.actions for resource in each.resources
        ]
        self._found = Preflight()

    def ask(self, aws: Aws) -> Preflight:
        """What the simulator says of all of it. Raises nothing that AWS answers."""
        if not self._parameters.preflight:
            return self._found
        source = ""
        try:
            source = _source(aws, self._parameters.operator_role_arn)
            permitted = self._asked(aws, source, self._pairs)
            self._found = Preflight(asked_of=source, permitted=tuple(permitted))
        except OnemataError as error:
            self._found = Preflight(asked_of=source, untold=one_line(str(error)))
        return self._found

    def on(self, plan: Plan) -> Plan:
        """The plan, with what is missing of what it needs."""
        return plan.model_copy(update={"missing": missing(plan, self._found.permitted)})

    def refuse(self, aws: Aws, plan: Plan) -> None:
        """Raise PlanBlocked if what the plan needs is missing now: the client's admin may have given it since."""
        if not plan.missing:
            return
        again = {(each.permission.action, each.permission.resource) for each in plan.missing}
        pairs = [pair for pair in self._pairs if pair[1:] in again]
        try:
            permitted: Iterable[Permitted] = self._asked(aws, self._found.asked_of, pairs)
        except OnemataError:
            permitted = self._found.permitted
        if still := missing(plan, permitted):
            raise PlanBlocked(_blocked(still))

    def _asked(self, aws: Aws, source: str, pairs: Sequence[Pair]) -> list[Permitted]:
        """As few calls as may be: one for all that has the same condition keys, and one for what has no resource."""

        def together(pair: Pair) -> tuple[str, bool]:
            return json.dumps(self._context(aws.identity, source, pair[1])), pair[2] == ANYTHING

        found: list[Permitted] = []
        for (context, _), group in groupby(sorted(pairs, key=together), key=together):
            own = dict(key for pair in pairs for key in _own_keys(aws.identity, pair[0], self._parameters.partition))
            found += _permitted(aws, source, json.loads(context) | own, list(group))
        return list(dict.fromkeys(found))

    def _context(self, who: Identity, source: str, action: str) -> dict[str, str]:
        """The condition keys of a call that are known before it is made, as far as policies often ask for them.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        p = self._parameters
        by_iam = action.startswith("iam:")
        context = {
            "aws:PrincipalArn": source,
            "aws:RequestedRegion": _IAM_REGION[p.partition] if by_iam else p.region,
            "aws:SecureTransport": "true",
            "aws:userid": who.user_id,
        }
        if ":user/" in source:
            context["aws:username"] = source.rpartition("/")[2]
        if _TAGGING.match(action):
            context |= {f"aws:RequestTag/{key}": value for key, value in p.tags.items()}
        if by_iam and p.permissions_boundary_arn:
            context["iam:PermissionsBoundary"] = p.permissions_boundary_arn
        return context


def to_add(permitted: Iterable[Permitted]) -> Document | None:
    """The statements that the client's admin adds; None where adding one ends no denial."""
    adding = sorted((each.condition, each.resource, each.action) for each in permitted if each.addable)
    by_actions: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (condition, resource), each in groupby(adding, key=lambda one: one[:2]):
        by_actions.setdefault((condition, tuple(action for *_, action in each)), []).append(resource)
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": resources} | _condition(condition)
        for (condition, actions), resources in by_actions.items()
    ]
    return document(*statements) if statements else None


def _condition(condition: tuple[str, ...]) -> dict[str, Any]:
    if not condition:
        return {}
    operator, key, *values = condition
    return {"Condition": {operator: {key: values}}}


def _source(aws: Aws, role_arn: str) -> str:
    """The user or role whose policies are looked at. Raises AwsRefused if nobody can tell who that is.

    A session's ARN lacks the role's path. If IAM does not tell it, the role may have none: a name is unique in an
    account, so the simulator finds no other role by it.
    """
    who = aws.identity
    kind, *names = who.arn.split(":")[5].split("/")
    if kind == "user":
        return who.arn
    if kind != "assumed-role":
        raise AwsRefused(
            who_acts(
                f"IAM's simulator knows users and roles, and {who.arn} is neither",
                "nobody has to; with a role (operator_role_arn) it could be told",
            )
        )
    if role_arn.rpartition("/")[2] == names[0]:
        return role_arn
    try:
        with as_refusal("iam:GetRole", aws.where):
            found = role(Look(aws), names[0])
    except AwsRefused:
        found = None
    return found.arn if found else f"arn:{who.partition}:iam::{who.account}:role/{names[0]}"


def _own_keys(who: Identity, permission: Permission, partition: str) -> Iterable[tuple[str, str]]:
    """The condition keys that the permission's own condition asks for.

    No other action knows them, so they may be told with all. What a workgroup's role is passed as, AWS does not say.
    """
    if permission.owner_key:
        yield permission.owner_key, who.user_id
    if permission.passed_to and permission.condition[0] == "StringEquals":
        end = ".cn" if (permission.passed_to, partition) == ("ec2", "aws-cn") else ""
        yield "iam:PassedToService", f"{permission.passed_to}.amazonaws.com{end}"


def _permitted(aws: Aws, source: str, context: Mapping[str, str], pairs: Sequence[Pair]) -> list[Permitted]:
    """The verdicts on pairs that are asked together. What AWS does not take is looked for by halves.

    Raises OnemataError if the simulator cannot be asked at all.
    """
    actions, resources = (list(dict.fromkeys(names)) for names in zip(*(pair[1:] for pair in pairs), strict=True))
    try:
        with as_refusal(f"{SIMULATE} on {source}", aws.where):
            said = simulate(aws, source, actions, resources, context)
    except AwsRefused as error:
        if not isinstance(error.__cause__, aws.client("iam").exceptions.InvalidInputException):
            raise
        if len(pairs) == 1:
            return [_verdict(pairs[0], one_line(str(error)))]
        half = len(pairs) // 2
        return [each for part in (pairs[:half], pairs[half:]) for each in _permitted(aws, source, context, part)]
    return [_verdict(pair, said[pair[1], pair[2]]) for pair in pairs]


def _verdict(pair: Pair, said: Simulated | str) -> Permitted:
    permission, action, resource = pair
    known: dict[str, Any] = {"action": action, "resource": resource, "condition": permission.condition}
    if isinstance(said, str):
        return Permitted(verdict="not provable from here", why=said, **known)
    if said.decision == "allowed":
        return Permitted(verdict="allowed", **known)
    if untold := _untold(action, resource, said):
        return Permitted(verdict="not provable from here", why=untold, **known)
    if said.decision == "explicitDeny":
        why = who_acts("A policy of the operator's denies it", DENIED_BY["explicit deny"])
        return Permitted(verdict="denied", why=why, **known)
    if not said.by_boundary:
        why = who_acts("The operator's permissions boundary does not allow it", DENIED_BY["permissions boundary"])
        return Permitted(verdict="denied", why=why, **known)
    return Permitted(verdict="denied", why=who_acts("No policy allows it", _TO_ADD), addable=True, **known)


def _untold(action: str, resource: str, said: Simulated) -> str:
    """Why a denial is not certain; empty if it is.

    Of an organization's policies the simulator says `denied` where AWS allows the same call every day:
    https://github.com/aws/aws-sdk/issues/102
    """
    if not said.by_organization:
        return "The simulator sees a service control policy of the organization in its way, and errs about these."
    if said.untold:
        return f"The operator's policies ask for what only the call itself tells: {', '.join(said.untold)}."
    if said.decision == "explicitDeny":
        return ""
    if "*" in resource and resource != ANYTHING:
        return "It is not allowed on all of these; on the one that the run needs it may be."
    if _OTHERWISE_ALLOWED.fullmatch(f"{action} {resource}"):
        return "No policy of the operator's allows it. A policy of the thing itself may."
    return ""


def _blocked(still: Sequence[Missing]) -> str:
    lines = [f"Nothing was done: the operator lacks {counted(len(still), 'permission')} that the plan needs."]
    for why in dict.fromkeys(each.permission.why for each in still):
        lacking = [each for each in still if each.permission.why == why]
        lines += [
            f"  - {each.permission.action} on {each.permission.resource}, for {', '.join(each.needed_for)}"
            for each in lacking
        ]
        lines.append(why)
    statements = to_add(each.permission for each in still)
    lines += [json.dumps(statements["Statement"])] if statements else []
    lines.append("If IAM's simulator errs, the engineer sets preflight: false, and the run finds out by trying.")
    return "\n".join(lines)
