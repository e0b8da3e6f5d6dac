"""The notebook's page: places on it of which the content can be replaced later, and work that a click begins."""

from __future__ import annotations

import os
import re
import signal
import threading
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from IPython.core.getipython import get_ipython

MASK = "ONEMATA_MASK"
"""Set by `onemata open --mask`: account ids are hidden on the screen, and stay in the record."""
RECORD = "onemata"
"""The key in an output's metadata under which the path of its JSON record stands."""

_WIDGET = "application/vnd.jupyter.widget-view+json"
_TO_COPY = re.compile(r'(<(pre|code) class="onemata-copy"[^>]*>.*?</\2>)', re.DOTALL)
_COPY = (
    '<button class="onemata-copy-button" type="button" onclick="navigator.clipboard.writeText('
    "this.previousElementSibling.textContent);this.textContent='Copied'\">Copy</button>"
)
_LOOK_HERE = (
    '<script class="onemata-look-here">document.currentScript.parentElement.scrollIntoView({block: "center"})</script>'
)
# Also within a name, like bucket-123456789012; not among more digits or letters, but for those of JSON's and an
# address's ways to write another character, like \n and %3A.
ACCOUNT = re.compile(r"(?:(?<![^\W_])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4})|(?<=%[0-9A-F]{2}))\d{12}(?![^\W_])")
HIDDEN_FIELD = "onemata-hidden"
"""The class of a field of which the content is hidden."""
_HIDDEN = '<span class="onemata-account">{}</span>'
_HIDING = (
    "<style>.onemata-account{font-size:0}.onemata-account::after{content:'account hidden';font-size:13px}"
    ".onemata-hidden input,.onemata-hidden textarea{-webkit-text-security:disc}</style>"
)


class Shown(Protocol):
    """What Jupyter can show."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]: ...


def masked() -> bool:
    """Whether account ids are hidden on the screen."""
    return bool(os.environ.get(MASK))


def without_accounts(text: str) -> str:
    """The text as it is shown: with words for account ids, if they are to be hidden."""
    return ACCOUNT.sub("account hidden", text) if masked() else text


def has_account(text: str) -> bool:
    """Whether there is an account id in it."""
    return bool(ACCOUNT.search(text))


class Place:
    """A place under a cell of the notebook. What it shows can be replaced until the cell runs again."""

    _lock = threading.RLock()

    def __init__(self) -> None:
        self._id = ""
        self.record = ""
        self.content: dict[str, Any] = {}

    @property
    def is_open(self) -> bool:
        """Whether the notebook shows it."""
        return bool(self._id)

    def open(self, content: Shown) -> None:
        """Show it under the cell that runs now."""
        self._id = str(uuid.uuid4())
        self._publish(content._repr_mimebundle_(), update=False)

    def put(self, content: Shown, *, in_view: bool = False) -> None:
        """Show this in its place, and scroll there if it is to be `in_view`; nothing happens if it is not open."""
        if self._id:
            self._publish(content._repr_mimebundle_(), update=True, in_view=in_view)

    def open_controls(self, widget: Any, instead: str) -> None:
        """Show a widget under the cell that runs now. `instead` is shown where there are no widgets."""
        self._id = str(uuid.uuid4())
        self._publish(_view_of(widget, instead), update=False)

    def put_controls(self, widget: Any, instead: str) -> None:
        """Show a widget in its place."""
        if self._id:
            self._publish(_view_of(widget, instead), update=True)

    def _publish(self, bundle: dict[str, Any], *, update: bool, in_view: bool = False) -> None:
        with self._lock:
            self.content = data = bundle
            if "text/html" in bundle:
                data = bundle | {"text/html": on_screen(bundle["text/html"]) + (_LOOK_HERE if in_view else "")}
            metadata = {RECORD: {"record": self.record}} if self.record else {}
            shell: Any = get_ipython()
            shell.display_pub.publish(data, metadata, transient={"display_id": self._id}, update=update)


class Both:
    """Two views, one under the other."""

    def __init__(self, *views: Shown) -> None:
        self._bundles = [view._repr_mimebundle_() for view in views]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {key: "\n".join(each[key] for each in self._bundles) for key in ("text/html", "text/plain")}


def on_screen(html: str) -> str:
    """A view as it is shown: with buttons that copy, and with account ids hidden if that is asked for."""
    shown = _TO_COPY.sub(rf"\1{_COPY}", html)
    return _HIDING + ACCOUNT.sub(lambda found: _HIDDEN.format(found[0]), shown) if masked() else shown


def on_main(work: Callable[[], None]) -> None:
    """Do the work in the kernel's main thread, where Interrupt reaches it, after what it does now.

    A click's own handler may run in another thread: JupyterLab sends clicks to a subshell of the kernel.
    https://github.com/jupyter/enhancement-proposals/blob/master/91-kernel-subshells/kernel-subshells.md
    """
    shell: Any = get_ipython()
    shell.kernel.io_loop.add_callback(_interruptible, work)


def focus(widget: Any) -> None:
    """Bring a widget into view and focus on it, as soon as the page shows it: before that, the page forgets it.

    The widget counts its views, from `_view_count=0` on.
    """
    waits = [True]

    def shown(_: Any = None) -> None:
        if widget._view_count and waits:
            waits.clear()
            widget.focus()

    widget.observe(shown, "_view_count")
    shown()


def _interruptible(work: Callable[[], None]) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        work()
    except KeyboardInterrupt:
        pass  # it came between two steps
    finally:
        signal.signal(signal.SIGINT, before)


def _view_of(widget: Any, instead: str) -> dict[str, Any]:
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {_WIDGET: view, "text/plain": instead}
