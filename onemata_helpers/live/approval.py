"""Where a plan is approved or declined: the buttons, and the names that go with them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from ..display import summary
from ..plan import Plan
from ..text import counted, visible
from .frontend import focus, masked, on_main, on_screen
from .typed import READING, Typed, answering

_WIDE = {"description_width": "8.5em"}
# Readable in both themes, whose own colours of such buttons are not.
_GO = {"button_color": "#146c2e", "text_color": "#ffffff", "font_weight": "bold"}


class ApprovalPanel:
    """The question whether the plan on the screen is approved.

    `approve` is called with who approves and where that can be read, `decline` with who declines and why; both in the
    kernel's main thread. Nothing is called while the panel is closed.
    """

    def __init__(
        self,
        plan: Plan,
        by: str,
        reference: str,
        approve: Callable[[str, str], None],
        decline: Callable[[str, str], None],
    ) -> None:
        self.instead = (
            f'{summary(plan)} To approve exactly this plan: set action = "{"remove" if plan.removes else "apply"}", '
            f'approved_plan = "{plan.digest}" and approved_by in the parameters, and run the cells from the top. '
            "Where there were buttons, and the page was loaded anew: Run All Cells brings them back."
        )
        self._approve, self._decline, self._is_open = approve, decline, True
        self._typed = Typed()
        verb = "remove" if plan.removes else "apply"
        self.name = _text("Approved by", "name of whoever approves", by)
        self.reference = _text("Reference", "ticket, mail or call, if there is one", reference)
        self.reason = _text("Or decline", "why not")
        self.yes = _button(f"Approve and {verb}: {_what(plan)}", _GO, self._on_approve)
        self.no = _button("Decline", {}, self._on_decline)
        self._said = widgets.HTML()
        question = widgets.HTML(_html(f"Does the client approve exactly this plan, {plan.digest}?"))
        rows = (question, self.name, self.reference, self.yes, self.reason, self.no, self._said)
        self.widget = widgets.VBox(rows, layout=widgets.Layout(max_width="44em", padding="4px"))

    def look_here(self) -> None:
        """Bring it into view, with the cursor in its first field."""
        if self._is_open:
            focus(self.name)

    def say(self, text: str) -> None:
        """A sentence under the buttons."""
        self._said.value = f'<div role="alert">{_html(text)}</div>' if text else ""

    def close(self) -> None:
        """From now on the buttons do nothing."""
        self._is_open = False

    def hold(self, held: bool) -> None:
        """Disable the buttons, or enable them again."""
        self.yes.disabled = self.no.disabled = held

    def _on_approve(self, _: Any) -> None:
        asked = "Who approves? The name goes into the record."
        self._take(self.name, asked, lambda by: self._approve(by, self.reference.value.strip()))

    def _on_decline(self, _: Any) -> None:
        asked = "Why is it declined? The reason goes into the record."
        self._take(self.reason, asked, lambda why: self._decline(self.name.value.strip(), why))

    def _take(self, needed: Any, asked: str, act: Callable[[str], None]) -> None:
        """Act with what is in the field that is needed, once, when all is there that was typed."""
        if self._is_open:
            self.say(READING)
            self._typed.then((self.name, self.reference, self.reason), lambda: self._act(needed, asked, act))

    def _act(self, needed: Any, asked: str, act: Callable[[str], None]) -> None:
        if not self._is_open or self.yes.disabled:
            self.say("")
            return
        given = needed.value.strip()
        self.say("" if given else asked)
        if given:
            act(given)


class Offer:
    """A single button: what can be done next, with a sentence about it."""

    def __init__(self, label: str, sentence: str, act: Callable[[], None]) -> None:
        self.instead = f"{sentence} Run the cells from the top."
        self._act, self._is_open = act, True
        self.button = _button(label, _GO, lambda _: on_main(self._once))
        self.widget = widgets.VBox([widgets.HTML(_html(sentence)), self.button])

    def look_here(self) -> None:
        """Bring it into view, with the focus on its button."""
        if self._is_open:
            focus(self.button)

    def close(self) -> None:
        """From now on the button does nothing."""
        self._is_open = False

    def _once(self) -> None:
        if self._is_open:
            self.close()
            self._act()


def _text(label: str, hint: str, value: str = "") -> Any:
    layout = widgets.Layout(width="100%", max_width="40em")
    return answering(
        widgets.Text(value, description=label, placeholder=hint, style=_WIDE, layout=layout, _view_count=0)
    )


def _what(plan: Plan) -> str:
    account = "the client's account" if masked() else f"account {plan.account_id}"
    return f"{counted(len(plan.pending), 'change')} in {account}"


def _button(label: str, style: dict[str, str], clicked: Callable[[Any], None]) -> Any:
    layout = widgets.Layout(width="auto", align_self="flex-start", margin="4px 0 12px 0")
    button = widgets.Button(description=label, style=style, layout=layout, _view_count=0)
    button.on_click(clicked)
    return button


def _html(text: str) -> str:
    return on_screen(escape(visible(text)))
