"""Makes roles, users, groups and policies in moto's IAM by their ARNs, where nothing of that name is yet."""

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.models import Group, IAMBackend, Role, User, iam_backends

from . import world
from .keys import Key
from .policies import document


def ensure_role(arn: str, trust: dict[str, Any], description: str) -> Role:
    """The role of this name, which is made with no policies if there is none."""
    iam, path, name = _taken_apart(arn)
    there = next((role for role in iam.get_roles() if role.name == name), None)
    return there or iam.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps(trust),
        path=path,
        permissions_boundary=None,
        description=description,
        tags=[],
        max_session_duration="3600",
    )


def ensure_holder(arn: str, trust: dict[str, Any], description: str) -> Role | User | Group:
    """The user, group or role of the client's own with this name, which is made with no rights if there is none."""
    iam, path, name = _taken_apart(arn)
    kind = arn.split(":")[5].split("/")[0]
    if kind == "user":
        return iam.users.get(name) or iam.create_user(iam.region_name, name, path)
    if kind == "group":
        return iam.groups.get(name) or iam.create_group(name, path)
    return ensure_role(arn, trust, description)


def ensure_policy(arn: str) -> None:
    """A managed policy that allows everything, as a boundary that is in nobody's way."""
    iam, path, name = _taken_apart(arn)
    if arn not in iam.managed_policies:
        everything = json.dumps(document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
        iam.create_policy("The client's own", path, everything, name, [])


def ensure_operator(key: Key, policy: Mapping[str, Any]) -> None:
    """The operator in the key's account, who may do what the policy says.

    It is a managed policy, as an admin would make of it: a user's inline policies hold 2,048 characters.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    iam = iam_backends[key.account]["aws"]
    if world.OPERATOR not in iam.users:
        access_key = iam.create_user(iam.region_name, world.OPERATOR).create_access_key(prefix="AKIA")
        access_key.access_key_id, access_key.secret_access_key = key.id, key.secret
        iam.access_keys[key.id] = access_key
    arn = f"arn:aws:iam::{key.account}:policy/{world.OPERATOR}"
    if arn in iam.managed_policies:
        iam.detach_user_policy(arn, world.OPERATOR)
        iam.delete_policy(arn)
    iam.create_policy("What the operator may do", "/", json.dumps(policy), world.OPERATOR, [])
    iam.attach_user_policy(arn, world.OPERATOR)


def _taken_apart(arn: str) -> tuple[IAMBackend, str, str]:
    """The IAM that the ARN belongs to, path and name."""
    _, _, _, _, account, resource = arn.split(":", 5)
    path, _, name = resource.partition("/")[2].rpartition("/")
    return iam_backends[account]["aws"], f"/{path}/" if path else "/", name
