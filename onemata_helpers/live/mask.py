"""Account ids of files as words that are shown in their place, and the words as ids again before a file is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .frontend import ACCOUNT

_WORDS = re.compile(r"‹hidden account (\d+)›")


class HiddenAccounts:
    """The account ids that were hidden, each with words of its own: nothing but plain text hides them on any page."""

    def __init__(self) -> None:
        self._ids: list[str] = []

    def hide(self, content: Any, *, code: bool) -> Any:
        """A notebook or a text without account ids. Without `code` they stay in cells' code, since it runs.

        That of the parameters is hidden all the same: what runs is what the client's folder says.
        """
        if isinstance(content, str):
            return ACCOUNT.sub(self._words, content)
        cells = [self._cell(cell, code=code) for cell in content["cells"]]
        return {**content, "cells": cells}

    def restore(self, content: Any) -> Any:
        """The content with the ids in it, wherever their words stand."""
        return _each_text(content, lambda text: _WORDS.sub(self._id, text))

    def _cell(self, cell: dict[str, Any], *, code: bool) -> dict[str, Any]:
        runs = cell["cell_type"] == "code" and not code and "parameters" not in cell["metadata"].get("tags", [])
        shown = ("outputs",) if runs else ("outputs", "source")
        hidden = {
            key: _each_text(cell[key], lambda text: ACCOUNT.sub(self._words, text)) for key in shown if key in cell
        }
        return {**cell, **hidden}

    def _words(self, found: re.Match[str]) -> str:
        if found[0] not in self._ids:
            self._ids.append(found[0])
        return f"‹hidden account {self._ids.index(found[0]) + 1}›"

    def _id(self, found: re.Match[str]) -> str:
        number = int(found[1]) - 1
        return self._ids[number] if 0 <= number < len(self._ids) else found[0]


def _each_text(content: Any, changed: Callable[[str], str]) -> Any:
    if isinstance(content, str):
        return changed(content)
    if isinstance(content, list):
        return [_each_text(each, changed) for each in content]
    if isinstance(content, dict):
        return {key: _each_text(each, changed) for key, each in content.items()}
    return content
