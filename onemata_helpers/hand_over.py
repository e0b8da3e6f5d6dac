"""What Onemata must receive when the client's side is done, and what each side copies."""

from __future__ import annotations

from typing import Literal

from .frozen import Frozen

PolicyOf = Literal["", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::IAM::AssumeRolePolicyDocument"]
"""The kind of thing in AWS that a policy belongs to, in AWS's names; empty: a user, group or role."""


class Snippet(Frozen):
    """Text to copy: what it is, and the text. `policy_of` says what it is the policy of, if it is one."""

    title: str
    text: str
    policy_of: PolicyOf = ""


class HandOver(Frozen):
    """What Onemata must receive, and what each side copies.

    `roles` and `principals` are ARNs; `for_onemata` the policy statements for Onemata's side;
    `for_client` what the client uses in the service; `from_onemata` what Onemata puts in place, in sentences.
    """

    account_id: str
    region: str
    roles: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    for_onemata: tuple[Snippet, ...] = ()
    for_client: tuple[Snippet, ...] = ()
    from_onemata: tuple[str, ...] = ()
