"""What became of a runbook, in all the words for it: their order, and how each is shown."""

from __future__ import annotations

_BAD, _OPEN, _GOOD = "bold red", "yellow", "green"
_SHOWN = {
    "failed": ("✗", _BAD),
    "unreadable": ("✗", _BAD),
    "cut off": ("✗", _BAD),
    "blocked": ("!", _BAD),
    "declined": ("!", _OPEN),
    "not run": ("!", _OPEN),
    "waiting": ("…", _OPEN),
    "running": ("…", _OPEN),
    "not approved": ("=", _OPEN),
    "planned": ("=", _OPEN),
    "applied": ("✓", _GOOD),
    "verified": ("✓", _GOOD),
    "removed": ("✓", ""),
}
WORST_FIRST = tuple(_SHOWN)
"""The order in which people want to see them."""
SIGNS = {word: sign for word, (sign, _) in _SHOWN.items()}
COLOURS = {word: colour for word, (_, colour) in _SHOWN.items()}
"""In a terminal."""
