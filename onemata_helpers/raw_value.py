"""A value as it came in, before its form is known: its kind in plain words, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from reprlib import Repr
from typing import Any

from .redaction import looks_like_credential
from .text import one_line

PLAIN_DATA = (
    str, int, float, complex, bool, type(None), list, dict, tuple, set, frozenset, bytes, bytearray, date, time,
    timedelta, Decimal,
)  # fmt: skip
"""What counts as data among a notebook's variables; modules, functions, classes and other objects do not."""

_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "true or false"),
    ((int, float, complex, Decimal), "a number"),
    ((str,), "text"),
    ((tuple,), "a tuple: is there a comma behind the value?"),
    ((list,), "a list"),
    ((dict,), "a mapping"),
    ((set, frozenset), "a set"),
    ((bytes, bytearray), "bytes"),
    ((date, time, timedelta), "a date or time"),
    ((type(None),), "nothing"),
)
_SECRET_NAME = re.compile(r"secret|passw|token|credential|access_?key|private_?key", re.IGNORECASE)
_NAMED_SECRET = re.compile(rf"(?:{_SECRET_NAME.pattern})\w*['\"]?\s*[:=]", re.IGNORECASE)
_NOT_SHOWN = "(not shown: it may be a credential)"
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 76
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 4
_SHORT.maxlevel = 2


@dataclass(frozen=True)
class Unquoted:
    """A word that stands in a YAML file without quotes and that YAML reads as something else than text."""

    text: str
    kind: str

    def __repr__(self) -> str:
        return self.text


def is_a(value: Any, *types: type) -> bool:
    """Whether a value is of one of these types, by its own type: an object's `__class__` may say anything, or raise."""
    return issubclass(type(value), types)


def kind_of(value: Any) -> str:
    """The kind of a value in plain words, like `a list`."""
    if is_a(value, Unquoted):
        return str(value.kind)
    return next((kind for types, kind in _KINDS if is_a(value, *types)), f"an object ({type(value).__name__})")


def shown(value: Any, name: str = "") -> str:
    """A value as a message shows it: short, in one line, visible; nothing of it if it may be a credential.

    `name` is the key that it belongs to: what a key like `password` holds is never shown.
    """
    if _SECRET_NAME.search(name[:200]):
        return _NOT_SHOWN
    if not is_a(value, *PLAIN_DATA, Unquoted):
        return f"({kind_of(value)})"
    try:
        whole, short = repr(value), _SHORT.repr(value)
    except Exception:  # of a very large number, or of an object within a list, whose own repr may raise anything
        return f"({kind_of(value)} that cannot be shown)"
    start = whole[:100_000]
    return _NOT_SHOWN if looks_like_credential(start) or _NAMED_SECRET.search(start) else one_line(short, 80)


def shown_place(place: Iterable[str | int]) -> str:
    """A key, and the key or index within it, as messages show it: `tags.team`."""
    return ".".join(part if isinstance(part, str) and _is_name(part) else shown(part) for part in place)


def _is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier() and len(text) <= 64 and not looks_like_credential(text)
