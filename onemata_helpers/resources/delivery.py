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
_VALUE = re.compile(r"(?P<words>.*?)(?P<marks>( @([0-9a-f]{6}|many))*)")
_WORDS = 100
_MOST = 19
_MANY = "many"


@dataclass(frozen=True)
class Registration:
    """The tag on our role by which a delivery says that it uses it, and on which clusters or instances.

    `marks` stand for their names; a value holds 19, and beyond that says `many`.
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

    def on(self, targets: Iterable[str]) -> Registration:
        """The same, also for these clusters or instances."""
        marks = self.marks | set(map(_mark, targets))
        return replace(self, marks=marks if len(marks) <= _MOST and _MANY not in marks else frozenset({_MANY}))

    def off(self, targets: Iterable[str]) -> Registration:
        """The same, no longer for these. Of many it is not known whether any are left."""
        return replace(self, marks=self.marks - set(map(_mark, targets)))

    def on_nothing(self) -> Registration:
        """The same, for no cluster or instance."""
        return replace(self, marks=frozenset())

    @property
    def countable(self) -> bool:
        """Whether it is known on which clusters or instances the delivery uses the role."""
        return _MANY not in self.marks

    def covers(self, target: str) -> bool:
        """Whether the delivery uses the role on this cluster or instance, as far as is known."""
        return _MANY in self.marks or _mark(target) in self.marks


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
    return hashlib.sha256(target.encode()).hexdigest()[:6]
