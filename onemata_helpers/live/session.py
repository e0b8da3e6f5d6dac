"""A runbook with somebody at it: each step shows how it goes on, and nothing is applied before it is approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from .. import display
from ..display import View, word
from ..errors import OnemataError, OutOfOrder, ParameterError, RunFailed
from ..plan import ONLY_SHOW, Plan
from ..runbook import Runbook
from ..services.base import Choices
from ..session import profiles
from ..wait import Wait
from .approval import ApprovalPanel, Offer
from .client_folder import ClientFolder
from .form import Form
from .frontend import Both
from .progress import LiveProgress
from .screen import Screen
from .stopped import Stopped

# Without an approval a plan is only shown.
_UNTIL_APPROVED = {"apply": "plan", "remove": "plan-removal"}
_FOLLOWS = word("expected", "Follows when the plan is approved")


class LiveRunbook:
    """The steps of a Runbook, as the cells of a notebook that somebody runs.

    What a cell shows stays under it, and is brought up to date there by later steps and by clicks.
    """

    _latest: ClassVar[Runbook | None] = None

    def __init__(self, service: str, variables: Mapping[str, Any]) -> None:
        self._service, self._given = service, dict(variables)
        self._folder = ClientFolder.of_this_session(service, variables)
        self._form = Form(self._folder, self._changed, self._saved, self._choices) if self._folder else None
        self._screen, self._progress = Screen(), LiveProgress()
        self._start()

    def _start(self) -> None:
        """A run, with a record of its own. The one before lets others change things for this client again."""
        if LiveRunbook._latest:
            LiveRunbook._latest.lock.release()
        values = self._folder.values if self._folder else self._given
        self._asked = str(values.get("action", "plan"))
        told = {"action": _UNTIL_APPROVED.get(self._asked, values.get("action", "plan"))}
        wait = Wait(tell=self._progress.waiting)
        LiveRunbook._latest = self._runbook = Runbook(self._service, values | told, wait, self._progress)
        self._plan: Plan | None = None
        self._panel: ApprovalPanel | Offer | None = None
        self._decided = False
        self._screen.belongs_to(self._runbook.parameters, self._runbook.recorder.path)

    # The cells.

    def _ipython_display_(self) -> None:
        self._screen.open("status", self._ready())
        self._screen.open("parameters", self._parameters())
        if self._form:
            self._form.open()
        self._screen.keep()

    def connect(self) -> None:
        """Sign in, and refuse any other account than the client's."""
        self._cell("connect", self._runbook.connect, "Signing in.")

    def plan(self) -> None:
        """Read what is there and say what would be done. Changes nothing."""
        self._cell("plan", self._runbook.plan, "Reading the account.")
        self._has_planned()

    def apply(self) -> None:
        """Ask whether the plan is approved, and do exactly the plan when it is."""
        plan = self._shown()
        if not self._waits():
            self._cell("apply", self._runbook.apply, "Applying the plan.")
        elif self._is_approved_in_the_parameters(plan):
            self._screen.open("apply", word("begun", "Approved in the parameters"))
            if not self._apply(self._runbook.parameters.approved_by, self._runbook.parameters.approval_reference):
                raise Stopped("")
        else:
            self._screen.open("apply", self._waiting(plan))
            self._screen.open_controls(self._question(plan))

    def verify(self) -> None:
        """Look at everything anew and say what is proven."""
        if self._waits():
            self._screen.open("verify", _FOLLOWS)
        else:
            self._cell("verify", self._runbook.verify, "Reading everything again.", self._expected())

    def judge(self, pasted: Mapping[str, str]) -> None:
        """Judge what the two commands printed on an instance; `pasted` maps instance ids to that text."""
        self._cell("judge", lambda: self._runbook.judge(pasted), "Reading what was pasted.")

    def hand_over(self) -> None:
        """What Onemata must receive, and what each side copies."""
        self._cell("hand_over", self._runbook.hand_over, "Writing the hand-over.")

    def finish(self) -> None:
        """The outcome, or what it waits for."""
        self._shown()
        self._screen.open("finish", _FOLLOWS)
        self._conclude()

    # What clicks do.

    def _approved(self, by: str, reference: str) -> None:
        """Apply, and then do the steps whose cells were run before."""
        if not self._apply(by, reference):
            return
        if self._screen.has("verify"):
            if not self._step("verify", self._runbook.verify, "Reading everything again.", self._expected()):
                return
            if self._screen.has("hand_over"):
                self._step("hand_over", self._runbook.hand_over, "Writing the hand-over.")
            if self._screen.has("finish"):
                self._conclude()
                return
        self._screen.put(word("begun", "Applied", "Run the next cells: they verify, and end the record."), "status")

    def _declined(self, by: str, why: str) -> None:
        self._decided = True
        try:
            self._runbook.decline(by, why)
        except OnemataError as error:
            self._failed("apply", error)
            return
        self._screen.put(self._outcome(), "status", "apply", "finish")
        self._screen.put(word("declined", "Declined", "Nothing was changed, so there is nothing to prove."), "verify")
        self._offer_again("Other values can be set in the form above.")

    def _again(self) -> None:
        """Once more from the sign-in on, with a record of its own."""
        try:
            self._start()
        except OnemataError as error:
            self._failed("apply", error)
            return
        if self._form:
            self._form.release()
        self._screen.put(self._ready(), "status")
        self._screen.put(_FOLLOWS, "apply", "verify", "finish")
        if not self._step("connect", self._runbook.connect, "Signing in."):
            return
        if not self._step("plan", self._runbook.plan, "Reading the account."):
            return
        plan = self._has_planned()
        if self._waits():
            self._screen.put(self._waiting(plan), "apply")
            self._screen.put_controls(self._question(plan))
        else:
            self._step("apply", self._runbook.apply, "")
        self._step("hand_over", self._runbook.hand_over, "")
        if self._screen.has("finish"):
            self._conclude()

    def _changed(self, unsaved: tuple[str, ...]) -> None:
        """The form holds other values than those that are saved; none: it does not any more."""
        if self._plan is None or self._decided:
            return
        why = f"These values have been changed since: {', '.join(unsaved)}. Save them, or take them back."
        old = word("stale", "Out of date", why) if unsaved else None
        if isinstance(self._panel, ApprovalPanel):
            self._panel.hold(bool(unsaved))
        plan = display.plan(self._plan)
        self._screen.put(Both(old, plan) if old else plan, "plan")
        self._screen.put(old or self._waiting(self._plan), "apply")

    def _saved(self) -> None:
        """The client's files have new values: what runs is what was saved."""
        if self._screen.has("plan"):
            self._again()
        else:
            self._start()
        self._screen.put(self._parameters(), "parameters")

    # What they share.

    def _apply(self, by: str, reference: str) -> bool:
        """Apply the plan on the screen; whether it went well."""
        try:
            self._plan = self._runbook.approve(by, reference)
        except ParameterError as error:
            if isinstance(self._panel, ApprovalPanel):
                self._panel.say(str(error.problems[0]))
            return False
        self._decided = True
        if self._panel:
            self._panel.close()
        if self._form:
            self._form.lock()
        approval = f"Approved by {by}" if by else "Nothing had to be approved"
        reference = f" Reference: {reference}" if reference else ""
        self._screen.end_controls(word("done", approval, f"The plan {self._plan.digest}.{reference}"))
        self._screen.put(word("begun", f"At work: {display.summary(self._plan)}", approval), "status")
        changes = [change.resource for change in self._plan.pending]
        return self._step("apply", self._runbook.apply, "Applying the plan.", changes)

    def _cell(self, name: str, work: Callable[[], View], title: str, expected: Sequence[str] = ()) -> None:
        self._screen.open(name, word("begun", title))
        if not self._step(name, work, title, expected):
            raise Stopped("")

    def _step(self, name: str, work: Callable[[], View], title: str, expected: Sequence[str] = ()) -> bool:
        """Do a step, and show it in its place; whether it went well."""
        try:
            with self._progress.shown(self._screen.place(name), title, expected):
                view = work()
        except OutOfOrder as error:
            self._screen.put(word("waiting", "Run the cells from the top", str(error)), name)
            return False
        except OnemataError as error:
            self._failed(name, error)
            return False
        except Exception as error:  # a click has no traceback; the record has the words, too
            self._screen.put(word("failed", "This was not foreseen", f"{type(error).__name__}: {error}"), name)
            raise
        self._screen.put(view, name)
        self._screen.keep()
        return True

    def _failed(self, name: str, error: OnemataError) -> None:
        self._decided = True
        self._screen.put(self._outcome(), "status", "finish")
        self._screen.put(display.trouble(error), name)
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
        self._screen.put(self._outcome(), "status", "finish")
        self._screen.keep()

    def _offer_again(self, about: str) -> None:
        if self._panel:
            self._panel.close()
        self._panel = Offer("Plan again", about, self._again)
        self._screen.put_controls(self._panel)

    def _question(self, plan: Plan) -> ApprovalPanel | Offer:
        p = self._runbook.parameters
        if plan.pending:
            self._panel = ApprovalPanel(plan, p.approved_by, p.approval_reference, self._approved, self._declined)
        else:
            about = "Nothing has to be changed. What the plan names for the proof can be run now."
            self._panel = Offer("Verify", about, lambda: self._approved("", ""))
        return self._panel

    def _has_planned(self) -> Plan:
        self._plan = plan = self._runbook.shown_plan
        how = "Read the plan under 3, then approve or decline it under 4." if self._waits() else ""
        self._screen.put(word("waiting", display.summary(plan), how), "status")
        return plan

    def _waits(self) -> bool:
        """Whether the plan on the screen waits for somebody's decision."""
        plan = self._shown()
        return plan.action in ONLY_SHOW and not self._decided and not plan.blocked and not plan.waiting

    def _is_approved_in_the_parameters(self, plan: Plan) -> bool:
        """The digest in the parameters does what the button does."""
        return self._asked in _UNTIL_APPROVED and self._runbook.parameters.approved_plan == plan.digest

    def _shown(self) -> Plan:
        return self._plan or self._runbook.shown_plan

    def _expected(self) -> list[str]:
        plan = self._shown()
        names = [change.resource for change in plan.changes if change.kind != "keep"]
        return list(dict.fromkeys([*names, *(proof.proves for proof in plan.proofs)]))

    def _choices(self) -> dict[str, Choices]:
        of_this_machine = [("the usual chain", ""), *((name, name) for name in profiles())]
        return {"aws_profile": of_this_machine} | self._runbook.choices()

    def _outcome(self) -> View:
        recorder = self._runbook.recorder
        return display.outcome(recorder.record, recorder.path)

    def _parameters(self) -> View:
        source = f", as saved in {'/'.join(self._folder.path.parts[-2:])}" if self._folder else ""
        return display.parameters(self._runbook.parameters, source)

    def _ready(self) -> View:
        how = "Menu Run, then Run All Cells. Nothing is changed before somebody approves the plan."
        example = "" if self._folder else "A client's own notebook is opened with `onemata open CLIENT_DIR SERVICE`."
        return word("expected", "Ready", how, *([example] if example else []))

    @staticmethod
    def _waiting(plan: Plan) -> View:
        return word("waiting", "Waiting for the approval", display.summary(plan))
