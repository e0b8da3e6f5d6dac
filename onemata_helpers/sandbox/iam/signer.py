"""Who a caller is: from an access key to a principal with its policies, out of moto's backends."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from moto.core.utils import utcnow
from moto.iam.models import Group, IAMBackend, Role, User, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from ...sandbox_keys import account_of
from ..keys import Key
from ..policies import document
from ..state import state
from ..wire.errors import AwsError
from .policy_engine import Caller, Policy

ADMINISTRATOR = document({"Effect": "Allow", "Action": "*", "Resource": "*"})


@dataclass(frozen=True)
class Signer:
    """A caller, what its requests must be signed with, and the condition keys that tell of it."""

    caller: Caller
    secret: str
    token: str | None
    context: dict[str, tuple[str, ...]]


def identify(key_id: str, token: str | None, *, service: str) -> Signer:
    """The holder of this access key.

    Raises the service's error for a key that is unknown, inactive or expired, or that comes with
    another session token than its own.
    """
    signer = _find(key_id)
    if signer is None or signer.token != token:
        raise _unknown_key(service)
    return signer


def iam(account: str) -> IAMBackend:
    """The IAM of an account."""
    return iam_backends[account]["aws"]


def find_role(arn: str) -> Role | None:
    """The role with this ARN, in whichever account."""
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    if account not in state.accounts:
        return None
    return next((role for role in iam(account).get_roles() if role.name == name and role.arn == arn), None)


def caller_of(arn: str) -> Caller | None:
    """The user, group or role with this ARN and its policies, as the simulator looks at it."""
    account, _, name = arn.split(":")[4], *arn.rpartition("/")[1:]
    if (role := find_role(arn)) is not None:
        return Caller(account, arn, arn, _role_policies(role), _boundary(role))
    here = iam(account) if account in state.accounts else None
    user = here.users.get(name) if here else None
    if user is not None and user.arn == arn:
        return Caller(account, arn, arn, _user_policies(user), _boundary(user))
    group = here.groups.get(name) if here else None
    return Caller(account, arn, arn, tuple(_documents([group]))) if group and group.arn == arn else None


def _find(key_id: str) -> Signer | None:
    if key_id in state.admins:
        return _root(state.admins[key_id])
    account = account_of(key_id)
    if account not in state.accounts:
        return None
    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(key_id)
    if session is not None:
        return _session(account, session)
    access_key = iam(account).access_keys.get(key_id)
    if access_key and access_key.user_name and access_key.status == "Active":
        user = iam(account).users[access_key.user_name]
        return _user(account, user, access_key.secret_access_key)
    return None


def _root(key: Key) -> Signer:
    arn = f"arn:aws:iam::{key.account}:root"
    caller = Caller(key.account, arn, arn, (ADMINISTRATOR,))
    return Signer(caller, key.secret, None, _context(caller, "Account", key.account))


def _user(account: str, user: User, secret: str) -> Signer:
    caller = Caller(account, user.arn, user.arn, _user_policies(user), _boundary(user))
    context = _context(caller, "User", user.id) | {"aws:username": (user.name,)}
    return Signer(caller, secret, None, context)


def _session(account: str, session: AssumedRole) -> Signer:
    if session.expiration < utcnow():
        raise AwsError("ExpiredToken", "The security token included in the request is expired", 403)
    role = find_role(session.role_arn)
    caller = Caller(
        account,
        session.arn,
        session.role_arn,
        _role_policies(role) if role else (),
        _boundary(role) if role else None,
        json.loads(session.policy) if session.policy else None,
    )
    context = _context(caller, "AssumedRole", session.user_id)
    return Signer(caller, session.secret_access_key, session.session_token, context)


def _context(caller: Caller, kind: str, user_id: str) -> dict[str, tuple[str, ...]]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
    return {
        "aws:PrincipalArn": (caller.entity_arn,),
        "aws:PrincipalAccount": (caller.account,),
        "aws:PrincipalType": (kind,),
        "aws:userid": (user_id,),
        "aws:SecureTransport": ("true",),
        "aws:SourceIp": ("127.0.0.1",),
    }


def _user_policies(user: User) -> tuple[Policy, ...]:
    groups = [group for group in iam(user.account_id).groups.values() if user in group.users]
    return tuple(_documents([user, *groups]))


def _role_policies(role: Role) -> tuple[Policy, ...]:
    return tuple(_documents([role]))


def _documents(holders: Iterable[User | Group | Role]) -> Iterable[Policy]:
    for holder in holders:
        for inline in holder.policies.values():
            yield json.loads(inline)
        for managed in holder.managed_policies.values():
            yield _default_version(managed.arn, holder.account_id)


def _boundary(holder: Role | User) -> Policy | None:
    arn = getattr(holder, "permissions_boundary_arn", None)  # moto's users have none of their own
    return _default_version(arn, holder.account_id) if arn else None


def _default_version(arn: str, account: str) -> Policy:
    """The version in force of a managed policy; one that is gone allows nothing."""
    policy = iam(account).managed_policies.get(arn)
    if policy is None:
        return document()
    version = next(one for one in policy.versions if one.version_id == policy.default_version_id)
    loaded: Policy = json.loads(version.document)
    return loaded


def _unknown_key(service: str) -> AwsError:
    if service == "s3":
        text = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", text, 403)
    text = "The security token included in the request is invalid."
    code = {"ec2": "AuthFailure"}.get(service, "InvalidClientTokenId")
    if service not in ("iam", "sts", "redshift", "ec2"):
        code = "UnrecognizedClientException"
    return AwsError(code, text, 401 if code == "AuthFailure" else 403)
