"""The page for the client before the call, as HTML and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import RecordNotWritten, who_acts
from ..files import replace_file
from ..parameters import ServiceParameters
from ..permissions import policy
from ..policies import pretty
from .page import rendered
from .parts import Part, part, people
from .policy_parts import LONGEST, length, parts

# What signing in and reading the policy take.
_MINUTES_AROUND = 15


@dataclass(frozen=True)
class Preparation:
    """What a client is told before the call."""

    p: ServiceParameters
    parts: list[Part]
    made: str
    policies: list[str]
    length: int

    @property
    def services(self) -> str:
        """Their names, as in a sentence."""
        *first, last = [each.title for each in self.parts]
        return f"{', '.join(first)}{',' if len(first) > 1 else ''} and {last}" if first else last

    @property
    def people(self) -> list[str]:
        """Who should be there."""
        return people(self.parts)

    @property
    def minutes(self) -> int:
        """How long to plan for."""
        return _MINUTES_AROUND + sum(each.minutes for each in self.parts)

    @property
    def costs(self) -> list[str]:
        """What costs something."""
        checks = "IAM Access Analyzer's checks of the policies cost $0.002 each, some cents in all."
        billed = [checks] if self.p.policy_checks == "all" else []
        return [*(f"{each.title}: {cost}" for each in self.parts for cost in each.costs), *billed]

    @property
    def longest(self) -> int:
        """The longest that AWS takes of a managed policy."""
        return LONGEST


def prepare(client: Mapping[str, ServiceParameters]) -> Preparation:
    """What a client, by the parameters of its services, is told."""
    whole = policy(client.values())
    return Preparation(
        p=next(iter(client.values())),
        parts=[part(each) for each in client.values()],
        made=datetime.now(UTC).strftime("%Y-%m-%d"),
        policies=[pretty(each) for each in parts(whole)],
        length=length(whole),
    )


def write(preparation: Preparation, records: Path) -> list[Path]:
    """Write the page beside the client's records, as `prepare.html` and `prepare.txt`. Raises RecordNotWritten."""
    folder = records / preparation.p.client
    written = [folder / "prepare.html", folder / "prepare.txt"]
    for path in written:
        try:
            replace_file(path, rendered(path.name, it=preparation))
        except OSError as error:
            happened = f"{path} cannot be written: {error.strerror}"
            raise RecordNotWritten(
                who_acts(happened, "the engineer corrects that, or names another --records")
            ) from None
    return written
