"""What is asked of whoever sits at the notebook, or offered: one thing at a time, in one place."""

from __future__ import annotations

from ..display import View
from .approval import ApprovalPanel, Offer
from .frontend import Place, on_main


class Question:
    """An approval that is asked for, or an offer to go on. What was asked before does nothing any more."""

    def __init__(self) -> None:
        self._place = Place()
        self._asked: ApprovalPanel | Offer | None = None

    def open(self, asked: ApprovalPanel | Offer) -> None:
        """Ask it under the cell that runs now."""
        self._ask(asked)
        self._place.open_controls(asked.widget, asked.instead)

    def put(self, asked: ApprovalPanel | Offer) -> None:
        """Ask it in the place of what was asked before."""
        self._ask(asked)
        self._place.put_controls(asked.widget, asked.instead)

    def end(self, answer: View | None = None) -> None:
        """It was answered, or a new run begins."""
        if self._asked:
            self._asked.close()
        self._asked = None
        if answer:
            self._place.put(answer)

    def hold(self, held: bool) -> None:
        """Let nobody approve or decline for now, or let them again."""
        if isinstance(self._asked, ApprovalPanel):
            self._asked.hold(held)

    def say(self, text: str) -> None:
        """What is wrong with the answer."""
        if isinstance(self._asked, ApprovalPanel):
            self._asked.say(text)

    def look_here(self) -> None:
        """Bring it into view, once the page has it."""
        if self._asked:
            on_main(self._asked.look_here)

    def _ask(self, asked: ApprovalPanel | Offer) -> None:
        self.end()
        self._asked = asked
