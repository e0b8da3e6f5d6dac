"""From what a service of AWS's answered to a proof, to a check with evidence: who acts, and AWS's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..checks import Check
from ..errors import who_acts
from ..redaction import foreign

_LONGEST_SHOWN = 4000
_UNSEEN: Literal["not provable from here"] = "not provable from here"
_NAMED_BY = {"another client's prefix": "denied_prefix", "another bucket": "denied_bucket"}


@dataclass(frozen=True)
class Verdict:
    """What an answer means: a sentence, and who does what about it (nobody where all is as it should be)."""

    result: Literal["proven", "failed", "not provable from here"]
    sentence: str
    who: str = ""

    def check(self, name: str, answer: str) -> Check:
        """The check of this name; `answer` is what AWS said, word for word."""
        said = who_acts(self.sentence, self.who) if self.who else self.sentence
        return Check(name=name, result=self.result, evidence="\n".join(filter(None, [said, shown(answer)])))


def shown(answer: str) -> str:
    """What AWS said, fit to be shown, and of a long text only the beginning."""
    cut = f"\n({len(answer) - _LONGEST_SHOWN} more characters)" if len(answer) > _LONGEST_SHOWN else ""
    return foreign(answer[:_LONGEST_SHOWN].strip()) + cut


def refusals(name: str, *, negative_checks: bool) -> dict[str, str]:
    """The names of the checks for what must be refused, by what it is: `another client's prefix`, `another bucket`.

    `name` is who must be refused, like `cluster x`; without `negative_checks` there are none.
    What is tried for each is `Probe.refused`, as far as it is known.
    """
    return {what: f"{name} is refused {what}" for what in _NAMED_BY} if negative_checks else {}


def unnamed(name: str, what: str) -> Check:
    """The check of a refusal that could not be tried, since Onemata has named nothing to try it with."""
    evidence = f"Onemata names {what} in {_NAMED_BY[what]}, or the client goes without (negative_checks: false)."
    return Check(name=name, result=_UNSEEN, evidence=evidence)


def weighed(proofs: Sequence[Check], denials: Iterable[Check]) -> Iterator[Check]:
    """All of them, as they come. A refusal says something only where what must work does work."""
    works = all(each.result == "proven" for each in proofs)
    yield from proofs
    yield from (each if works else _says_nothing(each) for each in denials)


def _says_nothing(denial: Check) -> Check:
    if denial.result != "proven":
        return denial
    evidence = f"It is refused, but so is what must work: this says something only then.\n{denial.evidence}"
    return denial.model_copy(update={"result": _UNSEEN, "evidence": evidence})
