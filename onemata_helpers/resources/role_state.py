"""What a role in the account is: read once a look, checked for its form, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..answers import Answer, Arn, Plain, PolicyDocument
from ..errors import OddAnswer
from ..frozen import Frozen
from ..policies import Document
from ..session import Aws
from .base import OWNER_TAG, Look
from .delivery import Registration

_DESCRIPTION = re.compile(r"Lets \w+ read the data that Onemata delivers in S3")


def description_for(title: str) -> str:
    """The description of a role that we make for a service; by it, beside our tag, we know the role again."""
    return f"Lets {title} read the data that Onemata delivers in S3"


class RoleState(Frozen):
    """A role as IAM shows it. `boundary` is an ARN or empty."""

    arn: str
    path: str
    description: str
    trust: Document
    boundary: str
    tags: dict[str, str]

    @property
    def ours(self) -> bool:
        """Whether a runbook made it: our tag alone could be anybody's, so our description has to be there, too."""
        return OWNER_TAG in self.tags and _DESCRIPTION.fullmatch(self.description) is not None

    @property
    def registrations(self) -> list[Registration]:
        """The deliveries that use it."""
        found = (Registration.read(key, value) for key, value in self.tags.items())
        return [each for each in found if each]

    @property
    def services(self) -> set[str]:
        """The services that its trust names for the deliveries that use it."""
        return {service for each in self.registrations for service in each.services}


def role(look: Look, name: str) -> RoleState | None:
    """The role of this name; None if there is none."""
    return look.once(f"role {name}", lambda aws: _read_role(aws, name))


def attached_policies(look: Look, name: str) -> list[str]:
    """The ARNs of the managed policies attached to a role; none for a role that is not there."""
    if role(look, name) is None:
        return []
    return look.once(f"policies attached to role {name}", lambda aws: _read_attached(aws, name))


def inline_policy_names(look: Look, name: str) -> list[str]:
    """The names of a role's inline policies; none for a role that is not there."""
    if role(look, name) is None:
        return []
    return look.once(f"inline policies of role {name}", lambda aws: _read_inline_names(aws, name))


def profiles_of(look: Look, name: str) -> list[str]:
    """The ARNs of the instance profiles that hold a role; none for a role that is not there."""
    if role(look, name) is None:
        return []
    return look.once(f"instance profiles of role {name}", lambda aws: _read_profiles_of(aws, name))


class Tag(Answer):
    """A tag as IAM shows it; a value may be any text."""

    key: str
    value: str


class _Boundary(Answer):
    permissions_boundary_arn: Arn


class _Role(Answer):
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
    role_name: Plain
    arn: Arn
    path: Plain
    description: str = ""
    assume_role_policy_document: PolicyDocument
    permissions_boundary: _Boundary | None = None
    tags: list[Tag] | None = None


class _RoleAnswer(Answer):
    role: _Role


class _Attached(Answer):
    policy_arn: Arn


class _AttachedAnswer(Answer):
    attached_policies: list[_Attached]


class _NamesAnswer(Answer):
    policy_names: list[Plain]


class _Profile(Answer):
    arn: Arn


class _ProfilesAnswer(Answer):
    instance_profiles: list[_Profile]


def same_thing(call: str, found: str, asked: str) -> None:
    """Raise OddAnswer unless the answer to `call` is about what was asked for."""
    if found != asked:
        raise OddAnswer(call, f"it is about {found}, but {asked} was requested")


def tags_of(tags: Iterable[Tag] | None) -> dict[str, str]:
    """AWS's tags as a mapping."""
    return {tag.key: tag.value for tag in tags or ()}


def as_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags in IAM's form."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _read_role(aws: Aws, name: str) -> RoleState | None:
    try:
        found = aws.ask("iam", "get_role", _RoleAnswer, RoleName=name).role
    except aws.client("iam").exceptions.NoSuchEntityException:
        return None
    same_thing("iam:GetRole", found.role_name, name)
    return RoleState(
        arn=found.arn,
        path=found.path,
        description=found.description,
        trust=found.assume_role_policy_document,
        boundary=found.permissions_boundary.permissions_boundary_arn if found.permissions_boundary else "",
        tags=tags_of(found.tags),
    )


def _read_attached(aws: Aws, name: str) -> list[str]:
    pages = aws.pages("iam", "list_attached_role_policies", _AttachedAnswer, RoleName=name)
    return sorted(policy.policy_arn for page in pages for policy in page.attached_policies)


def _read_inline_names(aws: Aws, name: str) -> list[str]:
    pages = aws.pages("iam", "list_role_policies", _NamesAnswer, RoleName=name)
    return sorted(policy for page in pages for policy in page.policy_names)


def _read_profiles_of(aws: Aws, name: str) -> list[str]:
    pages = aws.pages("iam", "list_instance_profiles_for_role", _ProfilesAnswer, RoleName=name)
    return sorted(profile.arn for page in pages for profile in page.instance_profiles)
