"""What is in Glue under the name of a proof: by it a proof that was cut off is cleaned up, by any later run.

What has our name and is not ours is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ..answers import Answer, Plain
from ..frozen import Frozen
from ..plan import Call, Change, Field
from ..refusal import as_refusal
from ..session import Aws
from ..wait import Transient, Wait
from .base import OWNER_TAG, Look, Resource
from .probe_crawler import DESCRIPTION, SERVICE, TABLE_PREFIX, ProbeCrawler, glue
from .role_state import same_thing

Kind = Literal["crawler", "classifier", "table", "database"]

_CUT_OFF = "A proof that was cut off left this behind. It is ours: it has the proof's name and our marks."
_FILLED = "The proof's database holds tables that are not ours, so it stays. The client's admin deletes it."
# A crawl takes minutes, where other changes take seconds.
CRAWL_SECONDS = 900
STILL_RUNNING = Transient("CrawlerRunningException", "", "Glue ends the crawl, before it can be deleted", removing=True)


class Part(Frozen):
    """A thing that has the name of a proof's. `calls` take it away; `path` is where a crawler looks."""

    kind: Kind
    name: str
    ours: bool
    calls: tuple[Call, ...] = ()
    path: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def remains(look: Look, probe: ProbeCrawler) -> list[Part]:
    """All that is there, in the order in which it can be taken away."""
    return look.once(_key(probe), lambda aws: list(read_remains(aws, probe)))


def forget_remains(look: Look, probe: ProbeCrawler) -> None:
    """A proof was made since: what it left is looked for anew."""
    look.forget(_key(probe))


def _key(probe: ProbeCrawler) -> str:
    return f"Glue's {probe.name}"


def read_remains(aws: Aws, probe: ProbeCrawler) -> Iterator[Part]:
    """The same, looked at now.

    A database is made before all that it takes to run a crawler, and goes after it: without it, there is nothing else.
    """
    yield from _crawler(aws, probe)
    database = _database(aws, probe)
    if database is None:
        return
    yield from _classifier(aws, probe, beside_ours=database.ours)
    tables = _tables(aws, probe) if database.ours else []
    yield from tables
    filled = any(not each.ours for each in tables)
    yield database.model_copy(update={"calls": () if filled else database.calls})


def clear(aws: Aws, wait: Wait, probe: ProbeCrawler) -> list[Part]:
    """Take away all that is there and ours. What stays, since it is not ours. Raises AwsRefused and OddAnswer."""
    left = []
    with as_refusal(f"Taking away what a proof made in Glue, {probe.name}", aws.where):
        for part in read_remains(aws, probe):  # each is looked for when what comes before it is gone
            if not part.ours or not part.calls:
                left.append(part)
                continue
            for call in part.calls:
                wait.retry(partial(_take_away, aws, call), (STILL_RUNNING,))
    return left


@dataclass(frozen=True)
class ProofRemains(Resource):
    """What a proof that was cut off left in Glue: there must be nothing of ours.

    A crawl may still go on, and its plan must not change while it does: it is left to end, and its table goes with
    its database.
    """

    probe: ProbeCrawler

    transient = (STILL_RUNNING,)
    settling_seconds = CRAWL_SECONDS

    @property
    def key(self) -> str:
        return f"what proofs left in Glue ({self.probe.name})"

    def changes(self, look: Look) -> list[Change]:
        found = [each for each in remains(look, self.probe) if each.ours and each.kind != "table"]
        gone = [each for each in found if each.calls]
        kept = [self.change("keep", _FILLED) for each in found if not each.calls]
        if not gone:
            return kept
        fields = tuple(Field(name=each.kind, before=each.name) for each in gone)
        calls = [call for each in gone for call in each.calls if call.operation != "stop_crawler"]
        return [self.change("delete", _CUT_OFF, *calls, fields=fields), *kept]

    def removal(self, look: Look) -> list[Change]:
        return self.changes(look) or [self.change("nothing", "No proof has left anything of ours there.")]

    def unsettled(self, look: Look) -> str:
        calls = [call.operation for each in remains(look, self.probe) if each.ours for call in each.calls]
        return "at work: Glue still crawls" if "stop_crawler" in calls else ""


def _take_away(aws: Aws, call: Call) -> None:
    """Gone, or stopped, is as good as taken away now: an answer may have been lost."""
    exceptions = aws.client(SERVICE).exceptions
    stopped = (exceptions.CrawlerNotRunningException, exceptions.CrawlerStoppingException)
    with suppress(exceptions.EntityNotFoundException, *stopped):
        aws.call(call.service, call.operation, **call.arguments)


class _S3Target(Answer):
    path: str = ""


class _Targets(Answer):
    s3_targets: list[_S3Target] | None = None


class _Crawler(Answer):
    name: Plain
    state: Plain
    description: str = ""
    targets: _Targets


class _CrawlerAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawler.html
    crawler: _Crawler


class _TagsAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetTags.html
    tags: dict[str, str] | None = None


class _Database(Answer):
    name: Plain
    description: str = ""
    parameters: dict[str, str] | None = None


class _DatabaseAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetDatabase.html
    database: _Database


class _Csv(Answer):
    name: Plain
    allow_single_column: bool = False
    header: list[str] | None = None


class _Classifier(Answer):
    csv_classifier: _Csv | None = None


class _ClassifierAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetClassifier.html
    classifier: _Classifier


class _Table(Answer):
    name: Plain


class _TablesAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
    table_list: list[_Table]


def _crawler(aws: Aws, probe: ProbeCrawler) -> Iterator[Part]:
    """A tag alone could be anybody's, so our description has to be there, too."""
    try:
        found = aws.ask(SERVICE, "get_crawler", _CrawlerAnswer, **probe.address).crawler
        tags = aws.ask(SERVICE, "get_tags", _TagsAnswer, ResourceArn=probe.arn).tags or {}
    except aws.client(SERVICE).exceptions.EntityNotFoundException:
        return
    same_thing("glue:GetCrawler", found.name, probe.name)
    stop = (glue("stop_crawler", **probe.address),) if found.state == "RUNNING" else ()
    yield Part(
        kind="crawler",
        name=probe.name,
        ours=found.description == DESCRIPTION and tags.get(OWNER_TAG) == SERVICE,
        calls=(*stop, glue("delete_crawler", **probe.address)),
        path=", ".join(each.path for each in found.targets.s3_targets or ()),
    )


def _database(aws: Aws, probe: ProbeCrawler) -> Part | None:
    try:
        found = aws.ask(SERVICE, "get_database", _DatabaseAnswer, **probe.address).database
    except aws.client(SERVICE).exceptions.EntityNotFoundException:
        return None
    same_thing("glue:GetDatabase", found.name, probe.name)
    ours = found.description == DESCRIPTION and (found.parameters or {}).get(OWNER_TAG) == SERVICE
    return Part(kind="database", name=probe.name, ours=ours, calls=(glue("delete_database", **probe.address),))


def _classifier(aws: Aws, probe: ProbeCrawler, *, beside_ours: bool) -> Iterator[Part]:
    """A classifier has no marks: it is ours if it is like ours, and our database is there, too."""
    try:
        found = aws.ask(SERVICE, "get_classifier", _ClassifierAnswer, **probe.address).classifier.csv_classifier
    except aws.client(SERVICE).exceptions.EntityNotFoundException:
        return
    ours = beside_ours and found is not None and found.allow_single_column and not found.header
    yield Part(kind="classifier", name=probe.name, ours=ours, calls=(glue("delete_classifier", **probe.address),))


def _tables(aws: Aws, probe: ProbeCrawler) -> list[Part]:
    pages = aws.pages(SERVICE, "get_tables", _TablesAnswer, DatabaseName=probe.name)
    names = [table.name for page in pages for table in page.table_list]
    return [
        Part(
            kind="table",
            name=name,
            ours=name.startswith(TABLE_PREFIX),
            calls=(glue("delete_table", DatabaseName=probe.name, Name=name),),
        )
        for name in names
    ]
