"""A policy that many accounts share, like that of a bucket: what of it concerns one of them.

In the sandbox it may name a thousand clients, and each request is weighed against it.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .policy_engine import Policy

_ACCOUNT = re.compile(r"(?:arn:aws[\w-]*:(?:iam|sts)::)?(\d{12})(?::.*)?")
_EVERYBODY = ""


def concerning(account: str, policy: str | bytes) -> Policy:
    """The policy without the statements that name only principals of other accounts."""
    by_account = _by_account(policy)
    return {"Statement": [*by_account.get(_EVERYBODY, ()), *by_account.get(account, ())]}


@lru_cache(maxsize=16)
def _by_account(policy: str | bytes) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    statements = json.loads(policy)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for account in _named(statement.get("Principal")):
            found[account].append(statement)
    return found


def _named(principal: Any) -> set[str]:
    """The accounts that a statement names; everybody's, if it may be about others, too."""
    if not isinstance(principal, dict) or set(principal) != {"AWS"}:
        return {_EVERYBODY}
    names = principal["AWS"] if isinstance(principal["AWS"], list) else [principal["AWS"]]
    matches = [_ACCOUNT.fullmatch(str(name)) for name in names]
    return {match[1] for match in matches if match} if all(matches) else {_EVERYBODY}
