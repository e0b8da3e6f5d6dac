"""What the records beside a run tell of its approval: what was done under it, and whether it is used up.

Records are written by several machines, whose clocks differ. So the runs under an approval are known by what they were
told, and their times only serve where they were told less.

A client's service may have thousands of records. What was begun, and last written to, more than a day before a plan was
shown is not read: no run can have been told of an approval before there was a plan to approve, and each writes to its
record as long as it goes on. A day is far more than clocks may differ: AWS refuses the calls of one that is off by a
quarter of an hour. A time of approval that is still to come says that a clock is wrong, so then now counts. Without
one, as with a digest alone, all is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .archive import FILE, goes_on_after, records
from .files import read_file
from .parameters import ServiceParameters
from .plan import CHANGING, Change, Plan
from .record import Record

GOOD_ENDS = ("applied", "verified", "removed")
_CUT_OFF = (None, "failed")
_CLOCKS_DIFFER = timedelta(days=1)
_CHANGING = re.compile(rb'"action": *"(?:apply|remove)"')


@dataclass(frozen=True)
class Past:
    """The approved plan, if a record has it; the runs that changed this account, or may have, the oldest first; and
    those of them under the approval. Then the records that may tell more, but cannot be read."""

    plan: Plan | None
    shown: str
    runs: tuple[Record, ...]
    under: tuple[Record, ...]
    unread: tuple[Path, ...]

    def end_of_approval(self, plan: Plan) -> Record | None:
        """The run that used the approval up, as far as this plan goes; None if none did.

        That is one that came to a good end, since the first under the approval; or one that did a part of this plan,
        since then or since the plan was shown: somebody has undone that.
        """
        first = min((run.started for run in self.under), default="")
        since = [run for run in self.runs if first and run.started >= first]
        ended = [run for run in since if run.outcome in GOOD_ENDS]
        did = [run for run in self.runs if (run in since or self._after_shown(run)) and _did(run, plan)]
        return next(iter([*ended, *did]), None)

    def _after_shown(self, run: Record) -> bool:
        return bool(self.shown) and _last(run) >= self.shown


def past_of(parameters: ServiceParameters, own: Path) -> Past:
    """What the records beside this run's own tell of the approval in its parameters."""
    digest, shown = parameters.approved_plan, parameters.plan_shown
    told = re.compile(rb'"approved_plan": *"%s"' % digest.encode())
    found: list[Record] = []
    unread: list[Path] = []
    for path in _beside(own, may_tell_since(shown)):
        try:
            content = read_file(path)
            if digest.encode() in content or _CHANGING.search(content):
                found.append(Record.model_validate_json(content))
        except FileNotFoundError:
            continue
        except OSError:
            unread.append(path)
        except ValueError:  # made by another version, or damaged
            unread += [path] if told.search(content) else []
    found.sort(key=lambda each: each.started)
    runs = tuple(each for each in found if _acted_here(each, parameters))
    return Past(
        plan=next((each.plan for each in found if each.plan and each.plan.digest == digest), None),
        shown=shown,
        runs=runs,
        under=tuple(each for each in runs if _is_under(each, digest, shown)),
        unread=tuple(path for path in unread if _may_count(path, shown)),
    )


def may_tell_since(shown: str) -> datetime | None:
    """What ended before this tells nothing of the approval of a plan that was shown then. None: anything may tell.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
    """
    return min(datetime.fromisoformat(shown), datetime.now(UTC)) - _CLOCKS_DIFFER if shown else None


def last_approved(folder: Path, digests: Collection[str]) -> str:
    """The digest, of these, under which the newest run in this folder was to change things; empty if there is none."""
    for path in _beside(folder / "none.json"):
        try:
            content = read_file(path)
            if not any(digest.encode() in content for digest in digests):
                continue
            run = Record.model_validate_json(content)
        except (OSError, ValueError):
            continue
        if run.action in CHANGING and (told := run.parameters.get("approved_plan")) in digests:
            return str(told)
    return ""


def _beside(own: Path, since: datetime | None = None) -> list[Path]:
    names = records(path.name for path in own.parent.glob("*.json"))
    return [path for name in names if name != own.name and _may_tell(path := own.parent / name, since)]


def _may_tell(path: Path, since: datetime | None) -> bool:
    try:
        return goes_on_after(since, path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except OSError:  # that is said when it is read
        return True


def _acted_here(run: Record, parameters: ServiceParameters) -> bool:
    """Whether a run changed this account, or may have: a rehearsal, or what was done in another, tells nothing."""
    here = (run.sandbox, run.account_id) == (parameters.sandbox, parameters.account_id)
    return here and run.action in CHANGING and run.outcome in (*_CUT_OFF, *GOOD_ENDS)


def _is_under(run: Record, digest: str, shown: str) -> bool:
    """Whether a run was told this approval, or this digest at any time since the plan was shown."""
    told = run.parameters
    return told.get("approved_plan") == digest and (told.get("plan_shown") == shown or _last(run) >= shown)


def _last(run: Record) -> str:
    """The last moment at which it is known to have gone on."""
    return max(run.started, run.finished or "", *(each.time for each in run.changes_done), "")


def _did(run: Record, plan: Plan) -> bool:
    """Whether a run did a part of this plan."""
    done = [each.change for each in run.changes_done if each.status == "done"]
    return any(_shares_a_call(before, change) for before in done for change in plan.pending)


def _shares_a_call(before: Change, change: Change) -> bool:
    return before.resource == change.resource and any(call in before.calls for call in change.calls)


def _may_count(path: Path, shown: str) -> bool:
    """Whether it is a record, by its name, and of a run since the plan was shown."""
    since = shown.replace(":", "").removesuffix("+0000")
    return bool(FILE.fullmatch(path.name)) and path.name >= since
