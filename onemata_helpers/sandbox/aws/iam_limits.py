"""IAM's quotas, and the forms of tags and statements, of which moto checks only some.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from ..iam.signer import iam
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall

TAG_QUOTA = 50
INLINE_QUOTA = {"Role": 10_240, "User": 2_048, "Group": 5_120}
"""Characters of all inline policies of one holder, without white space."""

TRUST_QUOTA = 2_048
ATTACHED_QUOTA = 10

_SID = re.compile(r"[A-Za-z0-9]*")
_TRUSTS = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}


def check(call: IncomingCall) -> None:
    """Raise IAM's error for a call that moto would let pass."""
    if call.get("Tags"):
        _check_tags(call)
    if parameter := _TRUSTS.get(call.operation):
        _check_trust(call.get(parameter, ""))
    for kind in INLINE_QUOTA:
        if call.operation == f"Put{kind}Policy":
            _check_inline(kind, call)
        if call.operation == f"Attach{kind}Policy":
            _check_attached(kind, call)


def _check_tags(call: IncomingCall) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html"""
    for tag in call.get("Tags"):
        if not all(_may_be_in_a_tag(character) for character in tag["Key"] + tag["Value"]):
            text = r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*"
            raise AwsError(
                "ValidationError", f"1 validation error detected: a tag failed to satisfy constraint: {text}"
            )
    holders = (_holder(kind, call) for kind in ("InstanceProfile", "Role", "User"))
    there = {tag["Key"] for holder in holders for tag in getattr(holder, "tags", None) or ()}
    if len(there | {tag["Key"] for tag in call.get("Tags")}) > TAG_QUOTA:
        raise _exceeded(f"The number of tags has reached the maximum limit: {TAG_QUOTA}.")


def _may_be_in_a_tag(character: str) -> bool:
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LNZ"


def _check_trust(text: str) -> None:
    _statements(text)
    if _size(text) > TRUST_QUOTA:
        raise _exceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_QUOTA}")


def _check_inline(kind: str, call: IncomingCall) -> None:
    text, holder = call.get("PolicyDocument", ""), _holder(kind, call)
    if any("Principal" in statement or "NotPrincipal" in statement for statement in _statements(text)):
        raise AwsError("MalformedPolicyDocument", "Policy document should not specify a principal.")
    others = [t for name, t in holder.policies.items() if name != call.get("PolicyName")] if holder else []
    if sum(map(_size, [text, *others])) > INLINE_QUOTA[kind]:
        name = call.get(f"{kind}Name")
        raise _exceeded(f"Maximum policy size of {INLINE_QUOTA[kind]} bytes exceeded for {kind.lower()} {name}")


def _check_attached(kind: str, call: IncomingCall) -> None:
    holder = _holder(kind, call)
    if holder and len({*holder.managed_policies, call.get("PolicyArn")}) > ATTACHED_QUOTA:
        raise _exceeded(f"Cannot exceed quota for PoliciesPer{kind}: {ATTACHED_QUOTA}")


def _statements(text: str) -> list[Mapping[str, Any]]:
    """The statements, with Sids in order; none of what is no policy at all, which moto refuses.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    try:
        found = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError):
        return []
    statements: list[Mapping[str, Any]] = [
        one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)
    ]
    if not all(_SID.fullmatch(str(one.get("Sid", ""))) for one in statements):
        text = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
        raise AwsError("MalformedPolicyDocument", f"{text} [0-9A-Za-z]*")
    return statements


def _size(text: str) -> int:
    return len("".join(text.split()))


def _holder(kind: str, call: IncomingCall) -> Any:
    """The role, user, group or instance profile that the call names, if it is there."""
    backend, name = iam(call.account), call.get(f"{kind}Name")
    entities: dict[str, Iterable[Any]] = {
        "Role": backend.get_roles(),
        "User": backend.users.values(),
        "Group": backend.groups.values(),
        "InstanceProfile": backend.get_instance_profiles(),
    }
    return next((one for one in entities[kind] if one.name == name), None)


def _exceeded(text: str) -> AwsError:
    return AwsError("LimitExceeded", text, 409)
