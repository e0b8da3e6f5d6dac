"""The proof that a user or role reads Onemata's data with Athena, and nothing else of Onemata's.

Athena reads with the permissions of whoever queries, so it is made as that user or role, or not at all.
https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..checks import Check
from ..errors import AwsRefused, OnemataError, who_acts
from ..location import Location, Probe
from ..plan import Call, Proof
from ..redaction import foreign
from ..refusal import as_refusal
from ..resources.athena_queries import Ended, carried_out, statement
from ..resources.athena_workgroup import Workgroup
from ..resources.probe_table import ProbeTable
from ..session import ENTERED_SECONDS, Aws, Identity
from ..values import name_of
from ..wait import Wait
from .athena_statements import AthenaStatements
from .athena_verdict import Querier
from .refused_side import refused_side
from .verdict import Verdict, refusals, unnamed, weighed

_SESSION = "onemata-proof"


@dataclass(frozen=True)
class AthenaProof:
    """What is asked of Athena as one user or role, through a table of ours, in a workgroup of this name."""

    principal: str
    table: ProbeTable
    workgroup: str
    probe: Probe
    kms_key_arn: str = ""
    negative_checks: bool = True

    @property
    def name(self) -> str:
        """Name of the check that it reads."""
        return f"Athena reads for {self.principal}"

    def out_of_reach(self, identity: Identity) -> str:
        """Why it cannot be tried in a session of this identity; empty if it can be, or if only trying shows it."""
        if self._is(identity) or ":role/" in self.principal:
            return ""
        who = "whoever signs in as it runs this notebook, or the statements of the check"
        return who_acts(f"This session is not {self.principal}, and a user cannot be entered", who)

    def proofs(self, identity: Identity, found: Workgroup) -> tuple[Proof, ...]:
        """All that is asked, in the workgroup as it was found; nothing where it is out of reach."""
        if self.out_of_reach(identity):
            return ()
        asked = " If S3 refuses it, IAM's simulator is asked whether the own policies of the user or role do."
        reading = self._proof(identity, found, self.name, self.probe.object, "It reads the object", asked)
        entering = () if self._is(identity) else (_entering(self.principal),)
        must = "It must be refused the object"
        return (
            reading.model_copy(update={"calls": (*entering, *reading.calls)}),
            *(self._proof(identity, found, self._refusals[what], at, must) for what, at in self._refused.items()),
        )

    def checks(self, aws: Aws, wait: Wait, found: Workgroup) -> Iterator[Check]:
        """The checks, each as it was asked. Any table that is left, the caller takes away."""
        try:
            session = self._session(aws)
        except OnemataError as error:
            yield self.not_made(str(error))
            return
        querier = Querier(self.principal, self.workgroup, found.results, self.table.database, self.table.name)
        reading = self._reading(aws, session, wait, querier)
        denials = (
            self._refusal(aws, session, wait, querier, what) if what in self._refused else unnamed(name, what)
            for what, name in self._refusals.items()
        )
        yield from weighed([reading], denials)

    def not_made(self, why: str) -> Check:
        """The check that it reads, not made, with the statements by which the client sees it for himself."""
        asked = self._statements(self.probe.object)
        how = (
            f"The client proves it by these statements, as {self.principal}, in the workgroup {self.workgroup}, one "
            "after the other: the second must count 1 row or more."
        )
        evidence = "\n".join((f"{why} {how}", asked.create, asked.count, asked.drop))
        return Check(name=self.name, result="not provable from here", evidence=evidence)

    @property
    def _refusals(self) -> dict[str, str]:
        return refusals(f"Athena for {self.principal}", negative_checks=self.negative_checks)

    @property
    def _refused(self) -> dict[str, Location]:
        return self.probe.refused if self.negative_checks else {}

    def _is(self, identity: Identity) -> bool:
        """Whether that is who we are, in a session of the role or as the user. A session's ARN lacks the role's path.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
        """
        kind, *names = identity.arn.split(":")[5].split("/")
        if kind != "assumed-role":
            return identity.arn == self.principal
        return ":role/" in self.principal and name_of(self.principal).rpartition("/")[2] == names[0].lower()

    def _session(self, aws: Aws) -> Aws:
        """A session as the user or role. Raises AwsRefused or OddAnswer."""
        if self._is(aws.identity):
            return aws
        with as_refusal(f"Entering {self.principal}", aws.where):
            try:
                return aws.entered(self.principal, _SESSION)
            except aws.client("sts").exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "AccessDenied":
                    raise
                raise AwsRefused(_not_entered(self.principal, str(error))) from None

    def _statements(self, place: Location) -> AthenaStatements:
        return AthenaStatements(self.table.database, self.table.name, place)

    def _calls(self, place: Location) -> tuple[Call, Call, Call]:
        asked = self._statements(place)
        create, count, drop = (
            statement(self.workgroup, self.table.database, sql) for sql in (asked.create, asked.count, asked.drop)
        )
        return create, count, drop

    def _proof(
        self, identity: Identity, found: Workgroup, name: str, place: Location, what: str, more: str = ""
    ) -> Proof:
        who = "in this session" if self._is(identity) else f"in a session of {self.principal}"
        kept = f"to {found.results}" if found.results else "to the place that Athena keeps for the workgroup"
        how = (
            f"{what} {place.uri} by Athena, {who}: a table over its folder, a query that counts the object's rows, and "
            f"the table is dropped. Results go {kept}. A table that an interrupted proof left is deleted first, and so "
            f"is one that cannot be dropped.{more}"
        )
        cost, otherwise = _cost(found.limit), (self.table.deletion,)
        return Proof(proves=name, how=how, cost=cost, calls=self._calls(place), otherwise=otherwise)

    def _reading(self, aws: Aws, session: Aws, wait: Wait, querier: Querier) -> Check:
        place = self.probe.object
        try:
            ended = self._ended(aws, session, wait, place)
        except OnemataError as error:
            return _not_asked(self.name, error)
        denied = querier.denied(ended, place)
        if denied not in ("data", "not told"):
            return querier.reading(ended, place).check(self.name, ended.said)
        side = refused_side(aws, self.principal, place, self.kms_key_arn, ours=False)
        return _perhaps_results(side, denied, querier).check(self.name, ended.said)

    def _refusal(self, aws: Aws, session: Aws, wait: Wait, querier: Querier, what: str) -> Check:
        name, place = self._refusals[what], self._refused[what]
        try:
            ended = self._ended(aws, session, wait, place)
        except OnemataError as error:
            return _not_asked(name, error)
        return querier.refusal(ended, place).check(name, ended.said)

    def _ended(self, aws: Aws, session: Aws, wait: Wait, place: Location) -> Ended:
        """How the query ended, or the statement that should have made its table."""
        create, count, drop = self._calls(place)
        made = Ended("")
        try:
            with as_refusal(f"The proof as {self.principal}", aws.where):
                made = carried_out(session, create, wait)
                return carried_out(session, count, wait, counts=True) if made.in_order else made
        finally:
            with suppress(Exception):  # what is left is seen at the end
                if not made.in_order or not carried_out(session, drop, wait).in_order:
                    self.table.clear(aws)


def _entering(principal: str) -> Call:
    arguments = {"RoleArn": principal, "RoleSessionName": _SESSION, "DurationSeconds": ENTERED_SECONDS}
    return Call(service="sts", operation="assume_role", arguments=arguments)


def _cost(limit: int) -> str:
    """https://aws.amazon.com/athena/pricing/ (in most regions)"""
    most = f"{limit / 1e6:,.0f} MB, about ${limit / 1e12 * 5:,.5f}".rstrip("0").rstrip(".")
    return (
        "Athena bills about $5 for each TB that a query scans, and at least 10 MB of it ($0.00005); other statements "
        f"are free. The workgroup cuts a query off at {most}."
    )


def _not_entered(principal: str, said: str) -> str:
    return who_acts(
        f"This session cannot enter {principal}: {foreign(said)}",
        "the client's admin lets the operator assume it (its trust policy, and sts:AssumeRole for the operator); "
        "if that was changed just now, the engineer runs it again in a minute; if there is no such role, the "
        "engineer corrects athena_principals",
    )


def _perhaps_results(side: Verdict, denied: str, querier: Querier) -> Verdict:
    if denied == "data" or not querier.results:
        return side
    unsure = (
        f"{side.sentence} AWS's message names no bucket, so it may be the place for results, {querier.results}, too"
    )
    return Verdict(side.result, f"{unsure}.", f"{side.who}; the client's admin checks the place for results")


def _not_asked(name: str, error: OnemataError) -> Check:
    return Check(name=name, result="not provable from here", evidence=str(error))
