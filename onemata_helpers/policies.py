"""IAM policy documents: build them, bring them to one form, and say how two differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from .location import Location

Document = dict[str, Any]
Statement = dict[str, Any]

VERSION = "2012-10-17"
_ACCOUNT_ROOT = re.compile(r"^arn:aws[a-z-]*:iam::(\d{12}):root$")
# These keys hold sets: one value and a list of one are the same to IAM, and order does not count.
_SETS = ("Action", "NotAction", "Resource", "NotResource")


def document(*statements: Statement) -> Document:
    """A policy document of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def service_trust(service: str, partition: str) -> Document:
    """The trust that lets an AWS service (`redshift`, `redshift-serverless`, `glue`, `ec2`) assume a role.

    In China EC2's principal ends in `.com.cn`; Redshift's and Glue's do not, as far as is known.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    domain = "amazonaws.com.cn" if partition == "aws-cn" and service == "ec2" else "amazonaws.com"
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.{domain}"},
            "Action": "sts:AssumeRole",
        }
    )


def assume_role(role_arn: str) -> Document:
    """The guide's inline policy: the holder may assume this one role."""
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role_arn})


def pass_role(role_arn: str, service: str) -> Document:
    """The holder may hand this role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return document(
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role_arn,
            "Condition": {"StringLike": {"iam:PassedToService": [f"{service}.amazonaws.com"]}},
        }
    )


def s3_read(partition: str, location: Location, kms_key_arn: str) -> Document:
    """Read access to one place, and to the KMS key that its objects are encrypted with.

    `kms_key_arn` may be empty (no SSE-KMS).
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html (s3:prefix)
    """
    arn = location.bucket_arn(partition)
    statements: list[Statement] = [
        {"Sid": "Location", "Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": arn},
        {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn} | _below(location.folder),
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": location.objects_arn(partition)},
    ]
    if kms_key_arn:
        # A bucket's key is in the bucket's region, which need not be the client's.
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        statements.append(
            {
                "Sid": "Decrypt",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": kms_key_arn,
                "Condition": {"StringEquals": {"kms:ViaService": f"s3.{kms_key_arn.split(':')[3]}.{domain}"}},
            }
        )
    return document(*statements)


def _below(folder: str) -> Document:
    if not folder:
        return {}
    return {"Condition": {"StringLike": {"s3:prefix": [folder, f"{folder}/", f"{folder}/*"]}}}


def grant_to(principal_arns: list[str], account_id: str, partition: str) -> Statement:
    """Principal and condition of a statement on Onemata's side that lets in these roles or users only.

    It names the account and narrows it with aws:PrincipalArn, so Onemata can save it before the
    role exists, and it still holds when a role is made anew: a principal that is a role's ARN is
    stored as that role's unique id.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    return {
        "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": principal_arns}},
    }


def for_each(policy: Document, marks: Iterable[str]) -> Document:
    """The document's one statement once for each mark, which its Sid carries: whom or what it is there for.

    A Sid holds letters and digits only.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    (statement,) = statements(policy)
    return document(*({"Sid": sid(mark)} | statement for mark in marks))


def sid(mark: str) -> str:
    """The Sid of a statement that is there for `mark`, like an instance's id."""
    return "OnemataFor" + re.sub(r"[^A-Za-z0-9]", "", mark)


def pretty(value: Any) -> str:
    """JSON to read and to copy."""
    return json.dumps(value, indent=2)


def same(one: Document, other: Document) -> bool:
    """Whether two documents mean the same to IAM, however they are written."""
    return canonical(one) == canonical(other)


def difference(before: Document, after: Document) -> tuple[list[Statement], list[Statement]]:
    """The statements that only `before` has, and those that only `after` has, as they were written."""
    old = {_text(_canonical_statement(s)): s for s in statements(before)}
    new = {_text(_canonical_statement(s)): s for s in statements(after)}
    return [s for key, s in old.items() if key not in new], [s for key, s in new.items() if key not in old]


def without_statements(existing: Document, unwanted: Document) -> Document:
    """`existing` with the statements of `unwanted` taken out; it may be left with none."""
    kept, _ = difference(existing, unwanted)
    return existing | {"Statement": kept}


def statements(policy: Document) -> list[Statement]:
    """The statements of a document, one or many."""
    found = policy.get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def well_formed(policy: Document) -> Document:
    """The document, if its parts have the form that IAM's grammar asks for. Raises ValueError if not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    for each in statements(policy) if isinstance(policy.get("Statement"), dict | list) else [None]:
        if not isinstance(each, dict) or not all(_fits(key, value) for key, value in each.items()):
            raise ValueError("must be a policy document")
    return policy


def with_statements(existing: Document, wanted: Document) -> Document:
    """`existing` with the statements of `wanted` that it lacks added behind; nothing is taken out."""
    _, missing = difference(existing, wanted)
    return existing | {"Statement": [*statements(existing), *missing]}


def canonical(policy: Document) -> Document:
    """One form for all the ways to write a policy.

    A missing Version means the old 2008-10-17; one value equals a list of it; lists are sets;
    numbers and booleans equal their text; `"*"` equals `{"AWS": "*"}`; an account id equals its root ARN.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    found = sorted((_canonical_statement(s) for s in statements(policy)), key=_text)
    return {"Version": policy.get("Version", "2008-10-17"), "Statement": found}


def _fits(key: str, value: Any) -> bool:
    match key:
        case "Principal" | "NotPrincipal":
            return value == "*" or (isinstance(value, dict) and all(map(_is_texts, value.values())))
        case "Condition":
            tests = value.values() if isinstance(value, dict) else [None]
            return all(isinstance(keys, dict) and all(map(_is_values, keys.values())) for keys in tests)
        case _:
            return _is_texts(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _is_values(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(each, str | bool | int | float) for each in values)


def _canonical_statement(statement: Statement) -> Statement:
    result: Statement = {"Effect": statement.get("Effect")}
    for key, value in statement.items():
        if key in _SETS:
            result[key] = _value_set(value, lower=key.endswith("Action"))
        elif key in ("Principal", "NotPrincipal"):
            result[key] = _principals(value)
        elif key == "Condition":
            result[key] = {test: {k.lower(): _value_set(v) for k, v in keys.items()} for test, keys in value.items()}
        else:
            result[key] = value
    return result


def _principals(value: Any) -> dict[str, list[str]]:
    named = {"AWS": "*"} if value == "*" else value
    return {kind: sorted({_account(name) for name in _value_set(names)}) for kind, names in named.items()}


def _account(name: str) -> str:
    root = _ACCOUNT_ROOT.match(name)
    return root[1] if root else name


def _value_set(value: Any, *, lower: bool = False) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = {str(v).lower() if isinstance(v, bool) or lower else str(v) for v in values}
    return sorted(texts)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
