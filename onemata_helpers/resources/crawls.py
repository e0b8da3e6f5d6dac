"""Ask Glue for a crawler, have it run, and hear what it read. Nothing of it stays.

https://docs.aws.amazon.com/glue/latest/dg/crawler-running.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from ..answers import Answer, Plain
from ..aws_words import glue as words
from ..errors import OnemataError, who_acts
from ..location import Location
from ..plan import Call
from ..refusal import as_refusal
from ..session import Aws
from ..wait import Wait
from .probe_crawler import LOG_GROUP, SERVICE, ProbeCrawler
from .proof_remains import clear, read_remains
from .role_state import same_thing

# How long a new role, trust or policy may take to work in Glue.
_SETTLING_SECONDS = 120
# A crawl takes minutes where other changes take seconds.
_LONGER = 5
_LOG_SECONDS = 30
_MOST_LINES = 100
_SETTLING = "Glue cannot use what was just made yet"
_CRAWLING = "Glue crawls, which takes it one to three minutes"
# What a role, trust or policy that was just made, and that does not work everywhere yet, looks like.
_PERHAPS_NOT_YET = (words.TRUST, words.S3_DENIED, words.S3_FORBIDDEN, words.S3_DENIED_ANEW)


@dataclass(frozen=True)
class Ended:
    """What came of a crawler: whether it was `made`, how its crawl ended, if it ran, and AWS's words.

    `status` is `SUCCEEDED`, `FAILED`, `CANCELLED`, or the state that it was left in; empty if it did not run. `tables`
    are those that it made, with their columns.
    """

    made: bool
    status: str = ""
    said: str = ""
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def has_read(self) -> bool:
        """Whether it read something: where it did not, it may have made a table, but without columns."""
        return self.status == "SUCCEEDED" and any(self.tables.values())


def carried_out(
    aws: Aws, wait: Wait, probe: ProbeCrawler, place: Location, *, to_run: bool, patient: bool = False
) -> Ended:
    """What comes of a crawler over a folder, which also runs if it is `to_run`.

    Whatever keeps us from it, all that was made is taken away again. Raises OnemataError, also where that fails.
    """
    try:
        with as_refusal(f"The proof in Glue over {place.uri}", aws.where):
            ended = _carried_out(aws, wait, probe, probe.making(place, to_run=to_run), patient=patient)
        left = clear(aws, wait, probe)
    except BaseException:
        with suppress(Exception):  # what keeps us is what is to be told
            clear(aws, wait, probe)
        raise
    if left:
        happened = f"What the proof made in Glue could not be taken away again: {', '.join(map(str, left))}."
        raise OnemataError(who_acts(happened, "the client's admin deletes it"))
    return ended


def _carried_out(aws: Aws, wait: Wait, probe: ProbeCrawler, making: tuple[Call, ...], *, patient: bool) -> Ended:
    for call in making:
        ask = partial(_made, aws, probe, call)
        refusal = wait.patiently(_SETTLING, ask, _settled, _SETTLING_SECONDS) if patient else ask()
        if refusal:
            return Ended(made=False, said=refusal)
    return _crawl(aws, wait, probe) if len(making) > 1 else Ended(made=True)


def perhaps_not_yet(refusal: str) -> bool:
    """Whether it may only mean that what was just made does not work everywhere yet."""
    return any(each.within(refusal) for each in _PERHAPS_NOT_YET)


def _settled(refusal: str) -> bool:
    return not perhaps_not_yet(refusal)


def _made(aws: Aws, probe: ProbeCrawler, call: Call) -> str:
    """Make it. What Glue says against its role, its place or its database; empty if it is there."""
    exceptions = aws.client(SERVICE).exceptions
    try:
        aws.call(call.service, call.operation, **call.arguments)
    except exceptions.AlreadyExistsException:
        _must_be_ours(aws, probe, call)
    except (exceptions.InvalidInputException, exceptions.AccessDeniedException) as error:
        said = f"{error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}"
        if isinstance(error, exceptions.InvalidInputException) or words.LAKE_FORMATION.within(said):
            return said
        raise
    return ""


def _must_be_ours(aws: Aws, probe: ProbeCrawler, call: Call) -> None:
    """Of what was not there a moment ago, the answer was lost: then it is what we asked for."""
    kind = call.operation.removeprefix("create_")
    targets = call.arguments.get("Targets", {}).get("S3Targets", [])
    path = ", ".join(each["Path"] for each in targets)
    if not any(part.kind == kind and part.ours and part.path == path for part in read_remains(aws, probe)):
        who = "the engineer runs it again, if no other run is at work there"
        raise OnemataError(who_acts(f"Another {kind} {probe.name} has come up in Glue. It is not touched.", who))


class _LastCrawl(Answer):
    status: Plain
    error_message: str = ""
    log_stream: Plain = ""
    message_prefix: Plain = ""


class _Crawler(Answer):
    name: Plain
    state: Plain
    last_crawl: _LastCrawl | None = None


class _CrawlerAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetCrawler.html
    crawler: _Crawler


class _Column(Answer):
    name: str


class _Storage(Answer):
    columns: list[_Column] | None = None


class _Table(Answer):
    name: Plain
    database_name: Plain
    storage_descriptor: _Storage | None = None


class _TablesAnswer(Answer):
    # https://docs.aws.amazon.com/glue/latest/webapi/API_GetTables.html
    table_list: list[_Table]


class _Event(Answer):
    model_config = ConfigDict(alias_generator=to_camel)

    message: str


class _EventsAnswer(Answer):
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    model_config = ConfigDict(alias_generator=to_camel)

    events: list[_Event]


def _crawl(aws: Aws, wait: Wait, probe: ProbeCrawler) -> Ended:
    """The crawler is new, so its last crawl is the one that is started here."""
    with suppress(aws.client(SERVICE).exceptions.CrawlerRunningException):  # the answer was lost
        aws.call(probe.start.service, probe.start.operation, **probe.start.arguments)
    longer = replace(wait, seconds=_LONGER * wait.seconds)
    found = longer.patiently(_CRAWLING, partial(_looked, aws, probe), _is_over)
    last = found.last_crawl
    if last is None or not _is_over(found):
        return Ended(made=True, status=found.state)
    tables = _tables(aws, probe)
    ended = Ended(made=True, status=last.status, said=last.error_message, tables=tables)
    return ended if ended.has_read else replace(ended, said=f"{last.error_message}\n{_log(aws, wait, last)}".strip())


def _is_over(crawler: _Crawler) -> bool:
    return crawler.state == "READY" and crawler.last_crawl is not None


def _looked(aws: Aws, probe: ProbeCrawler) -> _Crawler:
    found = aws.ask(SERVICE, "get_crawler", _CrawlerAnswer, **probe.address).crawler
    same_thing("glue:GetCrawler", found.name, probe.name)
    return found


def _tables(aws: Aws, probe: ProbeCrawler) -> dict[str, tuple[str, ...]]:
    """The database is new, so all tables in it are this crawl's."""
    found = {}
    for page in aws.pages(SERVICE, "get_tables", _TablesAnswer, DatabaseName=probe.name):
        for table in page.table_list:
            same_thing("glue:GetTables", table.database_name, probe.name)
            columns = (table.storage_descriptor.columns if table.storage_descriptor else None) or ()
            found[table.name] = tuple(column.name for column in columns)
    return found


def _is_whole(lines: Iterable[str]) -> bool:
    return any(words.FINISHED.within(line) for line in lines)


def _log(aws: Aws, wait: Wait, last: _LastCrawl) -> str:
    """What the crawl logged, which may take some seconds to show up; or why that cannot be read."""
    if not last.message_prefix.replace("-", "").isalnum():
        return "AWS did not say where its log is."
    where = {"logGroupName": LOG_GROUP, "logStreamNames": [last.log_stream]}
    pattern = f'"{last.message_prefix}"'

    def read() -> list[str]:
        pages = aws.pages("logs", "filter_log_events", _EventsAnswer, **where, filterPattern=pattern)
        return list(islice((each.message.strip() for page in pages for each in page.events), _MOST_LINES))

    try:
        with as_refusal(f"Its log in {LOG_GROUP}", aws.where):
            return "\n".join(wait.patiently("Glue writes the crawler's log", read, _is_whole, _LOG_SECONDS))
    except OnemataError as error:
        return str(error)
