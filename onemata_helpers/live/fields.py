"""The fields of a form, made from the parameters' schema: each a control with its help, and what is wrong beside it."""

from __future__ import annotations

import types
from collections.abc import Callable
from html import escape
from typing import Annotated, Any, Literal, get_args, get_origin

import ipywidgets as widgets
from pydantic.fields import FieldInfo

from ..parameters import EXAMPLE_VALUES
from ..services.base import Choices
from ..text import visible
from .frontend import HIDDEN_FIELD, has_account, masked, on_screen, without_accounts
from .typed import answering

_LABEL = "16em"
_WIDE = {"description_width": _LABEL}
# In tags neither keys nor values can hold this, but any colon.
_BETWEEN = "|"
_PAIR = f"key {_BETWEEN} value"
_LAYOUT = {"width": "100%", "max_width": "48em"}


class FormField:
    """One parameter: `control` is typed into or chosen from, `widget` is all of it, `value` is as the schema has it."""

    def __init__(self, name: str, info: FieldInfo, value: Any, changed: Callable[[], None]) -> None:
        self.name, self._kind = name, _plain_type(info.annotation)
        self.control = answering(_control(name, self._kind, value))
        beside = widgets.Layout(margin=f"0 0 0 {_LABEL}")
        self._wrong = widgets.HTML(layout=beside)
        help_ = widgets.HTML(f"<small>{on_screen(escape(_help(name, info)))}</small>", layout=beside)
        self.widget = widgets.VBox([self.control, help_, self._wrong], layout=widgets.Layout(margin="0 0 6px 0"))
        self._changed = changed
        self.control.observe(self._on_typed, "value")
        if masked() and (name.endswith("_arn") or has_account(f"{value} {EXAMPLE_VALUES.get(name)}")):
            self.control.add_class(HIDDEN_FIELD)

    def _on_typed(self, _: Any) -> None:
        if masked() and has_account(f"{self.control.value}"):
            self.control.add_class(HIDDEN_FIELD)
        self._changed()

    @property
    def value(self) -> Any:
        """What is in it now."""
        found = self.control.value
        if isinstance(self.control, widgets.SelectMultiple):
            return list(found)
        if self._kind is list:
            return _lines(found)
        return dict(map(_pair, _lines(found))) if self._kind is dict else found

    @value.setter
    def value(self, value: Any) -> None:
        self.control.value = (
            _shown(self._kind, value) if not isinstance(self.control, widgets.SelectMultiple) else value
        )

    @property
    def trouble(self) -> str:
        """What is wrong with how it is written, so that `value` does not hold all of it; empty if nothing is."""
        if self._kind is not dict:
            return ""
        lines = _lines(self.control.value)
        whole = len(self.value) == len(lines) and all(_BETWEEN in line for line in lines)
        return "" if whole else f"must be one {_PAIR} a line, with each key once"

    def say(self, wrong: str) -> None:
        """What is wrong with the value; empty if nothing is."""
        shown = f'<strong role="alert">✗ {on_screen(escape(visible(wrong)))}</strong>' if wrong else ""
        if self._wrong.value != shown:
            self._wrong.value = shown

    def offer(self, choices: Choices) -> None:
        """Let the value be chosen and not typed; what is set already stays a choice."""
        chosen = self.value if self._kind is list else [self.value]
        known = [value for _, value in choices]
        found = [*choices, *((f"{value} (not found)", value) for value in chosen if value not in known)]
        options = [(without_accounts(label), value) for label, value in found]
        told = {"options": options, "description": self.name, "style": _WIDE, "layout": widgets.Layout(**_LAYOUT)}
        told |= {"disabled": self.control.disabled}
        control = answering(
            widgets.SelectMultiple(value=tuple(chosen), rows=max(2, min(8, len(options))), **told)
            if self._kind is list
            else widgets.Dropdown(value=self.value, **told)
        )
        control.observe(lambda _: self._changed(), "value")
        control._dom_classes = self.control._dom_classes  # what was hidden stays hidden
        self.control = control
        self.widget.children = (control, *self.widget.children[1:])


def _control(name: str, kind: Any, value: Any) -> Any:
    told = {"description": name, "style": _WIDE, "layout": widgets.Layout(**_LAYOUT)}
    if get_origin(kind) is Literal:
        return widgets.Dropdown(options=list(get_args(kind)), value=value, **told)
    if kind is bool:
        return widgets.Checkbox(value=value, **(told | {"indent": True}))
    if kind is int:
        return widgets.IntText(value=value, **told)
    shown = _shown(kind, value)
    if kind in (list, dict):
        return widgets.Textarea(value=shown, rows=max(2, min(6, shown.count("\n") + 2)), **told)
    example = EXAMPLE_VALUES.get(name, "")
    return widgets.Text(
        value=shown, placeholder=f"like {example}" if isinstance(example, str) and example else "", **told
    )


def _shown(kind: Any, value: Any) -> Any:
    if kind is list:
        return "\n".join(value)
    if kind is dict:
        return "\n".join(f"{key} {_BETWEEN} {each}" for key, each in value.items())
    return value


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition(_BETWEEN)
    return key.strip(), value.strip()


def _help(name: str, info: FieldInfo) -> str:
    lines = {list: " One a line.", dict: f" One a line: {_PAIR}."}.get(_plain_type(info.annotation), "")
    return f"{info.description or name}.{lines}"


def _plain_type(annotation: Any) -> Any:
    """`str` of an annotated text, `list` of a list of them, and so on; a Literal as it is."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    return annotation if origin is Literal or not isinstance(origin, type | types.GenericAlias) else origin
