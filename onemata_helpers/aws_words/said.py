"""A text of AWS's that says what is wrong, with gaps for names."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """A sentence of AWS's; `{name}` stands for what differs from case to case."""

    text: str

    def __call__(self, **names: str) -> str:
        """The whole sentence, with these names in its gaps."""
        return self.text.format(**names)

    def within(self, answer: str) -> bool:
        """Whether AWS's answer has this sentence in it, whatever is in the gaps, and in whatever case and spacing."""
        parts = re.split(r"\{\w+\}", self.text)
        pattern = ".{0,2000}?".join(r"\s+".join(map(re.escape, part.split(" "))) for part in parts)
        return re.search(pattern, answer, re.IGNORECASE | re.DOTALL) is not None
