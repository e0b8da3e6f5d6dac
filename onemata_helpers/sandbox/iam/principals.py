"""Whether the principals that a trust or bucket policy names can be named.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import re
from collections.abc import Iterator
from typing import Any

from ..state import state
from .conditions import many
from .policy_engine import Policy
from .signer import find_role, iam

_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_ACCOUNT = re.compile(r"\d{12}|arn:aws[\w-]*:iam::\d{12}:root")
_ENTITY = re.compile(r"arn:aws[\w-]*:(iam::(?P<account>\d{12}):(user|role)|sts::\d{12}:[\w-]+)/.+")


def invalid_principal(policy: Policy) -> str | None:
    """AWS's words for the first principal that it would refuse, or None."""
    for kind, name in _principals(policy):
        if not _exists(kind, name):
            return f'Invalid principal in policy: "{kind}":"{name}"'
    return None


def _principals(policy: Policy) -> Iterator[tuple[str, str]]:
    statements = policy["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        principal: Any = statement.get("Principal", statement.get("NotPrincipal"))
        if isinstance(principal, dict):
            yield from ((kind, name) for kind, names in principal.items() for name in many(names))
        elif principal != "*":
            yield "AWS", str(principal)


def _exists(kind: str, name: str) -> bool:
    if kind == "AWS":
        return name == "*" or _ACCOUNT.fullmatch(name) is not None or _is_entity(name)
    if kind == "Service":
        return _SERVICE.fullmatch(name) is not None
    return kind in ("Federated", "CanonicalUser")


def _is_entity(name: str) -> bool:
    """A user or role. In the sandbox's own accounts it must be there, and not just made."""
    match = _ENTITY.fullmatch(name)
    if match is None:
        return False
    account = match["account"]
    if account not in state.accounts:
        return True
    users = {user.arn for user in iam(account).users.values()}
    return name in users or (find_role(name) is not None and not state.is_new(name))
