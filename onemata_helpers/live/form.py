"""The form: a client's values, checked while they are typed, and saved in the client's own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from threading import RLock
from typing import Any

import ipywidgets as widgets

from ..errors import OnemataError
from ..parameter_files import what_is_wrong
from ..services.base import Choices
from ..text import counted, sentence, visible
from .client_folder import OF_THE_RUN, ClientFolder
from .fields import FormField
from .frontend import Place, on_main, on_screen
from .typed import READING, Typed

# The client's name is the folder's, and the record lies under it.
_LEFT_OUT = ("client", *OF_THE_RUN)
_CLOSED = "The values of this run are those of the table above."


class Form:
    """Folded until somebody wants to change a value. It runs nothing, and what runs never depends on it.

    `changed` is told the names of the values that are not saved; `saved` that the folder has new ones. `choices` gives
    what the account can tell, by the parameters' names.
    """

    def __init__(
        self,
        folder: ClientFolder,
        changed: Callable[[tuple[str, ...]], None],
        saved: Callable[[], None],
        choices: Callable[[], Mapping[str, Choices]],
    ) -> None:
        self._folder, self._changed, self._saved, self._choices = folder, changed, saved, choices
        self.fields: dict[str, FormField] = {}
        self._place = Place()
        self.unfold = _button("Change the values", self._on_unfold)
        self.save = _button("Save", self._on_save)
        self.back = _button("Take back", self._on_back)
        self._said = widgets.HTML()
        self._checking = RLock()
        self._typed = Typed()
        self.widget = widgets.VBox([self.unfold])

    def open(self) -> None:
        """Show it under the cell that runs now."""
        self._place.open_controls(self.widget, _CLOSED)

    def offer(self) -> None:
        """Let be chosen what the account can tell by now. Nothing is asked while the form is folded."""
        for name, choices in self._choices().items() if self.fields else ():
            self.fields[name].offer(choices)

    def lock(self) -> None:
        """The plan is approved: this run's values stay as they are."""
        for field in self.fields.values():
            field.control.disabled = True
        self.unfold.disabled = self.save.disabled = self.back.disabled = True

    def release(self) -> None:
        """A new run begins: values may be changed again."""
        for field in self.fields.values():
            field.control.disabled = False
        self.unfold.disabled = False
        self._check()

    @property
    def unsaved(self) -> dict[str, Any]:
        """The values that differ from what is saved."""
        saved = self._folder.values
        return {name: field.value for name, field in self.fields.items() if field.value != saved[name]}

    def _on_unfold(self, _: Any) -> None:
        on_main(self._unfold)

    def _unfold(self) -> None:
        saved, schema = self._folder.values, self._folder.schema
        self.fields = {
            name: FormField(name, info, saved[name], self._check)
            for name, info in schema.model_fields.items()
            if name not in _LEFT_OUT
        }
        self.offer()
        self._check()
        rows = [field.widget for field in self.fields.values()]
        buttons = widgets.HBox([self.save, self.back])
        self.widget.children = (self._said, *rows, buttons, self._said)  # the form is longer than a screen

    def _check(self) -> None:
        """What is wrong, beside each field and on top, while it is typed.

        One field's change and another's may come in two threads at the same time: the last one tells how it stands.
        """
        with self._checking:
            self._tell()

    def _tell(self) -> None:
        unsaved = self.unsaved
        wrong = what_is_wrong(self._folder.schema, self._folder.values | unsaved) if unsaved else {}
        wrong |= {name: field.trouble for name, field in self.fields.items() if field.trouble}
        for name, field in self.fields.items():
            field.say(wrong.get(name, ""))
        self.save.disabled = bool(wrong) or not unsaved
        self.back.disabled = not unsaved
        if wrong:
            each = "; ".join(f"{name} {must}" for name, must in wrong.items())
            self._say(sentence(f"{counted(len(wrong), 'value')} must be corrected: {each}"))
        elif unsaved:
            self._say(f"Not saved yet: {', '.join(unsaved)}.")
        else:
            self._say("All is saved.")
        self._changed(tuple(unsaved))

    def _on_save(self, _: Any) -> None:
        self._take(self._save)

    def _take(self, act: Callable[[], None]) -> None:
        """Act when all is there that was typed."""
        self._say(READING)
        self._typed.then([field.control for field in self.fields.values()], act)

    def _save(self) -> None:
        unsaved = self.unsaved
        if self.save.disabled or not unsaved:
            self._check()
            return
        try:
            written = self._folder.save(unsaved)
        except (OnemataError, OSError) as error:
            self._say(f"Not saved: {error}")
            return
        self._saved()
        self._check()
        self._say(f"Saved in {', '.join(path.name for path in written)}: {', '.join(unsaved)}.")

    def _on_back(self, _: Any) -> None:
        self._take(self._back)

    def _back(self) -> None:
        saved = self._folder.values
        for name in self.unsaved:
            self.fields[name].value = saved[name]

    def _say(self, text: str) -> None:
        self._said.value = f'<p role="status">{on_screen(escape(visible(text)))}</p>'


def _button(label: str, clicked: Callable[[Any], None]) -> Any:
    button = widgets.Button(description=label, layout=widgets.Layout(width="auto"))
    button.on_click(clicked)
    return button
