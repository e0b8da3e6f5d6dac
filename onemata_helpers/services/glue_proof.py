"""The proof that Glue reads Onemata's data, and nothing else of Onemata's: by a crawler, made or also run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from ..checks import Check
from ..errors import OnemataError, who_acts
from ..location import Location, Probe
from ..plan import Proof
from ..resources.crawls import Ended, carried_out
from ..resources.probe_crawler import ProbeCrawler
from ..resources.proof_remains import clear
from ..session import Aws
from ..wait import Wait
from .crawl_verdict import Reader, refused_by_s3
from .refused_side import refused_side
from .verdict import Verdict, refusals, unnamed, weighed

READS: Final = "Glue reads Onemata's data"
SEES: Final = "Glue may use the role and sees Onemata's bucket"
COST: Final = "A crawl costs about $0.15: 2 DPUs for 10 minutes at least, at $0.44 a DPU-hour in us-east-1."
_UNSEEN: Final = "not provable from here"
_PREFIX: Final = "another client's prefix"
_NOT_RUN = "A crawler that was made is deleted at once."
_RUN = "All that is made for it is deleted; only the crawler's log stays in CloudWatch Logs."
_BEFORE = (
    "Glue asks S3 before it makes a crawler, and perhaps for the whole bucket, of which the policy opens a prefix."
)
_SIMULATED = " If S3 refuses it, IAM's simulator is asked whether the role's own policies do."


@dataclass(frozen=True)
class GlueProof:
    """What Glue is asked for. `crawls` says whether the crawler also runs, over the place that must be readable."""

    probe: Probe
    crawler: ProbeCrawler
    crawls: bool
    scoped: bool
    kms_key_arn: str = ""
    negative_checks: bool = True

    def proofs(self) -> tuple[Proof, ...]:
        """All that is asked."""
        folder = self.probe.object.around
        if self.crawls:
            what = f"It crawls {folder.uri}, and must find columns there."
            found = [self._proof(READS, folder, what, to_run=True, cost=COST)]
        else:
            what = f"It is asked for a crawler over {folder.uri}, which never runs."
            found = [self._proof(SEES, folder, what, to_run=False)]
        return (*found, *(self._refusal_proof(what, place.around) for what, place in self._refused.items()))

    def checks(self, aws: Aws, wait: Wait, *, patient: bool) -> Iterator[Check]:
        """The checks, each as it was asked. `patient` gives what was just made two minutes to work."""
        in_the_way = self._in_the_way(aws, wait)
        if in_the_way:
            yield _unseen(READS, in_the_way)
            return
        first = self._reading(aws, wait, patient=patient)
        works = first.result == "proven"
        denials = (
            self._refusal(aws, wait, name, what, works=works) if what in self._refused else unnamed(name, what)
            for what, name in refusals("Glue", negative_checks=self.negative_checks).items()
        )
        yield first
        if not self.crawls:
            yield self.not_made("A crawler that does not run reads nothing.")
        yield from islice(weighed([first], denials), 1, None)

    def not_made(self, why: str) -> Check:
        """The check that it reads, not made, with how the client sees it for himself."""
        how = (
            f"The client proves it with a crawler over {self.probe.location.uri}, with the role {self.crawler.role_arn}"
        )
        return _unseen(READS, f"{why} {how}, or by prove: crawl. {COST}")

    @property
    def simulates(self) -> bool:
        """Whether IAM's simulator may be asked which side refuses."""
        return self.crawls or not self.scoped

    @property
    def _refused(self) -> dict[str, Location]:
        return self.probe.refused if self.negative_checks else {}

    def _runs(self, what: str) -> bool:
        """Whether the crawler over a place that must be refused also runs. To see a bucket at all is too much."""
        return self.crawls and what == _PREFIX

    def _refusal_proof(self, what: str, folder: Location) -> Proof:
        to_run = self._runs(what)
        name = refusals("Glue", negative_checks=True)[what]
        said = f"It must be refused a crawler over {folder.uri}" + (", or the objects there." if to_run else ".")
        return self._proof(
            name, folder, said, to_run=to_run, cost=f"If it is not refused at once: {COST}" if to_run else ""
        )

    def _proof(self, name: str, folder: Location, what: str, *, to_run: bool, cost: str = "") -> Proof:
        simulated = _SIMULATED if name in (READS, SEES) and self.simulates else ""
        start = (self.crawler.start,) if to_run else ()
        calls = (*self.crawler.making(folder, to_run=to_run), *start, *self.crawler.unmaking(to_run=to_run))
        return Proof(proves=name, how=f"{what} {_RUN if to_run else _NOT_RUN}{simulated}", cost=cost, calls=calls)

    def _in_the_way(self, aws: Aws, wait: Wait) -> str:
        """What an earlier proof left is taken away first; what is not ours keeps us from asking."""
        try:
            left = ", ".join(map(str, clear(aws, wait, self.crawler)))
        except OnemataError as error:
            return str(error)
        who = "the client's admin deletes or renames it, or the client goes without the proof (prove: none)"
        return who_acts(f"It was not tried: this is in Glue already, and is not touched: {left}.", who) if left else ""

    def _reading(self, aws: Aws, wait: Wait, *, patient: bool) -> Check:
        name, folder = READS if self.crawls else SEES, self.probe.object.around
        try:
            ended = carried_out(aws, wait, self.crawler, folder, to_run=self.crawls, patient=patient)
            verdict = self._verdict(aws, ended, folder)
        except OnemataError as error:
            return _unseen(name, str(error))
        return verdict.check(name, _told(ended))

    def _verdict(self, aws: Aws, ended: Ended, folder: Location) -> Verdict:
        if not refused_by_s3(ended):
            return self._reader.reading(ended, folder) if self.crawls else self._reader.seeing(ended, folder)
        if self.scoped and not ended.made:
            return self._reader.perhaps_too_narrow(folder)
        verdict = refused_side(aws, self.crawler.role_arn, self.probe.object, self.kms_key_arn)
        return verdict if ended.made else replace(verdict, sentence=f"{verdict.sentence} {_BEFORE}")

    def _refusal(self, aws: Aws, wait: Wait, name: str, what: str, *, works: bool) -> Check:
        folder, to_run = self._refused[what].around, self._runs(what)
        if to_run and not works:
            return _unseen(
                name, "It was not tried: it costs money, and says something only where what must work works."
            )
        try:
            ended = carried_out(aws, wait, self.crawler, folder, to_run=to_run)
        except OnemataError as error:
            return _unseen(name, str(error))
        idle = what == _PREFIX and ended.made and not ended.status
        verdict = self._reader.not_this_way(folder) if idle else self._reader.refusal(ended, folder)
        return verdict.check(name, _told(ended))

    @property
    def _reader(self) -> Reader:
        return Reader(self.crawler.role_arn)


def _told(ended: Ended) -> str:
    """What AWS said, and what the crawl made."""
    tables = [f"table {name}: {', '.join(columns) or 'no columns'}" for name, columns in ended.tables.items()]
    return "\n".join(filter(None, [ended.status, *tables, ended.said]))


def _unseen(name: str, evidence: str) -> Check:
    return Check(name=name, result=_UNSEEN, evidence=evidence)
