"""What the end of a statement of Athena's proves, by AWS's words, and who acts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from ..aws_words import athena as words
from ..aws_words.said import Said
from ..location import Location
from ..resources.athena_queries import Ended
from ..text import counted
from .verdict import Verdict

_UNSEEN: Final = "not provable from here"
_RUN_AGAIN = "the engineer runs it again"

_BY_S3 = (
    words.S3_PATH_DENIED,
    words.S3_DENIED,
    words.S3_DENIED_TOO,
    words.S3_ACCESS_DENIED,
    words.S3_NOT_ALLOWED,
)
_FOR_RESULTS = (words.NO_RESULTS, words.NO_RESULTS_TOO, words.NO_RESULT_BUCKET)
_BUCKET = re.compile(r"(?:s3://|:s3:::)([a-z0-9][a-z0-9.-]+[a-z0-9])")

_NO_RESULTS = "{principal} may not write to the workgroup's place for results, or not read there: {results}."
_RESULTS_OPENED = (
    "the client's admin allows {principal} to write and read there (s3:GetBucketLocation, s3:PutObject, s3:GetObject, "
    "and the key if there is one), or the engineer names another workgroup for athena_workgroup"
)
# In the order in which they are looked for. None of these says anything about the data.
_MEANINGS: tuple[tuple[tuple[Said, ...], str, str], ...] = (
    (
        (words.NO_RESULT_LOCATION,),
        "The workgroup has no place for results.",
        "the client's admin sets the result location of the workgroup {workgroup}, or the engineer names another one",
    ),
    (
        (words.NO_WORKGROUP, words.DISABLED),
        "No query can be run in the workgroup {workgroup}.",
        "the client's admin enables it, or the engineer names another one for athena_workgroup",
    ),
    (
        (words.MAY_NOT_QUERY,),
        "{principal} may not query in the workgroup {workgroup}.",
        "the client's admin allows {principal} to (athena:StartQueryExecution, GetQueryExecution, GetQueryResults and "
        "StopQueryExecution), or the engineer names another one for athena_workgroup",
    ),
    (
        (words.LAKE_FORMATION, words.NO_PRIVILEGE),
        "Lake Formation does not let {principal} make or read the table.",
        "the client's data lake administrator grants {principal} CREATE_TABLE on the database {database}, or names "
        "another one for athena_database",
    ),
    (
        (words.CATALOG_DENIED,),
        "{principal} may not make, see or drop the table {table} in the Glue catalog.",
        "the client's admin allows {principal} glue:GetDatabase, GetTable, CreateTable and DeleteTable for this table, "
        "its database and the catalog, or names another database for athena_database",
    ),
    (
        (words.NO_DATABASE, words.NO_SCHEMA),
        "There is no database {database} in the Glue catalog.",
        "the client's admin makes it, or the engineer names one that is there for athena_database",
    ),
    (
        (words.TABLE_EXISTS, words.NO_TABLE, words.NO_TABLE_TOO),
        "Somebody else made or dropped the table {table} during the proof.",
        f"{_RUN_AGAIN}, and no two at the same time",
    ),
    (
        (words.CUT_OFF,),
        "The query was cut off, since it would have scanned more than the workgroup allows.",
        "the engineer names a small object in a folder of its own for probe_object, or another workgroup",
    ),
)


@dataclass(frozen=True)
class Querier:
    """Who queries, in which workgroup with which place for results, and through which table."""

    principal: str
    workgroup: str
    results: str
    database: str
    table: str

    def reading(self, ended: Ended, place: Location) -> Verdict:
        """What the end of the statements that must read proves. A refusal by S3 is told apart by `denied` before."""
        if ended.in_order and ended.number:
            rows = counted(ended.number, "row")
            return Verdict("proven", f"Athena has read {place.uri} as {self.principal}: {rows}.")
        if ended.in_order:
            seen = f"{self.principal} may list the folder of {place.uri}, but no row of the object came back"
            who = f"Onemata puts the probe object there, or names another for probe_object; then {_RUN_AGAIN}"
            return Verdict(_UNSEEN, f"{seen}: it is not there, it is empty, or Athena skips it.", who)
        return self._unseen(ended, place)

    def refusal(self, ended: Ended, place: Location) -> Verdict:
        """What the end of the statements that must be refused proves. A table alone shows nothing yet."""
        if self.denied(ended, place) in ("data", "not told"):
            return Verdict("proven", "S3 refuses it, as it must.")
        if ended.in_order:
            who = f"Onemata takes what is not this client's out of the bucket policy that lets {self.principal} in"
            return Verdict("failed", f"{self.principal} reaches {place.uri}, which must be refused.", who)
        return self._unseen(ended, place)

    def denied(self, ended: Ended, place: Location) -> Literal["", "data", "results", "not told"]:
        """What S3 refuses: the data at `place`, or the results, if AWS's words tell; empty if it refuses neither."""
        if ended.in_order or ended.under_way:
            return ""
        if any(each.within(ended.said) for each in _FOR_RESULTS):
            return "results"
        if not any(each.within(ended.said) for each in _BY_S3):
            return ""
        named = _BUCKET.findall(ended.said)
        if not named:
            return "not told"
        return "data" if place.bucket in named else "results" if set(named) & set(self._result_buckets) else ""

    @property
    def _result_buckets(self) -> list[str]:
        return _BUCKET.findall(self.results)

    def _unseen(self, ended: Ended, place: Location) -> Verdict:
        if self.denied(ended, place) == "results":
            return Verdict(_UNSEEN, self._filled(_NO_RESULTS), self._filled(_RESULTS_OPENED))
        for said, sentence, who in _MEANINGS if not ended.under_way else ():
            if any(each.within(ended.said) for each in said):
                return Verdict(_UNSEEN, self._filled(sentence), self._filled(who))
        return self._without_meaning(ended)

    def _filled(self, text: str) -> str:
        names = {name: getattr(self, name) for name in ("principal", "workgroup", "database", "table")}
        return text.format(**names, results=self.results or "which Athena keeps")

    def _without_meaning(self, ended: Ended) -> Verdict:
        if ended.under_way:
            why = f"The statement was {ended.status} when the time was up, and Athena was asked to stop it."
            who = f"the client's admin looks at what keeps the workgroup {self.workgroup} busy; then {_RUN_AGAIN}"
            return Verdict(_UNSEEN, why, who)
        if ended.status == "CANCELLED":
            return Verdict(_UNSEEN, "Somebody stopped the statement.", _RUN_AGAIN)
        who = "the engineer reads AWS's message, and asks the client's admin or Onemata about it"
        return Verdict(_UNSEEN, f"The statement ended {ended.status}, for a reason that is not known here.", who)
