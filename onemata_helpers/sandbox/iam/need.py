"""The permissions that a call needs: the terms, and what several services share.

The actions, resources and condition keys are those of the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..wire.incoming_call import IncomingCall
from .conditions import Context
from .policy_engine import Request, ResourceSide


@dataclass(frozen=True)
class Need:
    """A permission that the caller must have, and the resource's side where it has a say."""

    request: Request
    owner: ResourceSide | None = None


def need(action: str, resource: str = "*", context: Context | None = None) -> Need:
    """A need of the caller's own policies only."""
    return Need(Request(action, resource, context or {}))


def own_action(call: IncomingCall) -> str:
    """The action that bears the operation's name."""
    return f"{call.service}:{call.operation}"


def regional_arn(call: IncomingCall, service: str, resource: str) -> str:
    """The ARN of a resource in the call's account and region."""
    return f"arn:aws:{service}:{call.region}:{call.account}:{resource}"


def pass_role(role_arn: str, service: str) -> Need:
    """The right to hand a role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return need("iam:PassRole", role_arn, {"iam:PassedToService": (service,)})


def request_tags(call: IncomingCall) -> Context:
    """The condition keys of the tags that the call would set."""
    tags = call.get("Tags")
    if not isinstance(tags, list):
        return {}
    pairs = {tag["Key"]: tag.get("Value", "") for tag in tags}
    return tag_keys("aws:RequestTag", pairs.items()) | {"aws:TagKeys": tuple(pairs)}


def tag_keys(prefix: str, tags: Iterable[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """A condition key for each tag, such as `aws:ResourceTag/owner`."""
    return {f"{prefix}/{key}": (str(value),) for key, value in tags}
