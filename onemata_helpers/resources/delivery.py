"""What a runbook serves: one service of the client's, and one place of Onemata's.

Several deliveries may share one role. Each names its policies after itself, and registers on a role that we made, so
that none is removed while another needs it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..location import Location

TAG_PREFIX = "onemata:"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html (what a tag's value may hold: 256 characters of these)
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9 _.:/=+@-]")
_KEY = re.compile(rf"{TAG_PREFIX}(?P<service>[a-z0-9]+):[0-9a-f]{{8}}")
_VALUE = re.compile(r"(?P<words>.*?)(?P<marks>( @(w[0-9a-f]{5}|[0-9a-f]{6}|w?many))*)")
_WORDS = 100
_MOST = 19
_MANY, _MANY_WORKGROUPS = "many", "wmany"
_WORKGROUP = "workgroup "

SERVERLESS = "redshift-serverless"
"""The service that, beside Redshift, a role must trust whose delivery uses it on workgroups."""


def workgroup_target(name: str) -> str:
    """A workgroup among clusters and instances, of which one may have the same name."""
    return f"{_WORKGROUP}{name}"


def is_workgroup(target: str) -> bool:
    """Whether it is a workgroup, and not a cluster or an instance."""
    return target.startswith(_WORKGROUP)


@dataclass(frozen=True)
class Registration:
    """The tag on our role by which a delivery says that it uses it, and on which targets: clusters or instances.

    Workgroups are targets, too. `marks` stand for their names; a value holds 19, and beyond that says `many`.
    """

    key: str
    words: str
    marks: frozenset[str] = frozenset()

    @classmethod
    def read(cls, key: str, value: str) -> Registration | None:
        """The registration that a tag is; None for any other tag."""
        found = _VALUE.fullmatch(value)
        if not found or not _KEY.fullmatch(key):
            return None
        return cls(key, found["words"], frozenset(found["marks"].replace("@", "").split()))

    @property
    def tag(self) -> dict[str, str]:
        """The tag."""
        return {self.key: self.words + "".join(f" @{mark}" for mark in sorted(self.marks))}

    @property
    def service(self) -> str:
        """The service of the delivery."""
        return self.key.split(":")[1]

    @property
    def services(self) -> set[str]:
        """The services that the role must trust for it."""
        on_workgroups = any(mark.startswith("w") for mark in self.marks)
        return {self.service, SERVERLESS} if on_workgroups else {self.service}

    def on(self, targets: Iterable[str]) -> Registration:
        """The same, also for these targets."""
        marks = self.marks | set(map(_mark, targets))
        few = self.countable and len(marks) <= _MOST
        return replace(self, marks=marks if few else frozenset(map(_many_of, marks)))

    def off(self, targets: Iterable[str]) -> Registration:
        """The same, no longer for these. Of many it is not known whether any are left."""
        return replace(self, marks=self.marks - set(map(_mark, targets)))

    def on_nothing(self, *, but_workgroups: bool) -> Registration:
        """The same, for no target, or for none but the workgroups that it may have."""
        return replace(self, marks=self.marks & {_MANY_WORKGROUPS} if but_workgroups else frozenset())

    @property
    def countable(self) -> bool:
        """Whether it is known on which targets the delivery uses the role."""
        return not self.marks & {_MANY, _MANY_WORKGROUPS}

    def covers(self, target: str) -> bool:
        """Whether the delivery uses the role on this target, as far as is known."""
        mark = _mark(target)
        return bool(self.marks & {mark, _many_of(mark)})


@dataclass(frozen=True)
class Delivery:
    """One service reading one place. `onemata_role_arn` is given where it reads as that role (EC2)."""

    service: str
    location: Location
    onemata_role_arn: str = ""

    @property
    def id(self) -> str:
        """8 hexadecimal digits; the same for the same service, bucket, folder and role of Onemata's."""
        content = json.dumps([self.service, self.location.bucket, self.location.folder, self.onemata_role_arn])
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    @property
    def registration(self) -> Registration:
        """How it registers on our role."""
        role = f" as {self.onemata_role_arn.rsplit('/', 1)[1]}" if self.onemata_role_arn else ""
        words = _NOT_IN_A_TAG.sub("_", f"{self.location.bucket}/{self.location.folder}{role}")
        return Registration(f"{TAG_PREFIX}{self.service}:{self.id}", words[:_WORDS])

    def policy_name(self, what: str) -> str:
        """The name of an inline policy of this delivery, like `onemata-assume-role-1a2b3c4d`."""
        return f"onemata-{what}-{self.id}"


def _mark(target: str) -> str:
    digits = hashlib.sha256(target.encode()).hexdigest()
    return f"w{digits[:5]}" if is_workgroup(target) else digits[:6]


def _many_of(mark: str) -> str:
    return _MANY_WORKGROUPS if mark.startswith("w") else _MANY
