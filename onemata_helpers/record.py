"""The record of a run: what was planned, done and seen, as JSON. It is written, never read back as state."""

from __future__ import annotations

import json
import os
import platform
import re
import stat
import time
from bisect import insort
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from .apply import Done
from .calls import ApiCall
from .checks import Check
from .errors import ParameterError, Problem, RecordNotWritten, who_acts
from .files import replace_file, take
from .hand_over import HandOver
from .parameters import ServiceParameters
from .permitted import Preflight
from .places import is_elsewhere
from .plan import Plan
from .redaction import without_secrets
from .text import counted, is_plain, one_line, visible

Outcome = Literal["planned", "declined", "applied", "verified", "waiting", "blocked", "failed", "removed"]

SANDBOX_NOTICE = "SANDBOX RECORD: NO REAL AWS ACCOUNT WAS READ OR CHANGED"


class Record(BaseModel):
    """One run of one runbook. `outcome` and `finished` are null as long as the run has not come to its end."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    notice: str = Field(description="For a sandbox run, says in large letters that it was one")
    sandbox: bool
    client: str
    account_id: str
    region: str
    service: str
    action: str
    outcome: Outcome | None = None
    reason: str = Field("", description="Why the outcome is what it is; of a failure, who acts")
    started: str = Field(description="UTC")
    finished: str | None = Field(None, description="UTC; null: the run was cut off")
    doing: str = Field("", description="What it was doing when this was written; empty at its end")
    operator_arn: str = Field("", description="Who ran it, as STS says; empty until known")
    approved_by: str = Field("", description="Who approved the plan, as the operator says")
    approval_reference: str = Field("", description="Where that approval can be read, as the operator says")
    approved_at: str = Field(
        "",
        description="UTC; when the plan on the screen was approved. Empty: not approved, or in parameters, where "
        "the time is not known",
    )
    endpoints: dict[str, str] = Field(
        default_factory=dict, description="Addresses that are not AWS's, by service; empty: all calls go to AWS"
    )
    parameters: dict[str, Any]
    preflight: Preflight | None = Field(None, description="What the operator may do; null: not asked")
    plan: Plan | None = None
    plan_digest: str = ""
    changes_done: list[Done] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    hand_over: HandOver | None = None
    calls: list[ApiCall] = Field(default_factory=list, description="Every AWS call, in the order in which they began")
    versions: dict[str, str]


class Recorder:
    """Keeps a Record and its file in step: after each `keep` the file holds all that is known so far.

    The file is there from the first moment. Raises RecordNotWritten if it cannot be, or if `parameters.record` names
    one that is there already; only a record that was begun for this very run is continued. With `live`, where cells may
    be run again, the next run's record has a place of its own beside it.
    """

    def __init__(self, parameters: ServiceParameters, *, live: bool = False) -> None:
        self.secrets: list[str] = []
        self._trouble = ""
        if not parameters.record:
            self.path, self.record = begin(parameters, default_root(), notebook=live)
        elif live and _holds_a_run(Path(parameters.record)):
            self.path, self.record = _begun_in(Path(parameters.record).parent, parameters, notebook=False)
        else:
            self.path = Path(parameters.record)
            self.record = _continued(parameters, self.path, live) or _begun(parameters)
        if live:
            self.path = self.path.resolve()  # a kernel's working folder may change
        self._write()
        self.raise_trouble()

    def keep(self, **values: Any) -> None:
        """Set fields of the record, and write it. Raises RecordNotWritten."""
        for name, value in values.items():
            setattr(self.record, name, value)
        self._write()
        self.raise_trouble()

    def begin_to(self, parameters: ServiceParameters, **values: Any) -> None:
        """Set what the record says of the parameters, which were changed after it was begun, and fields. As `keep`."""
        begun = _begun(parameters)
        told = (
            "region",
            "account_id",
            "action",
            "approved_by",
            "approval_reference",
            "parameters",
            "sandbox",
            "notice",
        )
        self.keep(**{name: getattr(begun, name) for name in told}, **values)

    def add_call(self, call: ApiCall) -> None:
        """Add an AWS call in its place by time. The file follows with the next write, or at once after a write.

        Raises nothing, since botocore would lose AWS's answer: `raise_trouble` says it.
        """
        insort(self.record.calls, call, key=_began)
        if call.access == "write":
            self._write()

    def add_change(self, done: Done) -> None:
        """Add a change that was begun, or say how it ended. Raises nothing: `raise_trouble` says it."""
        before = self.record.changes_done
        self.record.changes_done = [*(each for each in before if each.status != "begun"), done]
        self._write()

    def note(self, doing: str) -> None:
        """Say what is being done. Raises nothing: `raise_trouble` says it."""
        self.record.doing = one_line(doing)
        self._write()

    def finish(self, outcome: Outcome, reason: str) -> None:
        """The end of the run. Raises nothing, so that it hides no failure: `raise_trouble` says it."""
        self.record.outcome, self.record.reason, self.record.finished = outcome, visible(reason), now()
        self.record.doing = ""
        self._write()

    def raise_trouble(self) -> None:
        """Raise RecordNotWritten if the last write failed, with what was done in AWS by then."""
        if self._trouble:
            raise _not_written(self.path, self._trouble, done_so_far(self.record))

    def _write(self) -> None:
        try:
            write_record(self.path, self.record, self.secrets)
        except (OSError, ValueError, TypeError) as error:
            self._trouble = _words(error)
        else:
            self._trouble = ""


def write_record(path: Path, record: Record, secrets: Sequence[str] = ()) -> None:
    """Write a record so that it reads as text and parses as JSON, whatever AWS or an instance put into it.

    Raises OSError.
    """
    replace_file(path, _UNSEEN.sub(_escaped, without_secrets(_in_json(record.model_dump()), secrets)) + "\n")


def read_record(path: Path) -> Record:
    """The record in a file. Raises OSError, and ValueError if it holds none."""
    return Record.model_validate_json(path.read_text(encoding="utf-8"))


def begin(parameters: ServiceParameters, root: Path, *, notebook: bool) -> tuple[Path, Record]:
    """A record that has begun, at a place that no other run has: `<root>/<client>/<service>/<UTC time>.json`.

    With `notebook` the place beside it, with `.ipynb`, is taken too. Raises RecordNotWritten.
    """
    return _begun_in(root / parameters.client / parameters.service, parameters, notebook=notebook)


def _begun_in(folder: Path, parameters: ServiceParameters, *, notebook: bool) -> tuple[Path, Record]:
    record = _begun(parameters)
    while True:
        path = folder / f"{datetime.now(UTC).strftime('%Y-%m-%dT%H%M%S.%f')[:-3]}Z.json"
        try:
            _take_with(path, record, [path, *([path.with_suffix(".ipynb")] if notebook else [])])
        except FileExistsError:
            time.sleep(0.001)  # the next millisecond has another name
        except OSError as error:
            raise _not_written(path, _words(error), done_so_far(record)) from None
        else:
            return path, record


def _take_with(path: Path, record: Record, places: Sequence[Path]) -> None:
    """Take these places and write the record in its own, or, as on a full disk, leave none of them taken.

    An empty one would count as a record that cannot be read, of a run that never began. Raises OSError.
    """
    taken = []
    try:
        for place in places:
            take(place)
            taken.append(place)
        write_record(path, record)
    except OSError:
        for place in taken:
            with suppress(OSError):
                place.unlink()
        raise


def done_so_far(record: Record) -> str:
    """What a run changed, as a sentence."""
    done = [done.change.resource for done in record.changes_done if done.status == "done"]
    wrote = [f"{call.service}:{call.operation}" for call in record.calls if call.access == "write" and not call.error]
    if not done and not wrote:
        return "Nothing was changed in AWS."
    changes = f"{counted(len(done), 'change')} done ({', '.join(done)})" if done else "no change was completed"
    return f"So far: {changes}; the calls that went through: {', '.join(wrote)}."


def _begun(parameters: ServiceParameters) -> Record:
    return Record(
        notice=SANDBOX_NOTICE if parameters.sandbox else "",
        sandbox=parameters.sandbox,
        client=parameters.client,
        account_id=parameters.account_id,
        region=parameters.region,
        service=parameters.service,
        action=parameters.action,
        started=now(),
        approved_by=parameters.approved_by,
        approval_reference=parameters.approval_reference,
        parameters=parameters.model_dump(mode="json", exclude={"record"}),
        versions=dict(versions()),
    )


def _continued(parameters: ServiceParameters, path: Path, live: bool) -> Record | None:
    """The record that `onemata run` has just begun at this place for these parameters; None for a place just taken.

    With `live` the parameters may have been changed since, as long as nothing was done. Raises RecordNotWritten for any
    other file.
    """
    try:
        take(path)
    except FileExistsError:
        found = _readable(path)
        wanted = _begun(parameters)
        if found is not None and live and not found.calls:
            return wanted
        if found is None or not _is_begun(found, wanted):
            said = "there is a file already, and no record is written over"
            raise _not_written(path, said, "Nothing was changed in AWS.") from None
        return found
    except OSError as error:
        raise _not_written(path, _words(error), "Nothing was changed in AWS.") from None
    return None


def _is_begun(found: Record, wanted: Record) -> bool:
    """Whether a record says that this run has begun, and nothing else."""
    return found == wanted.model_copy(update={"started": found.started})


def _holds_a_run(path: Path) -> bool:
    """Whether a run of this notebook has this record already."""
    found = _readable(path)
    return found is not None and bool(found.calls or found.outcome)


def _readable(path: Path) -> Record | None:
    """The record in a file; None for what is no ordinary file: to read a pipe would wait for ever."""
    try:
        return read_record(path) if stat.S_ISREG(path.lstat().st_mode) else None
    except (OSError, ValueError):
        return None


def _not_written(path: Path, why: str, done: str) -> RecordNotWritten:
    return RecordNotWritten(
        who_acts(
            f"The record {path} cannot be written: {why}. {done} Nothing more is changed without a record",
            "the engineer corrects that, or names another place (`record`, `--records`), and runs the notebook "
            "again, which completes what was begun",
        )
    )


def _began(call: ApiCall) -> str:
    return call.time


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


# All that `text.is_plain` does not count as plain, but for the line ends that JSON puts between its own lines.
_UNSEEN = re.compile(r"[^\n\x20-\x7e]")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if is_plain(character):
        return character
    if "\ud800" <= character <= "\udfff":
        return rf"\\u{ord(character):04x}"  # half a character is not JSON: it is written out as text
    return json.dumps(character)[1:-1]


def _in_json(content: dict[str, Any]) -> str:
    try:
        return to_json(content, indent=2, bytes_mode="base64", inf_nan_mode="strings", fallback=str).decode()
    except PydanticSerializationError:  # half a character, which Python's own writes as it is, but slowly
        return json.dumps(content, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    return to_jsonable_python(value, bytes_mode="base64", fallback=str)


def default_root() -> Path:
    """The folder that ONEMATA_RECORDS names, else `records/` beside `notebooks/` or in the working folder.

    Raises ParameterError for a bucket, or another address, which would be made as a folder here.
    """
    if named := os.environ.get("ONEMATA_RECORDS"):
        if is_elsewhere(named):
            raise ParameterError([Problem("the environment", "ONEMATA_RECORDS", named, "must be a folder here")])
        return Path(named)
    here = Path.cwd()
    return (here.parent if here.name == "notebooks" else here) / "records"


def now() -> str:
    """The time, in UTC, as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@cache
def versions() -> Mapping[str, str]:
    """What runs here. To find it out, files are read."""
    return {
        "onemata-runbooks": version("onemata-runbooks"),
        "python": platform.python_version(),
        "boto3": version("boto3"),
        "botocore": version("botocore"),
    }
