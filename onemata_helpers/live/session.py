"""A runbook with somebody at it: each step shows how it goes on, and nothing is applied before it is approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .. import display
from ..display import View, word
from ..errors import OnemataError, OutOfOrder, ParameterError, RunFailed
from ..plan import ONLY_SHOW, Plan
from ..runbook import Runbook
from ..services.base import Choices
from ..signing_in import profiles
from ..wait import Wait
from . import cards
from .approval import ApprovalPanel, Offer
from .client_folder import ClientFolder
from .form import Form
from .frontend import Both
from .progress import row_of
from .question import Question
from .screen import Screen
from .steps import Steps
from .stopped import Stopped

# Without an approval a plan is only shown.
_UNTIL_APPROVED = {"apply": "plan", "remove": "plan-removal"}


class LiveRunbook:
    """The steps of a Runbook, as the cells of a notebook that somebody runs.

    What a cell shows stays under it, and is brought up to date there by later steps and by clicks.
    """

    _latest: ClassVar[Runbook | None] = None
    _latest_session: ClassVar[LiveRunbook | None] = None

    def __init__(self, service: str, variables: Mapping[str, Any]) -> None:
        if LiveRunbook._latest_session:
            LiveRunbook._latest_session._has_a_successor()
        LiveRunbook._latest_session = self
        self._service, self._given = service, dict(variables)
        self._folder = ClientFolder.of_this_session(service, variables)
        self._form = Form(self._folder, self._changed, self._saved, self._choices) if self._folder else None
        self._screen = Screen()
        self._question = Question()
        self._steps = Steps(self._screen, self._failed, self._must_be_newest)
        self._start()

    def _start(self) -> None:
        """A run, with a record of its own. The one before lets others change things for this client again."""
        if LiveRunbook._latest:
            LiveRunbook._latest.lock.release()
        values = self._folder.values if self._folder else self._given
        self._asked = str(values.get("action", "plan"))
        told = {"action": _UNTIL_APPROVED.get(self._asked, values.get("action", "plan"))}
        progress = self._steps.progress
        runbook = Runbook(self._service, values | told, Wait(tell=progress.waiting), progress)
        LiveRunbook._latest = self._runbook = runbook
        self._plan: Plan | None = None
        self._question.end()
        self._decided = False
        self._screen.belongs_to(runbook.parameters, runbook.recorder.path)

    def _has_a_successor(self) -> None:
        """The first cell was run again, perhaps with other values: nothing of this session can be approved any more."""
        self._question.end(cards.SUPERSEDED)
        if self._form:
            self._form.lock()

    # The cells.

    def _ipython_display_(self) -> None:
        self._screen.place("status").open(cards.ready(opened=self._folder is not None))
        self._screen.place("parameters").open(self._parameters())
        if self._form:
            self._form.open()
        self._screen.keep()

    def connect(self) -> None:
        """Sign in, and refuse any other account than the client's."""
        self._steps.cell("connect", self._runbook.connect, "Signing in.")
        self._offer_choices()

    def plan(self) -> None:
        """Read what is there and say what would be done. Changes nothing.

        If this cell is run again, what was asked about the plan before is asked about the new one.
        """
        again = self._screen.place("apply").is_open and not self._decided
        if again:
            self._question.end(cards.PLANNED_ANEW)
        self._steps.cell("plan", self._runbook.plan, "Reading the account.")
        self._has_planned()
        if again:
            self._go_on()

    def apply(self) -> None:
        """Ask whether the plan is approved, and do exactly the plan when it is."""
        plan = self._shown()
        if self._runbook.recorder.record.outcome in ("applied", "verified", "removed"):
            self._screen.place("apply").open(cards.USED_UP)
        elif not self._waits():
            self._steps.cell("apply", self._runbook.apply, "Applying the plan.")
        elif self._is_approved_in_the_parameters(plan):
            self._screen.place("apply").open(word("begun", "Approved in the parameters"))
            p = self._runbook.parameters
            if not self._apply(p.approved_by, p.approval_reference, just_now=False):
                raise Stopped("")
        else:
            self._screen.place("apply").open(cards.waiting(plan))
            self._question.open(self._about(plan))

    def verify(self) -> None:
        """Look at everything anew and say what is proven."""
        if self._waits():
            self._screen.place("verify").open(cards.FOLLOWS)
        else:
            self._steps.cell("verify", self._runbook.verify, "Reading everything again.", self._expected())

    def judge(self, pasted: Mapping[str, str]) -> None:
        """Judge what the two commands printed on an instance; `pasted` maps instance ids to that text."""
        self._steps.cell("judge", lambda: self._runbook.judge(pasted), "Reading what was pasted.")

    def hand_over(self) -> None:
        """What Onemata must receive, and what each side copies."""
        self._steps.cell("hand_over", self._runbook.hand_over, "Writing the hand-over.")

    def finish(self) -> None:
        """The outcome, or what it waits for."""
        self._shown()
        self._screen.place("finish").open(cards.FOLLOWS)
        self._conclude()
        self._question.look_here()

    # What clicks do.

    def _approved(self, by: str, reference: str) -> None:
        """Apply, and then do the steps whose cells were run before."""
        if not self._apply(by, reference, just_now=True):
            return
        if self._screen.place("verify").is_open:
            if not self._steps.take("verify", self._runbook.verify, "Reading everything again.", self._expected()):
                return
            if self._screen.place("hand_over").is_open:
                self._steps.take("hand_over", self._runbook.hand_over, "Writing the hand-over.")
            if self._screen.place("finish").is_open:
                self._conclude()
                self._screen.place("finish").put(cards.outcome(self._runbook.recorder), in_view=True)
                return
        self._screen.put(cards.NEXT_CELLS, "status")

    def _declined(self, by: str, why: str) -> None:
        self._decided = True
        try:
            self._runbook.decline(by, why)
        except OnemataError as error:
            self._failed("apply", error)
            return
        self._screen.put(cards.outcome(self._runbook.recorder), "status", "apply", "finish")
        self._screen.put(cards.NOTHING_TO_PROVE, "verify")
        self._offer_again("Other values can be set in the form above.")

    def _plan_again(self) -> None:
        self._again()
        self._question.look_here()

    def _again(self) -> None:
        """Once more from the sign-in on, with a record of its own."""
        try:
            self._start()
        except OnemataError as error:
            self._failed("apply", error)
            return
        if self._form:
            self._form.release()
        self._screen.put(cards.ready(opened=True), "status")
        self._screen.put(cards.FOLLOWS, "apply", "verify", "finish")
        if not self._steps.take("connect", self._runbook.connect, "Signing in."):
            return
        self._offer_choices()
        if not self._steps.take("plan", self._runbook.plan, "Reading the account."):
            return
        self._has_planned()
        self._go_on()

    def _go_on(self) -> None:
        """From a plan that was made anew, as far as the cells were run before."""
        plan = self._shown()
        if self._waits():
            self._screen.put(cards.waiting(plan), "apply")
            self._question.put(self._about(plan))
        else:
            self._steps.take("apply", self._runbook.apply, "")
        self._steps.take("hand_over", self._runbook.hand_over, "")
        if self._screen.place("finish").is_open:
            self._conclude()

    def _changed(self, unsaved: tuple[str, ...]) -> None:
        """The form holds other values than those that are saved; none: it does not any more."""
        if self._plan is None or self._decided:
            return
        self._question.hold(bool(unsaved))
        plan = display.plan(self._plan)
        self._screen.put(Both(cards.stale(unsaved), plan) if unsaved else plan, "plan")
        self._screen.put(cards.stale(unsaved) if unsaved else cards.waiting(self._plan), "apply")

    def _saved(self) -> None:
        """The client's files have new values: what runs is what was saved."""
        if self._screen.place("plan").is_open:
            self._again()
        else:
            self._start()
        self._screen.put(self._parameters(), "parameters")

    # What they share.

    def _apply(self, by: str, reference: str, *, just_now: bool) -> bool:
        """Apply the plan on the screen, approved just now or in the parameters; whether it went well."""
        try:
            self._plan = plan = self._runbook.approve(by, reference, just_now=just_now)
        except ParameterError as error:
            self._question.say(str(error.problems[0]))
            return False
        self._decided = True
        self._question.end(cards.approved(plan, by, reference))
        if self._form:
            self._form.lock()
        self._screen.put(cards.at_work(plan, by), "status")
        changes = [row_of(change) for change in plan.pending]
        return self._steps.take("apply", self._runbook.apply, "Applying the plan.", changes)

    def _failed(self, name: str, error: OnemataError) -> None:
        self._decided = True
        self._screen.put(cards.outcome(self._runbook.recorder), "status", "finish")
        if name == "apply":
            self._screen.put(cards.NOT_REACHED, "verify")
        self._screen.place(name).put(display.trouble(error), in_view=True)
        self._offer_again("What was done stays, and a new plan resumes there.")
        self._screen.keep()

    def _conclude(self) -> None:
        """The outcome, at the end and at the top."""
        try:
            self._runbook.finish()
        except RunFailed:
            pass  # the card says it
        except OnemataError as error:
            self._failed("finish", error)
            return
        self._screen.put(cards.outcome(self._runbook.recorder), "status", "finish")
        self._screen.keep()

    def _offer_again(self, about: str) -> None:
        self._question.put(Offer("Plan again", about, self._plan_again))

    def _about(self, plan: Plan) -> ApprovalPanel | Offer:
        p = self._runbook.parameters
        if plan.pending:
            return ApprovalPanel(plan, p.approved_by, p.approval_reference, self._approved, self._declined)
        about = "Nothing has to be changed. What the plan names for the proof can be run now."
        return Offer("Verify", about, lambda: self._approved("", ""))

    def _has_planned(self) -> Plan:
        self._plan = plan = self._runbook.shown_plan
        self._screen.put(cards.planned(plan, waits=self._waits()), "status")
        return plan

    def _waits(self) -> bool:
        """Whether the plan on the screen waits for somebody's decision."""
        plan = self._shown()
        return plan.action in ONLY_SHOW and not self._decided and not plan.blocked and not plan.waiting

    def _is_approved_in_the_parameters(self, plan: Plan) -> bool:
        """The digest in the parameters does what the button does."""
        return self._asked in _UNTIL_APPROVED and self._runbook.parameters.approved_plan == plan.digest

    def _must_be_newest(self) -> None:
        """Raises OutOfOrder if the first cell was run again, also where that began no other run."""
        if LiveRunbook._latest_session is not self:
            raise OutOfOrder("The first cell was run again, and stopped: mend what it says.")

    def _shown(self) -> Plan:
        self._must_be_newest()
        return self._plan or self._runbook.shown_plan

    def _expected(self) -> list[str]:
        """The names of the checks, in the order in which they are made."""
        plan = self._shown()
        proofs = () if plan.removes else self._runbook.service.proven_by_scripts()
        names = [change.resource for change in plan.changes if change.kind != "keep"]
        return list(dict.fromkeys([*proofs, *(proof.proves for proof in plan.proofs), *names]))

    def _offer_choices(self) -> None:
        if self._form:
            self._form.offer()

    def _choices(self) -> dict[str, Choices]:
        of_this_machine = [("the usual chain", ""), *((name, name) for name in profiles())]
        return {"aws_profile": of_this_machine} | self._runbook.choices()

    def _parameters(self) -> View:
        source = f", as saved in {'/'.join(self._folder.path.parts[-2:])}" if self._folder else ""
        return display.parameters(self._runbook.parameters, source)
