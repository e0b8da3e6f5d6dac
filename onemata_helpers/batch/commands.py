"""What the commands do: plan, have approved, apply, verify. Each gives back whether nobody has to look at anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ..approval_past import last_approved
from ..choices import Action
from ..errors import OnemataError, ParameterError, Problem, who_acts
from ..plan import Plan
from ..record import now, read_record
from ..terminal import say, somebody_is_there
from ..text import counted, one_line, some
from .approvals import Approvals, read_approvals, refuse_taken, write_approvals
from .found import found
from .jobs import Job, Result, not_begun
from .listing import show_list
from .options import Approval, How, Planning, Which
from .questions import approves, show_plan
from .work import Work, chosen

Changing = Literal["apply", "remove"]


class NotApproved(OnemataError):
    """Nobody could approve what is to be applied."""


def run(which: Which, how: How, action: Action | None) -> bool:
    """Run the runbooks with this action, or with that of their files."""
    if which.list_only:
        return _listed(which, how, action)
    with chosen(which, how, action) as work:
        return work.ended(work.run(work.todo))


def plan(which: Which, how: How, planning: Planning) -> bool:
    """Show what would be done, and write it to a file to be approved if asked. Raises ApprovalsNotWritten."""
    action: Action = "plan-removal" if planning.remove else "plan"
    if which.list_only:
        return _listed(which, how, action)
    if planning.write_approvals:
        refuse_taken(planning.write_approvals)
    began = now()
    with chosen(which, how, action) as work:
        results = work.run(work.todo)
        planned = [(result, _plan_of(result)) for result in [*work.known, *results]]
        if len({job.parameters.client for job in work.todo}) == 1:
            for result, each in planned:
                if each:
                    show_plan(result.name, each)
        well = work.ended(results)
        if planning.write_approvals and work.interrupted:
            say(f"Interrupted: {one_line(str(planning.write_approvals))} was not written.")
            return False
        if planning.write_approvals:
            number = write_approvals(planning.write_approvals, "remove" if planning.remove else "apply", planned, began)
            say(f"{counted(number, 'plan')} to approve: {one_line(str(planning.write_approvals))}")
        return well


def change(which: Which, how: How, action: Changing, approval: Approval) -> bool:
    """Apply or remove what is approved, and nothing else. Raises NotApproved where nobody could approve it."""
    if which.list_only:
        return _listed(which, how, action)
    _refuse_two_ways(approval)
    digests = _digests(approval)
    approvals = read_approvals(approval.approved, action) if approval.approved else None
    if not (digests or approvals or approval.auto_approve or somebody_is_there()):
        raise _nobody(action)
    with chosen(which, how, action) as work:
        if approvals:
            todo, others = _approved_in(approvals, work)
        elif approval.auto_approve:
            todo, others = list(work.todo), []
        else:
            todo, others = _approved_now(work, action, digests)
        return work.ended([*others, *work.run(todo)])


def _listed(which: Which, how: How, action: Action | None) -> bool:
    todo, left_out = found(which, how, action)
    show_list(todo, left_out)
    return True


def _refuse_two_ways(approval: Approval) -> None:
    """Raise ParameterError where one of them would be overlooked."""
    ways = {"--approve": approval.approve, "--approved": approval.approved, "--auto-approve": approval.auto_approve}
    given = [name for name, value in ways.items() if value]
    if len(given) > 1:
        must = f"must stand without {' and '.join(given[1:])}: plans are approved in one way"
        raise ParameterError([Problem("the command line", given[0], "", must)])


def _digests(approval: Approval) -> set[str]:
    given = approval.approve or []
    must = "must be the digest under a plan: 20 hexadecimal digits"
    wrong = [each for each in given if not re.fullmatch("[0-9a-f]{20}", each)]
    if wrong:
        raise ParameterError(Problem("the command line", "--approve", each, must) for each in wrong)
    return set(given)


def _nobody(action: Changing) -> NotApproved:
    ways = (
        "the engineer runs it in a terminal, which shows each plan and asks; or has the file of `onemata plan "
        "--write-approvals FILE` approved and gives it with --approved FILE; or names plans with --approve DIGEST; "
        f"or lets `onemata {action} --auto-approve` change what nobody has seen"
    )
    return NotApproved(who_acts("Nothing was started: nobody approves the plans, and this is no terminal", ways))


def _plan_of(result: Result) -> Plan | None:
    try:
        return read_record(result.record).plan if result.record else None
    except (OSError, ValueError):  # the result says so already
        return None


def _approved_in(approvals: Approvals, work: Work) -> tuple[list[Job], list[Result]]:
    """The jobs that a file approves, with its approval, and a result for each of the others."""
    given = [(job, approvals.give(job)) for job in work.todo]
    here = {job.name for job in work.todo} | {result.name for result in work.known}
    elsewhere = sorted(approvals.plans.keys() - here)
    if elsewhere:
        say(f"Approved, but not among what is chosen here: {some(elsewhere)}.")
    others = [
        not_begun(job, "not approved", "The approvals do not name its plan: it was struck out, or never in that file.")
        for job, approved in given
        if approved is None
    ]
    return [approved for _, approved in given if approved], others


def _approved_now(work: Work, action: Changing, digests: set[str]) -> tuple[list[Job], list[Result]]:
    """Plan first; then the jobs whose plans are approved, each with its digest, and a result for each of the others.

    Approved is a plan that changes nothing, one whose digest is given, what is left of such a one, and one that a
    person says `yes` to.
    """
    looking = {"apply": "plan", "remove": "plan-removal"}[action]
    results = {result.name: result for result in work.run([job.told(action=looking) for job in work.todo])}
    others: list[Result] = []
    todo: list[Job] = []
    asked: dict[str, list[tuple[Job, Plan]]] = {}
    for job in work.todo:
        planned = _plan_of(results[job.name]) if results[job.name].outcome == "planned" else None
        if planned is None:
            others.append(results[job.name])
        elif not planned.pending or (digests and planned.digest in {job.parameters.approved_plan, *digests}):
            todo.append(_told(job, planned.digest))
        elif digests and (before := last_approved(job.folder, digests)):
            todo.append(_told(job, before))  # that run may have left this of its plan
        elif digests:
            others.append(not_begun(job, "blocked", _is_another(planned)))
        else:
            asked.setdefault(job.parameters.client, []).append((job, planned))
    for pairs in asked.values():
        if work.interrupted or _approved(work, pairs):
            todo += [_told(job, each.digest, now()) for job, each in pairs]
        else:
            others += [not_begun(job, "not approved", "Nobody said yes to its plan.") for job, _ in pairs]
    return todo, others


def _told(job: Job, digest: str, shown: str = "") -> Job:
    """The job with this approval. Whoever approved another plan, as its files say, did not approve this one."""
    ours = job.parameters.approved_plan in ("", digest)
    by = {} if ours else {"approved_by": "", "approval_reference": ""}
    return job.told(approved_plan=digest, plan_shown=shown, **by)


def _approved(work: Work, pairs: Sequence[tuple[Job, Plan]]) -> bool:
    """Whether a person says yes to a client's plans. Ctrl-C in place of an answer ends all."""
    try:
        with work.asked.raised():
            return approves(pairs)
    except KeyboardInterrupt:
        return True  # and not run


def _is_another(planned: Plan) -> str:
    happened = f"Nothing was done: the plan is {planned.digest}, which --approve does not name. {planned.counts}"
    return who_acts(happened, "the engineer has this plan approved, and names it")
