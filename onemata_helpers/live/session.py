"""A runbook with somebody at it: each step shows how it goes on, and nothing is applied before it is approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
from .frontend import Place
from .kept_notebook import KeptNotebook
from .progress import LiveProgress
from .stopped import Stopped

# Without an approval a plan is only shown.
_UNTIL_APPROVED = {"apply": "plan", "remove": "plan-removal"}
_STEPS = ("status", "parameters", "connect", "plan", "apply", "verify", "judge", "hand_over", "finish")
_FOLLOWS = "Follows when the plan is approved"


class LiveRunbook:
    """The steps of a Runbook, as the cells of a notebook that somebody runs.

    What is shown stays under its cell and is brought up to date there, by later steps and by clicks.
    """

    def __init__(self, service: str, variables: Mapping[str, Any]) -> None:
        self._service = service
        self._folder = ClientFolder.of_this_session(service, variables)
        self._given = dict(variables)
        self._places = {name: Place() for name in _STEPS}
        self._controls = Place()
        self._form = Form(self._folder, self._changed, self._saved, self._choices) if self._folder else None
        self._panel: ApprovalPanel | Offer | None = None
        self._progress = LiveProgress()
        self._start()

    def _start(self) -> None:
        """A run, with a record of its own."""
        values = self._folder.values if self._folder else self._given
        asked = values.get("action", "plan")
        told = {"action": _UNTIL_APPROVED.get(str(asked), asked)}
        wait = Wait(tell=self._progress.waiting)
        self._runbook = Runbook(self._service, values | told, wait, self._progress)
        self._asked = str(asked)
        self._plan: Plan | None = None
        self._approved = self._ended = False
        self._stale: tuple[str, ...] = ()
        recorder = self._runbook.recorder
        self._kept = KeptNotebook(self._runbook.parameters, recorder.path)
        for place in self._places.values():
            place.record = recorder.path.name

    def _ipython_display_(self) -> None:
        self._places["status"].open(self._ready())
        self._places["parameters"].open(self._parameters())
        if self._form:
            self._form.open()
        self._kept.write(self._places)

    # The cells.

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
        place = self._places["apply"]
        if self._approved or plan.action not in ONLY_SHOW or plan.blocked or plan.waiting:
            self._cell("apply", self._runbook.apply, "")
        elif self._is_approved_in_the_parameters(plan):
            p = self._runbook.parameters
            place.open(word("begun", "Approved in the parameters"))
            self._approve(p.approved_by, p.approval_reference)
            if self._ended:
                raise Stopped("")
        else:
            place.open(word("waiting", "Waiting for the approval", display.summary(plan)))
            self._ask(plan, self._controls.open_controls)

    def verify(self) -> None:
        """Look at everything anew and say what is proven."""
        if self._waits():
            self._places["verify"].open(word("expected", _FOLLOWS, "Then everything is read again, and proven."))
        else:
            self._cell("verify", self._runbook.verify, "Reading everything again.", self._expected())

    def judge(self, pasted: Mapping[str, str]) -> None:
        """Judge what the two commands printed on an instance; `pasted` maps instance ids to that text."""
        self._cell("judge", lambda: self._runbook.judge(pasted), "")

    def hand_over(self) -> None:
        """What Onemata must receive, and what each side copies."""
        self._cell("hand_over", self._runbook.hand_over, "")

    def finish(self) -> None:
        """The outcome, or what is still to do for it."""
        self._shown()
        self._places["finish"].open(word("begun", "The outcome follows"))
        self._conclude()

    # What clicks do.

    def _approve(self, by: str, reference: str) -> None:
        try:
            self._plan = self._runbook.approve(by, reference)
        except ParameterError as error:
            if isinstance(self._panel, ApprovalPanel):
                self._panel.say(str(error.problems[0]))
            return
        self._approved = True
        self._lock("Approved")
        works = f"At work: {display.summary(self._plan)}"
        self._status(word("begun", works, f"Approved by {by}." if by else ""))
        changes = [change.resource for change in self._plan.pending]
        if not self._step("apply", self._runbook.apply, "Applying the plan.", changes):
            return
        self._go_on()

    def _go_on(self) -> None:
        """The steps whose cells were run before the approval."""
        if self._places["verify"].is_open and not self._step(
            "verify", self._runbook.verify, "Reading everything again.", self._expected()
        ):
            return
        if self._places["hand_over"].is_open:
            self._step("hand_over", self._runbook.hand_over, "")
        if self._places["finish"].is_open:
            self._conclude()
        else:
            self._status(word("begun", "Applied", "Run the next cells: they verify, and end the record."))

    def _decline(self, by: str, why: str) -> None:
        self._ended = True
        self._lock("Declined")
        try:
            self._runbook.decline(by, why)
        except OnemataError as error:
            self._failed("apply", error)
            return
        card = self._outcome()
        for name in ("apply", "finish"):
            self._places[name].put(card)
        self._status(card)
        self._places["verify"].put(word("declined", "Declined", "Nothing was changed, so there is nothing to prove."))
        self._offer_again("Other values can be set in the form above.")

    def _again(self) -> None:
        """Once more from the sign-in on, with a record of its own."""
        try:
            self._start()
        except OnemataError as error:
            self._failed("apply", error)
            return
        self._status(self._ready())
        if self._form:
            self._form.release()
        for name in ("verify", "finish"):
            self._places[name].put(word("expected", _FOLLOWS))
        if not self._step("connect", self._runbook.connect, "Signing in."):
            return
        if self._step("plan", self._runbook.plan, "Reading the account."):
            self._has_planned()
            self._places["apply"].put(word("waiting", "Waiting for the approval", display.summary(self._shown())))
            self._ask(self._shown(), self._controls.put_controls)
            self._step("hand_over", self._runbook.hand_over, "")

    def _changed(self, keys: tuple[str, ...]) -> None:
        """The form holds other values than those that were saved; none: it does not any more."""
        self._stale = keys
        if self._plan is None or self._approved or self._ended:
            return
        why = f"The values have been changed since this plan: {', '.join(keys)}. Save them, or take them back." if keys else ""
        if isinstance(self._panel, ApprovalPanel):
            self._panel.hold(why)
        old = word("stale", "This is out of date", why) if keys else None
        self._places["plan"].put(_Both(old, display.plan(self._plan)) if old else display.plan(self._plan))
        self._places["apply"].put(old or word("waiting", "Waiting for the approval", display.summary(self._plan)))

    def _saved(self) -> None:
        """The client's files have new values: what runs is what was saved."""
        if self._places["plan"].is_open:
            self._again()
        else:
            self._start()
        self._places["parameters"].put(self._parameters())

    def _choices(self) -> dict[str, Choices]:
        of_machine = [("the usual chain", ""), *((name, name) for name in profiles())]
        return {"aws_profile": of_machine} | self._runbook.choices()

    def _parameters(self) -> View:
        source = f", as saved in {'/'.join(self._folder.path.parts[-2:])}" if self._folder else ""
        return display.parameters(self._runbook.parameters, source)

    # What they share.

    def _cell(self, name: str, work: Callable[[], View], title: str, expected: list[str] | None = None) -> None:
        self._places[name].open(word("begun", title or "At work"))
        if not self._step(name, work, title, expected or []):
            raise Stopped("")

    def _step(self, name: str, work: Callable[[], View], title: str, expected: list[str] | None = None) -> bool:
        """Do a step in its place; whether it went well."""
        place = self._places[name]
        try:
            with self._progress.shown(place, title, expected or []):
                view = work()
        except OutOfOrder as error:
            place.put(word("waiting", "Run the cells from the top", str(error)))
            return False
        except OnemataError as error:
            self._failed(name, error)
            return False
        except Exception as error:
            place.put(word("failed", "This was not foreseen", f"{type(error).__name__}: {error}"))
            raise
        place.put(view)
        self._kept.write(self._places)
        return True

    def _failed(self, name: str, error: OnemataError) -> None:
        self._ended = True
        self._places[name].put(display.trouble(error))
        card = self._outcome()
        self._status(card)
        self._places["finish"].put(card)
        self._lock("")
        self._offer_again("What was done stays, and a new plan resumes there.")
        self._kept.write(self._places)

    def _conclude(self) -> None:
        """The outcome, at the end and at the top."""
        try:
            self._runbook.finish()
        except RunFailed:
            pass  # the card says it
        except OnemataError as error:
            self._failed("finish", error)
            return
        card = self._outcome()
        self._places["finish"].put(card)
        self._status(card)
        self._kept.write(self._places)

    def _outcome(self) -> View:
        recorder = self._runbook.recorder
        return display.outcome(recorder.record, recorder.path)

    def _has_planned(self) -> None:
        self._plan = self._runbook.shown_plan
        self._status(word("waiting", display.summary(self._shown()), "Read the plan under 3, then approve or decline it under 4."))

    def _ask(self, plan: Plan, show: Callable[[Any, str], None]) -> None:
        p = self._runbook.parameters
        if plan.pending:
            self._panel = ApprovalPanel(plan, p.approved_by, p.approval_reference, self._approve, self._decline)
        else:
            nothing = "Nothing has to be changed. What the plan names for the proof can be run now."
            self._panel = Offer("Verify", nothing, lambda: self._approve(p.approved_by, p.approval_reference))
        show(self._panel.widget, self._panel.instead)

    def _offer_again(self, about: str) -> None:
        self._panel = Offer("Plan again", about, self._again)
        self._controls.put_controls(self._panel.widget, self._panel.instead)

    def _lock(self, said: str) -> None:
        """The panel's buttons do nothing more, and what they said stays as text."""
        if self._panel:
            self._panel.close()
        if self._form and self._approved:
            self._form.lock()
        r = self._runbook.recorder.record
        reference = f"Reference: {r.approval_reference}" if r.approval_reference else ""
        by = f"by {r.approved_by}" if r.approved_by and said == "Approved" else ""
        self._controls.put(word("done", f"{said} {by}".strip(), f"Plan {r.plan_digest}. {reference}") if said else word("failed", "Stopped"))

    def _is_approved_in_the_parameters(self, plan: Plan) -> bool:
        """The digest in the parameters does what the button does."""
        return self._asked in _UNTIL_APPROVED and self._runbook.parameters.approved_plan == plan.digest

    def _shown(self) -> Plan:
        if self._plan is None:
            raise OutOfOrder("There is no plan yet: run the cells from the top.")
        return self._plan

    def _waits(self) -> bool:
        plan = self._shown()
        return plan.action in ONLY_SHOW and not self._approved and not plan.blocked and not plan.waiting

    def _expected(self) -> list[str]:
        plan = self._shown()
        names = [change.resource for change in plan.changes if change.kind != "keep"]
        return list(dict.fromkeys([*names, *(proof.proves for proof in plan.proofs)]))

    def _status(self, view: View) -> None:
        self._places["status"].put(view)

    def _ready(self) -> View:
        example = "" if self._folder else "These are the values of the cell above; the example's run in the sandbox. "
        how = "Run all cells: menu Run, then Run All Cells. Nothing is changed before somebody approves the plan."
        return word("expected", f"{self._service}: ready", f"{example}{how}")


class _Both:
    """Two views, one under the other."""

    def __init__(self, *views: View) -> None:
        self._bundles = [view._repr_mimebundle_() for view in views]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {key: "\n".join(each[key] for each in self._bundles) for key in ("text/html", "text/plain")}
