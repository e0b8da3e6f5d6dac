"""What a click goes with: the fields as they stood on the page when it came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from traitlets import Int

from .frontend import on_main

READING = "Reading what was typed. As long as this stands here, nothing is done."
_ASKS = count(1)


def answering(field: Any) -> Any:
    """The field, which can be asked for what was typed into it."""
    field.add_traits(answered=Int(0).tag(sync=True))
    return field


class Typed:
    """Does what a click asks for once the page has told all that was typed before it. The newest click counts.

    A click may overtake what was typed. The page sends a click at once, but the next change of a field only when the
    kernel has dealt with the one before; and the kernel may deal with two widgets' messages in two threads. What one
    field sends keeps its order. So each field is asked, and answers behind all that was typed into it: a link on the
    page sets its `answered`. Where the page has no links, or was loaded anew since the click, nothing is done.
    https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/base/src/widget.ts (sync)
    https://github.com/jupyter/enhancement-proposals/blob/master/91-kernel-subshells/kernel-subshells.md
    """

    def __init__(self) -> None:
        self._asked = widgets.IntText(0)
        self._links: list[tuple[Any, Callable[[Any], None], Any]] = []

    def then(self, fields: Sequence[Any], work: Callable[[], None]) -> None:
        """Do the work in the kernel's main thread, with what was typed into the fields. Called by a click's handler."""
        ask, page = next(_ASKS), _page()
        self._asked.value = ask
        answered: set[Any] = set()

        def hear(change: Any) -> None:
            if change["new"] == ask and _page() == page:
                answered.add(change["owner"])
                on_main(go_on)

        def go_on() -> None:
            if self._asked.value == ask and len(answered) == len(fields):
                self._asked.value = 0
                self._ask_no_more()
                work()

        self._ask_no_more()  # of a click that nobody has answered
        for field in fields:
            field.observe(hear, "answered")
            self._links.append((field, hear, widgets.jsdlink((self._asked, "value"), (field, "answered"))))

    def _ask_no_more(self) -> None:
        with suppress(IndexError):  # when none is left: two clicks may be dealt with in two threads
            while True:
                field, hear, link = self._links.pop()
                field.unobserve(hear, "answered")
                link.close()


def _page() -> str:
    """Which page the message came from that is dealt with here."""
    shell: Any = get_ipython()
    return str(shell.kernel.get_parent()["header"].get("session"))
