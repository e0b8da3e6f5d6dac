"""The story of a run: parameters → connect → plan → apply → verify → hand over → record.

A notebook makes one Runbook and calls its methods in this order; each gives back what the reader sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from botocore.exceptions import BotoCoreError, ClientError

from . import display
from .apply import apply
from .approval import refuse_unless_approved
from .approval_past import may_tell_since
from .calls import ApiCall
from .checks import Check, verify, verify_removal
from .display import View
from .errors import Busy, Interrupted, OnemataError, OutOfOrder, PlanBlocked, PlanChanged, RunFailed, unforeseen
from .lease import lease_of_run
from .lock import lock_of_run
from .outcome import outcome_of
from .parameter_files import changed, from_notebook
from .permissions import needed_for
from .plan import CHANGING, ONLY_SHOW, Plan
from .planning import make_plan, resources_in
from .policy_checks import PolicyChecks
from .preflight import PermissionChecks
from .progress import Progress
from .record import Outcome, Recorder, now
from .redaction import foreign
from .refusal import aws_refusal
from .resources.base import Look, Resource
from .role_sessions import handed_over
from .sandbox_in_use import sandbox_url
from .services import service_of
from .services.base import Choices
from .session import Aws
from .side_by_side import pass_on
from .signing_in import connect
from .text import one_line, sentence
from .wait import Wait
from .watcher import Watcher

FRESH_SECONDS = 10
"""How old a look may be to say what is proven: less than anybody takes to put something right, and then run verify."""

P = ParamSpec("P")
Step = Callable[Concatenate["Runbook", P], View]


def _recorded(step: Step[P]) -> Step[P]:
    """A failure of this step goes into the record before the notebook sees it."""

    @wraps(step)
    def recorded(self: Runbook, /, *args: P.args, **kwargs: P.kwargs) -> View:
        try:
            self.progress.begin(step.__name__)
            return step(self, *args, **kwargs)
        except OutOfOrder:
            raise
        except OnemataError as error:
            failure = error
        except KeyboardInterrupt:
            failure = Interrupted(f"Interrupted in {step.__name__}().")
        except (ClientError, BotoCoreError) as error:
            doing = _doing(step.__name__, self.recorder.record.calls, error)
            failure = aws_refusal(doing, f"account {self.parameters.account_id}", error)
        except Exception as error:  # not foreseen: its traceback is wanted, and the record must not look unfinished
            self.recorder.finish("failed", unforeseen(error))
            self.lock.release()
            raise
        undone = isinstance(failure, PlanBlocked | PlanChanged | Busy)
        self.recorder.finish("blocked" if undone else "failed", str(failure))
        self.lock.release()
        raise failure from None

    return recorded


def _doing(step: str, calls: Sequence[ApiCall], error: ClientError | BotoCoreError) -> str:
    """What failed: the last call that ended so, and the step. With an expired login none is made."""
    if isinstance(error, ClientError):
        failed = [each for each in calls if each.error and each.operation == error.operation_name]
    else:
        failed = [each for each in calls if each.error == type(error).__name__]
    return f"{failed[-1].service}:{failed[-1].operation} in the step {step}" if failed else f"The step {step}"


class Runbook:
    """One service of one client, from parameters to record.

    `service` is redshift, glue or ec2; `variables` the notebook's `globals()`. With `watcher` somebody watches, and
    may run the same notebook again: then that run has a record of its own.
    Raises ParameterError with every problem of the parameters.
    """

    def __init__(
        self,
        service: str,
        variables: Mapping[str, Any],
        wait: Wait | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.parameters = from_notebook(service, variables)
        self.service = service_of(self.parameters)
        self.recorder = Recorder(self.parameters, live=watcher is not None)
        self.watcher = watcher or Watcher()
        self.progress = Progress(self.recorder)
        self.wait = self.progress.telling(wait or Wait())
        self.lock = lock_of_run(self.recorder.path, self.parameters.client, self.parameters.service)
        self.lease = lease_of_run(self.recorder.path, self.parameters.client, self.parameters.service)
        self._policy_checks = PolicyChecks(self.service)
        self._permission_checks = PermissionChecks(self.parameters, needed_for(self.parameters))
        self._aws: Aws | None = None
        self._plan: Plan | None = None
        self._look: Look | None = None
        self._resources: list[Resource] = []
        self._unsettled: list[Resource] = []
        self._verified = False
        self._declined = ""
        self._approved_here = ""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return display.parameters(self.parameters)._repr_mimebundle_()

    @_recorded
    def connect(self) -> View:
        """Sign in, refuse any other account than the client's, and ask what the operator may not do there.

        Raises ConnectError.
        """
        apis = (*self.service.apis, *self._policy_checks.apis)
        before_request = self.lease.before_request if self.lease else None
        url = sandbox_url(self.parameters)
        self._aws = connect(self.parameters, apis, self._called, url, handed_over(), before_request)
        self.recorder.secrets = self._aws.secrets()
        self.recorder.keep(operator_arn=self._aws.identity.arn, endpoints=self._aws.endpoints)
        preflight = self._permission_checks.ask(self._aws) if self.parameters.preflight else None
        self.recorder.keep(preflight=preflight)
        return display.identity(
            self._aws.identity, self._aws.endpoints, sandbox=self.parameters.sandbox, preflight=preflight
        )

    @_recorded
    def plan(self) -> View:
        """Read what is there and say what would be done. Changes nothing.

        If the action changes something, this first waits for other runs that do. Raises Busy if that takes too long.
        """
        self._verified, self._look = False, None
        if self.parameters.action in CHANGING:
            self._take_locks()
            if self.lease and self.parameters.approved_plan:  # they tell whether that approval was used up
                self.lease.fetch_earlier_records(may_tell_since(self.parameters.plan_shown))
        look = Look(self._connected())
        self._plan = self._permission_checks.on(self._policy_checks.on(self._make_plan(look), look))
        self._look = None if self._unsettled else look
        self.recorder.keep(plan=self._plan, plan_digest=self._plan.digest)
        return display.plan(self._plan)

    @property
    def shown_plan(self) -> Plan:
        """The plan that was shown last. Raises OutOfOrder if there is none."""
        return self._planned()

    def choices(self) -> dict[str, Choices]:
        """What the account can tell of parameters, by their names: their possible values, each with a name for people.

        Empty before signing in, and where the operator may not look.
        """
        if self._aws is None:
            return {}
        try:
            return self.service.choices(Look(self._aws))
        except (ClientError, BotoCoreError, OnemataError):
            return {}

    def approve(self, approved_by: str, reference: str, *, just_now: bool) -> Plan:
        """Somebody approves the plan that was shown: `apply` then does exactly that one, as if it had been asked to.

        Not `just_now` if the parameters had that approval: it may have been used up.
        Raises ParameterError for a name or a reference that the record cannot take.
        """
        plan = self._planned()
        action = "remove" if plan.removes else "apply"
        told = {"approved_plan": plan.digest, "approved_by": approved_by, "approval_reference": reference}
        told |= {"plan_shown": now()} if just_now else {}
        self.parameters = changed(self.parameters, {"action": action} | told)
        self._plan = plan.model_copy(update={"action": action})
        self._approved_here = plan.digest if just_now else ""
        approved_at = now() if just_now and approved_by else ""
        self.recorder.begin_to(self.parameters, plan=self._plan, approved_at=approved_at)
        return self._plan

    def decline(self, declined_by: str, why: str) -> View:
        """Somebody declines the plan that was shown. Nothing is changed, and that is the outcome."""
        self._planned()
        by = f" by {one_line(declined_by, 128)}" if declined_by.strip() else ""
        self._declined = sentence(f"Declined{by}: {one_line(foreign(why))}")
        return self.finish()

    @_recorded
    def apply(self) -> View:
        """Do exactly the plan, when the action asks for it.

        Raises PlanBlocked, PlanChanged, Busy, LockLost, AwsRefused or NotUsable.
        """
        plan = self._planned()
        if plan.action not in CHANGING:
            return display.sentence(f"The action is {plan.action}: nothing is changed.")
        self._take_locks()  # before it is looked up whether the approval was used: another run may be using it now
        refuse_unless_approved(plan, self.parameters, self.recorder.path, just_now=self._approved_here == plan.digest)
        if plan.waiting:
            return display.sentence("Nothing is changed before Onemata has answered.")
        self._settle_what_was_begun()
        if not plan.pending:
            return display.sentence("No changes: there is nothing to do.")
        self._permission_checks.refuse(self._connected(), plan)
        self._look = None
        self._refuse_if_account_moved(plan)
        apply(
            plan,
            {each.key: each for each in self._resources},
            self._connected(),
            self.wait,
            self.watcher.after(self.progress.of_changes(plan)),
            self.recorder.raise_trouble,
        )
        return display.done(self.recorder.record.changes_done)

    @_recorded
    def verify(self) -> View:
        """Look at everything and say what is proven, unless the action is only to plan.

        It is looked at anew if this run has changed something, or if the plan was not made just now.
        """
        plan = self._planned()
        if plan.action in ONLY_SHOW or plan.waiting:
            return display.sentence("Nothing was changed, so there is nothing to prove.")
        removing = plan.action == "remove"
        # The proof first, so that it is also seen what a proof leaves behind.
        proven = [] if removing else list(self.watcher.each(self._prove(self._look_that_holds())))
        self.recorder.keep(checks=proven)
        look = self._look_that_holds()
        resources = resources_in(self.service, self.parameters.action, look)
        look.ahead(each.removal if removing else each.changes for each in resources)
        checks = list(self.watcher.each((verify_removal if removing else verify)(resources, look)))
        self.recorder.keep(checks=[*checks, *proven])
        self._verified, self._look = True, None
        return display.checks(self.recorder.record.checks)

    @_recorded
    def judge(self, pasted: Mapping[str, str]) -> View:
        """Judge what the two commands printed on an instance; `pasted` maps instance ids to that text."""
        if not pasted:
            return display.sentence("Nothing was pasted.")
        judged = self.service.judge(pasted)
        anew = {check.name: check for check in [*self.recorder.record.checks, *judged]}
        self.recorder.keep(checks=list(anew.values()))
        return display.checks(judged)

    @_recorded
    def hand_over(self) -> View:
        """What Onemata must receive, and what each side copies."""
        hand_over = self._planned().hand_over
        if hand_over is None:
            return display.sentence("After a removal there is nothing to hand over.")
        self.recorder.keep(hand_over=hand_over)
        return display.hand_over(hand_over)

    def finish(self) -> View:
        """The outcome. Raises RunFailed when it is blocked or failed, so that papermill and batch runs see it."""
        outcome, why = self._outcome()
        self.recorder.finish(outcome, why)
        self.lock.release()
        self.recorder.raise_trouble()
        if outcome in ("blocked", "failed"):
            raise RunFailed(f"{outcome.upper()}: {why}\nRecord: {self.recorder.path}")
        return display.outcome(self.recorder.record, self.recorder.path)

    def _take_locks(self) -> None:
        """That of this machine or folder, and that of the bucket, if the records are kept in one."""
        self.lock.take(self.wait)
        if self.lease:
            self.lease.take(self.wait)

    def _called(self, call: ApiCall) -> None:
        def tell() -> None:
            self.recorder.add_call(call)
            self.watcher.call(call)

        pass_on(tell)

    def _prove(self, look: Look) -> Iterator[Check]:
        """A proof may make something for its time, and nothing is made without a record."""
        self.recorder.raise_trouble()
        return self.service.prove(look, self.wait, patient=bool(self.recorder.record.changes_done))

    def _make_plan(self, look: Look) -> Plan:
        planned = make_plan(self.service, self.parameters.action, look)
        self._resources, self._unsettled = planned.resources, planned.unsettled
        return planned.plan

    def _look_that_holds(self) -> Look:
        """The last look, if nothing of it passes by itself or was changed by this run, and it began just now.

        Else a new one. Where verify follows the plan at once, as in a batch, to read all of it again proves no more.
        """
        if self._look is None or not self._look.holds(FRESH_SECONDS):
            self._look = Look(self._connected())
        return self._look

    def _refuse_if_account_moved(self, shown: Plan) -> None:
        """A client may take minutes to approve; what is applied is still what was shown.

        All is looked at again, also where it followed at once, and not only what is about to be written: the digest
        covers the proofs and the hand-over, too, and this is the last look before the writes.
        """
        found = self._make_plan(Look(self._connected()))
        if found.digest != shown.digest:
            raise PlanChanged(
                f"Nothing was done: the account has changed since the plan {shown.digest} was shown; the plan is "
                f"now {found.digest}. Who acts: the engineer plans again, and has the new plan approved."
            )

    def _settle_what_was_begun(self) -> None:
        """An earlier run may have been cut off while AWS worked; what it began is waited for first."""
        for each in self._unsettled:
            self._settle(each)

    def _settle(self, resource: Resource) -> None:
        def state() -> str:
            return resource.unsettled(Look(self._connected())) or "usable"

        self.wait.until(resource.key, state, "usable", resource.settling_seconds)

    def _outcome(self) -> tuple[Outcome, str]:
        plan, checks, stale = self._planned(), self.recorder.record.checks, self.parameters.approved_plan
        if self._declined:
            return "declined", self._declined
        return outcome_of(plan, checks, verified=self._verified, approved_plan=stale)

    def _connected(self) -> Aws:
        if self._aws is None:
            raise OutOfOrder("There is no session yet: run the cells from the top.")
        return self._aws

    def _planned(self) -> Plan:
        if self._plan is None:
            raise OutOfOrder("There is no plan yet: run the cells from the top.")
        return self._plan
