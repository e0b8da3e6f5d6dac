"""What a run is doing, told to its record as it goes; and the points at which it can be stopped.

Between two steps, between two changes and while it waits for a proof nothing is half done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .apply import Done
from .errors import Interrupted
from .plan import Plan
from .record import Recorder
from .stopping import asked_to_stop
from .text import sentence
from .wait import Wait

# After verify nothing is left that takes time.
_MAY_STOP_BEFORE = ("connect", "plan", "apply", "verify")


class Progress:
    """The way of one run."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._step = ""

    def begin(self, step: str) -> None:
        """A step begins. Raises Interrupted if the batch that runs this has asked to stop."""
        self._step = step
        if step in _MAY_STOP_BEFORE:
            self._refuse_if_asked_to_stop(f"before {step}")
        self._recorder.note(step.replace("_", " "))

    def telling(self, wait: Wait) -> Wait:
        """The same wait, whose reasons are told to the record, too."""

        def tell(text: str) -> None:
            wait.tell(text)
            self._recorder.note(f"{self._step}: {text}")
            if self._step != "apply":  # in the middle of a change nothing is stopped
                self._refuse_if_asked_to_stop(f"in {self._step}")

        return replace(wait, tell=tell)

    def of_changes(self, plan: Plan) -> Callable[[Done], None]:
        """What `apply` tells of each change. It raises Interrupted before one begins if the batch has asked to stop."""

        def change(done: Done) -> None:
            if done.status == "begun":
                self._refuse_if_asked_to_stop(f"before {done.change.resource}")
                number = plan.pending.index(done.change) + 1
                self._recorder.record.doing = f"change {number} of {len(plan.pending)}: {done.change.resource}"
            self._recorder.add_change(done)

        return change

    def _refuse_if_asked_to_stop(self, where: str) -> None:
        why = asked_to_stop(self._recorder.path)
        if why:
            raise Interrupted(f"Stopped {where}: {sentence(why)}")
