"""What a runbook serves: one service of the client's, and one place of Onemata's.

Several deliveries may share one role. Each names its policies after itself, and leaves a tag on a role that we made,
so that none is taken away while another needs it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from ..location import Location

TAG_PREFIX = "onemata:"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html (what a tag's value may hold, and its length)
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9 _.:/=+@-]")
_TAG_VALUE = 256


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
    def words(self) -> str:
        """The delivery for a reader, in characters that a tag's value may hold."""
        role = f" as {self.onemata_role_arn.rsplit('/', 1)[1]}" if self.onemata_role_arn else ""
        return _NOT_IN_A_TAG.sub("_", f"{self.location.bucket}/{self.location.folder}{role}")[:_TAG_VALUE]

    @property
    def tag(self) -> dict[str, str]:
        """The tag that says on our role that this delivery uses it."""
        return {f"{TAG_PREFIX}{self.service}:{self.id}": self.words}

    def policy_name(self, what: str) -> str:
        """The name of an inline policy of this delivery, like `onemata-assume-role-1a2b3c4d`."""
        return f"onemata-{what}-{self.id}"
