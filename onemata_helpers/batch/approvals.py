"""Approval of many plans: a file that a person goes through, strikes out in, and signs with a name and a reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..client_file import Place, read
from ..display import in_one_line
from ..errors import OnemataError, ParameterError, Problem, who_acts
from ..files import try_folder, write_new
from ..parameter_files import problem_of
from ..plan import Plan
from ..raw_value import shown_place
from ..text import one_line
from ..values import Approver, Digest, Filled, Reference, Text, UtcTime, matches
from .jobs import Job, Result

_HEAD = """\
# Plans to be approved for `onemata {action}`. Changes nothing by itself.
# Each line `client/service: "digest"` stands for exactly the plan above it; the record named there shows it in full.
# 1. Strike out what is not approved: delete its line, or put a # before it.
# 2. Fill in who approves, and where that can be read. Both go into each record.
# 3. onemata {action} CLIENT_DIR... --approved {file}
approved_by: ""
approval_reference: ""
# When the first of these plans was begun: what was done of them since is not done again. Leave this line as it is.
shown: "{when}"
action: {action}
"""
# Of plans for a thousand clients.
_LONGER_THAN_A_CLIENTS = 500

_JobName = Annotated[
    Text,
    matches(r"[a-z0-9][a-z0-9-]{0,62}/(?:redshift|glue|ec2)", "must be a client and a service, like acme/redshift"),
]


class ApprovalsNotWritten(OnemataError):
    """The file with the plans cannot be written."""


class Approvals(BaseModel):
    """What a person approved: the digest of each plan by client and service, when they were `shown`, and who did it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    approved_by: Annotated[Approver, Filled]
    approval_reference: Annotated[Reference, Filled]
    shown: Annotated[UtcTime, Filled]
    action: Literal["apply", "remove"]
    plans: dict[_JobName, Annotated[Digest, Filled]] = Field(min_length=1)

    def give(self, job: Job) -> Job | None:
        """The job with its approval; None if it has none."""
        digest = self.plans.get(job.name)
        if digest is None:
            return None
        by = {"approved_by": self.approved_by, "approval_reference": self.approval_reference}
        return job.told(approved_plan=digest, plan_shown=self.shown, **by)


def read_approvals(path: Path, action: str) -> Approvals:
    """The approvals in a file. Raises ParameterError with every problem, one of which may be another action.

    A remark behind a plan is refused: YAML leaves it out, and `# no` there would count as approved.
    """
    file = read(path, _LONGER_THAN_A_CLIENTS)
    if file.problems:
        raise ParameterError(file.problems)
    try:
        found = Approvals.model_validate(file.values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise ParameterError(problem_of(each, file) for each in details) from None
    places: list[Place] = [("plans", name) for name in found.plans]
    must = "must stand alone in its line: to strike it out, put a # before it; any other remark gets a line of its own"
    if remarked := [place for place in places if place in file.remarked]:
        raise ParameterError(Problem(str(path), shown_place(place), "", must, file.line(place)) for place in remarked)
    if found.action != action:
        must = f"must be {action}: these plans are for another command"
        raise ParameterError([Problem(str(path), "action", found.action, must, file.line(("action",)))])
    return found


def refuse_taken(path: Path) -> None:
    """Raise ApprovalsNotWritten if a file that is to be written later has no place, or there is something in it."""
    if path.exists() or path.is_symlink():
        raise _not_written(path, "there is a file already, and it may be somebody's approval")
    try:
        try_folder(path.parent)
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from None


def write_approvals(path: Path, action: str, planned: Sequence[tuple[Result, Plan | None]], began: str) -> int:
    """Write the file for these plans, and give back how many there are to approve. Raises ApprovalsNotWritten.

    `began` is when the first of them was begun: what any run does after that may be undone before somebody approves.
    """
    head = _HEAD.format(when=began, action=action, file=one_line(str(path)))
    to_approve = [(result, plan) for result, plan in planned if plan and result.outcome == "planned"]
    others = [result for result, _ in planned if result.outcome != "planned"]
    plans = [line for result, plan in to_approve for line in _plan(result, plan)]
    listed = ["", "# These have no plan that could be approved:"] if others else []
    listed += [f"# {each.name}: {each.outcome}: {one_line(each.reason)}" for each in others]
    text = "\n".join([head, "plans:" if plans else "plans: {}", *plans, *listed])
    try:
        write_new(path, text + "\n")
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from None
    return len(to_approve)


def _plan(result: Result, plan: Plan) -> list[str]:
    changes = [in_one_line(change) for change in plan.changes if change.kind != "nothing"]
    proofs = [(proof.proves, proof.cost) for proof in plan.proofs]
    return [
        "",
        f"  # {result.name} in account {plan.account_id}, {plan.region}. {plan.counts}",
        *(f"  #   {change}" for change in changes),
        *(f"  #   the operator lacks: {one_line(action)}" for action in plan.lacking),
        *(f"  #   runs on {one_line(f'{script.instance_id}: {script.purpose}')}" for script in plan.scripts),
        *(f"  #   asks for proof: {one_line(': '.join(filter(None, each)))}" for each in proofs),
        f"  # Record: {one_line(str(result.record))}",
        f'  {result.name}: "{plan.digest}"',
    ]


def _not_written(path: Path, why: str) -> ApprovalsNotWritten:
    happened = f"The plans cannot be written to {path}: {why}. Nothing was done in AWS"
    return ApprovalsNotWritten(who_acts(happened, "the engineer names another file with --write-approvals"))
