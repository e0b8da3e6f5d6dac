"""Text that may be shown: nothing in it can move a cursor, hide a word, or begin a line of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Printable by their class, and yet nothing is seen of them: fillers, joiners, variation selectors, the empty Braille.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt (Default_Ignorable_Code_Point)
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def is_plain(text: str) -> bool:
    """Whether each character is one that a person sees: no control, format or bidi character, no lone surrogate.

    Of the spaces only the ordinary one is plain. The classes are Unicode's, as `str.isprintable` reads them.
    """
    return text.isprintable() and not _UNSEEN.search(text)


def visible(text: str) -> str:
    """`text` with each character that a person would not see written out, like `\\x1b`. Line ends stay."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(line if is_plain(line) else "".join(map(_written_out, line)) for line in lines)


def one_line(text: str, limit: int = 500) -> str:
    """`text` visible, in one line, and cut after `limit` characters."""
    line = visible(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit else f"{line[:limit]} … ({len(text)} characters in all)"


def sentence(text: str) -> str:
    """`text` with one full stop at its end, or the sign that it ends in already."""
    ended = text.rstrip()
    return ended if ended.endswith((".", "!", "?", ":")) else f"{ended}."


def without(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """`text` without each part from a `begin` to the next `end`; what is begun and never ended stays.

    It looks at each character once for each of the two, as one pattern for both would not: that reads all that follows
    again from each beginning.
    """
    kept, at = [], 0
    while (begun := begin.search(text, at)) and (ended := end.search(text, begun.end())):
        kept.append(text[at : begun.start()])
        at = ended.end()
    return "".join([*kept, text[at:]])


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its noun: `1 change`, `2 changes`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of these names, and how many there are beside."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def lasting(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left} s"


def _written_out(character: str) -> str:
    if is_plain(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
