"""What is wanted on an instance: the profile, the place to list, and what must be refused."""

import hashlib
from dataclasses import dataclass, replace

from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.quoting import checked
from onemata_helpers.location import Location

_CHECK = "onemata-check"  # the profile of a config file that is there for one attempt only


@dataclass(frozen=True)
class Attempt:
    """A command of the AWS CLI, by its words, and the lines of a config file for it alone (none: the user's own)."""

    name: str
    command: tuple[str, ...]
    config: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """The profile that is wanted for a user, and how it is proven.

    ``denied_role_arn`` and ``denied_bucket`` are Onemata's too, and must be refused; empty ones are
    not tried, and nothing is with ``negative_checks`` off.
    """

    section: ProfileSection
    location: Location
    denied_role_arn: str = ""
    denied_bucket: str = ""
    negative_checks: bool = True

    @property
    def mark(self) -> str:
        """12 hexadecimal digits over all of it, by which a report tells what it is about."""
        return hashlib.sha256(repr(self).encode("utf-8", "backslashreplace")).hexdigest()[:12]

    def proofs(self) -> tuple[Attempt, ...]:
        """The guide's two commands: ``identity`` and ``listing``. Raises ValueError for text that is not plain."""
        name = self.section.name
        return (Attempt("identity", _identity(name)), Attempt("listing", _listing(name, self.location)))

    def denials(self) -> tuple[Attempt, ...]:
        """What must be refused, as far as it is known: ``no_external_id``, ``other_role``, ``other_bucket``.

        Raises ValueError for a role or bucket that cannot be written safely.
        """
        if not self.negative_checks:
            return ()
        found = []
        if self.section.external_id:
            found.append(_with_section("no_external_id", replace(self.section, name=_CHECK, external_id="")))
        if self.denied_role_arn:
            found.append(_with_section("other_role", replace(self.section, name=_CHECK, role_arn=self.denied_role_arn)))
        if self.denied_bucket:
            found.append(Attempt("other_bucket", _listing(self.section.name, Location(self.denied_bucket))))
        return tuple(found)


def _with_section(name: str, section: ProfileSection) -> Attempt:
    return Attempt(name, _identity(_CHECK), section.lines())


def _identity(profile: str) -> tuple[str, ...]:
    return ("aws", "sts", "get-caller-identity", "--profile", checked(profile))


def _listing(profile: str, location: Location) -> tuple[str, ...]:
    return ("aws", "s3", "ls", checked(location.uri), "--profile", checked(profile))
