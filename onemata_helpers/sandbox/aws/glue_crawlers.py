"""Glue's crawlers, which moto makes with any role and over any place, and never lets read anything.

A crawl goes on with each look at its crawler, so that callers must really wait and tests need no clock.
https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.glue.models import glue_backends

from ...aws_words import glue as words
from ..iam.signer import Signer
from ..state import state
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from . import crawler_logs, glue_classifiers
from .glue_crawl import CrawlError, Target, crawl, session_of
from .own_services import serve

_LONGEST = {"Name": 255, "Description": 2048, "TablePrefix": 128}
_MOST_TAGS = 50
_LARGEST_SAMPLE = 249
_SHOWN = (
    "Name",
    "Description",
    "DatabaseName",
    "Targets",
    "Classifiers",
    "TablePrefix",
    "SchemaChangePolicy",
    "RecrawlPolicy",
)


@dataclass
class _Crawler:
    """A crawler, the states that it will go through, and how its last crawl ended."""

    call: IncomingCall
    role_arn: str
    targets: list[Target]
    states: list[str] = field(default_factory=lambda: ["READY"])
    under_way: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def name(self) -> str:
        return str(self.call.get("Name"))

    def step(self) -> str:
        """The state now; the next look finds the next one."""
        now = self.states[0]
        if len(self.states) > 1 and not (now == "RUNNING" and state.crawls_hang):
            self.states.pop(0)
            if now == "RUNNING" and self.states[0] == "STOPPING":
                self._carry_out()
            if self.states == ["READY"]:
                self.last = self.under_way
        return now

    def start(self) -> None:
        self.states = ["RUNNING", "RUNNING", "STOPPING", "READY"]
        self.under_way = {
            "Status": "SUCCEEDED",
            "LogGroup": crawler_logs.GROUP,
            "LogStream": self.name,
            "MessagePrefix": str(uuid4()),
            "StartTime": datetime.now(UTC),
        }
        self._log("BENCHMARK : Running Start Crawl for Crawler " + self.name)

    def stop(self) -> None:
        self.states = ["STOPPING", "READY"]
        self.under_way["Status"] = "CANCELLED"

    def _carry_out(self) -> None:
        call = self.call
        known = [glue_classifiers.find(call.account, call.region, name) for name in call.get("Classifiers", [])]
        tables = (call.get("DatabaseName", ""), call.get("TablePrefix", ""))
        try:
            session = session_of(self.role_arn, call.region)
            crawl(session, self.targets, [each for each in known if each], tables, self._log)
        except CrawlError as error:
            self.under_way |= {"Status": "FAILED", "ErrorMessage": str(error)}
        self._log(f"BENCHMARK : {words.FINISHED()} and is in state READY")

    def _log(self, said: str) -> None:
        line = f"[{self.under_way['MessagePrefix']}] {said}"
        crawler_logs.write(self.call.account, self.call.region, self.name, line)


_crawlers: dict[tuple[str, str, str], _Crawler] = {}


def install() -> None:
    """Let the sandbox answer for crawlers, with none there yet."""
    _crawlers.clear()
    serve(
        "glue",
        {
            "CreateCrawler": _create,
            "GetCrawler": _get,
            "ListCrawlers": _list,
            "StartCrawler": _start,
            "StopCrawler": _stop,
            "DeleteCrawler": _delete,
            "GetTags": _get_tags,
        },
    )


def _create(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    _check_form(call)
    targets = [_target(asked) for asked in call.get("Targets.S3Targets")]
    name = call.get("Name")
    if (call.account, call.region, name) in _crawlers:
        raise AwsError("AlreadyExistsException", f"Crawler with name {name} already exists")
    role_arn = _own_role(call)
    try:
        session = session_of(role_arn, call.region)
        for target in targets:
            target.look(session)
    except CrawlError as error:
        raise _invalid(str(error)) from error
    _crawlers[call.account, call.region, name] = _Crawler(call, role_arn, targets)
    glue_backends[call.account][call.region].tag_resource(_arn(call, name), call.get("Tags", {}))
    return {}


def _own_role(call: IncomingCall) -> str:
    """A role of another account's is none to Glue."""
    role, own = str(call.get("Role", "")), f"arn:aws:iam::{call.account}:role/"
    if role.startswith("arn:") and not role.startswith(own):
        raise _invalid(words.NOT_ASSUMABLE(role="provided role"))
    return own + role.removeprefix(own)


def _check_form(call: IncomingCall) -> None:
    for key, longest in _LONGEST.items():
        if len(call.get(key, "")) > longest:
            raise _invalid(f"{key} has at most {longest} characters.")
    if not call.get("Name"):
        raise _invalid("A crawler has a name.")
    if len(call.get("Tags", {})) > _MOST_TAGS:
        raise _invalid(f"A crawler has at most {_MOST_TAGS} tags.")
    if [kind for kind, asked in call.get("Targets", {}).items() if asked] != ["S3Targets"]:
        raise _invalid("A crawler has a target, and in the sandbox targets in S3 only.")
    for name in call.get("Classifiers", []):
        if glue_classifiers.find(call.account, call.region, name) is None:
            raise _invalid(f"Classifier {name} not found.")


def _target(asked: Mapping[str, Any]) -> Target:
    found = Target.parse(asked)
    if found is None:
        raise _invalid(f"{asked.get('Path')} is not a path in Amazon S3.")
    if "SampleSize" in asked and not 1 <= asked["SampleSize"] <= _LARGEST_SAMPLE:
        raise _invalid(f"SampleSize must be between 1 and {_LARGEST_SAMPLE}.")
    return found


def _get(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    crawler = _known(call)
    shown = {key: crawler.call.get(key) for key in _SHOWN if crawler.call.get(key) is not None}
    last = {"LastCrawl": crawler.last} if crawler.last else {}
    role = crawler.role_arn.partition(":role/")[2]
    return {
        "Crawler": {**shown, "Role": role, "CreationTime": crawler.made, "Version": 1, **last, "State": crawler.step()}
    }


def _list(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    own = (call.account, call.region)
    return {"CrawlerNames": [name for account, region, name in _crawlers if (account, region) == own]}


def _start(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    crawler = _known(call)
    if crawler.states[0] != "READY":
        raise AwsError("CrawlerRunningException", f"Crawler with name {crawler.name} has already started")
    crawler.start()
    return {}


def _stop(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    crawler = _known(call)
    found = crawler.states[0]
    if found == "STOPPING":
        raise AwsError("CrawlerStoppingException", f"Crawler with name {crawler.name} is already stopping")
    if found == "READY":
        raise AwsError("CrawlerNotRunningException", f"Crawler with name {crawler.name} isn't running")
    crawler.stop()
    return {}


def _delete(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    crawler = _known(call)
    if crawler.step() != "READY":
        raise AwsError("CrawlerRunningException", f"Crawler with name {crawler.name} is running")
    del _crawlers[call.account, call.region, crawler.name]
    glue_backends[call.account][call.region].tagger.delete_all_tags_for_resource(_arn(call, crawler.name))
    return {}


def _get_tags(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    """moto keeps tags, also of what is not there."""
    kind, _slash, name = call.get("ResourceArn", "").split(":")[-1].partition("/")
    if kind == "crawler" and (call.account, call.region, name) not in _crawlers:
        raise AwsError("EntityNotFoundException", "The requested resource does not exist.")
    return {"Tags": glue_backends[call.account][call.region].get_tags(call.get("ResourceArn"))}


def _known(call: IncomingCall) -> _Crawler:
    found = _crawlers.get((call.account, call.region, call.get("Name", "")))
    if found is None:
        raise AwsError("EntityNotFoundException", f"Crawler entry with name {call.get('Name')} does not exist")
    return found


def _arn(call: IncomingCall, name: str) -> str:
    return f"arn:aws:glue:{call.region}:{call.account}:crawler/{name}"


def _invalid(text: str) -> AwsError:
    return AwsError("InvalidInputException", text)
