"""One file of a client's: `key: value` lines in plain YAML, each with its line number.

Whatever is in the file, reading it ends at once: nothing but the beginning of a regular file is read, and what
goes beyond plain keys, texts and lists is refused as soon as the parser meets it, before anything recursive sees it.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

from .errors import Problem
from .raw_value import Unquoted, shown_place

_LARGEST = 64 * 1024
_DEEPEST = 4
_MOST_EVENTS = 1000
_TAG = "tag:yaml.org,2002:"
# Where YAML begins a line and many editors do not: a key could stand behind what looks like a comment.
_UNSEEN_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
# A number of another base, or one with signs, is not what its author reads in it.
_PLAIN_NUMBER = frozenset("0123456789")
_KINDS = {"int": "a number", "float": "a number", "timestamp": "a date or time", "merge": "a merge key", "value": "a ="}
_NOT_A_FILE = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))

Place = tuple[str | int, ...]
"""Where a value is: its key, and the key or index within it."""


@dataclass
class ClientFile:
    """What a file holds: its values, the line of each, and which have a remark behind them in that line.

    With `problems` about its form, the values are not all.
    """

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    remarked: set[Place] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    @property
    def unread(self) -> bool:
        """Whether nothing is known of what the file holds."""
        return bool(self.problems) and not self.values

    def line(self, place: Place) -> int:
        """The line of a value, or of what holds it; 0 if the file has nothing of it."""
        return next((self.lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in self.lines), 0)

    def problem(self, must: str, line: int = 0, key: str = "", value: str = "") -> None:
        """Add what is wrong with the file."""
        self.problems.append(Problem(str(self.path), key, value, must, line))


class _Refused(Exception):
    """What the file must be, and the line where it is not."""

    def __init__(self, must: str, line: int = 0) -> None:
        super().__init__(must)
        self.must, self.line = must, line


def read(path: Path, times: int = 1) -> ClientFile:
    """The file's values. Raises nothing: what is wrong with its form is in `problems`.

    It may be so many `times` as long as a client's file.
    """
    file = ClientFile(path)
    try:
        _take(file, _root(_text(path, _LARGEST * times), _MOST_EVENTS * times))
    except _Refused as refused:
        file.problem(refused.must, refused.line)
    return file


def why_not(error: OSError | ValueError) -> str:
    """Why a file or folder cannot be read, in the system's words."""
    return (error.strerror or "").lower() if isinstance(error, OSError) else str(error)


def _text(path: Path, largest: int) -> str:
    content = _bytes(path, largest)
    if len(content) > largest:
        raise _Refused(f"must be at most {largest // 1024} KiB long")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Refused("must be text in UTF-8: this line has bytes of another encoding", line) from None
    unseen = _UNSEEN_BREAK.search(text)
    if unseen:
        line = text.count("\n", 0, unseen.start()) + 1
        raise _Refused(f"must have ordinary line ends: within this line there is {unseen[0]!r}, which ends it", line)
    return text


def _bytes(path: Path, largest: int) -> bytes:
    """The beginning of a regular file. Nothing else is waited for: a pipe or a device could take for ever."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _refuse_all_but_a_file(os.fstat(number).st_mode)
            return b"".join(_parts(number, largest))
        finally:
            os.close(number)
    except FileNotFoundError:
        dangling = path.is_symlink()
        raise _Refused("must be a file: the link is broken" if dangling else "must exist") from None
    except (OSError, ValueError) as error:
        raise _Refused(f"must be a file that can be read: {why_not(error)}") from None


def _parts(number: int, largest: int) -> Iterator[bytes]:
    """What is read until the end or too much: a network's file may come in parts."""
    left = largest + 1
    while left > 0 and (part := os.read(number, left)):
        left -= len(part)
        yield part


def _refuse_all_but_a_file(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _NOT_A_FILE if is_kind(mode)), "a device")
        raise _Refused(f"must be a file, not {kind}")


def _root(text: str, most_events: int) -> yaml.Node | None:
    events: list[yaml.Event] = []
    try:
        for event in _documents(text):
            events.append(event)
            if len(events) > most_events + 1:
                raise _Refused(f"must hold at most {most_events} keys and values", _line(event.start_mark))
        return _Composer(events).get_single_node()
    except yaml.MarkedYAMLError as error:
        said = "; ".join(each for each in (error.context, error.problem) if each)
        # A key without its colon begins where the context does; that it is none is seen only in a later line.
        where = error.context_mark if error.context == "while scanning a simple key" else error.problem_mark
        raise _Refused(f"must be valid YAML: {said}", _line(where)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _Refused("must be valid YAML: this line has a control character", line) from None
    except (yaml.YAMLError, ValueError, OverflowError):  # of an escape beyond Unicode
        raise _Refused("must be valid YAML") from None


class _Composer(Composer, Resolver):
    """Makes nodes of events that were checked, so that the text is parsed once."""

    def __init__(self, events: Sequence[yaml.Event]) -> None:
        Composer.__init__(self)
        Resolver.__init__(self)
        self._left = deque(events)

    def check_event(self, *kinds: type[yaml.Event]) -> bool:
        return isinstance(self._left[0], kinds)

    def peek_event(self) -> yaml.Event:
        return self._left[0]

    def get_event(self) -> yaml.Event:
        return self._left.popleft()


def _documents(text: str) -> Iterator[yaml.Event]:
    """The parser's events, of one document without aliases, tags and depth. Raises _Refused, or yaml's errors."""
    depth = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        must = _must(event, depth, documents)
        if must:
            raise _Refused(must, _line(event.start_mark))
        yield event


def _must(event: yaml.Event, depth: int, documents: int) -> str:
    if documents > 1:
        return "must be one document: a second one begins here"
    if depth > _DEEPEST:
        return "must be `key: value` lines: this is nested too deeply"
    if getattr(event, "anchor", None):
        return "must have no anchors (&) or aliases (*); quote a text that begins with one"
    if getattr(event, "tag", None):
        return "must have no tags (!); quote a text that begins with one"
    return ""


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 0


def _behind(mark: Any) -> str:
    """What stands behind a mark in its line."""
    end = mark.buffer.find("\n", mark.pointer)
    return str(mark.buffer[mark.pointer : end if end >= 0 else None]).strip(" \r\0")


def _take(file: ClientFile, root: yaml.Node | None) -> None:
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == f"{_TAG}null"):
        return
    if not isinstance(root, yaml.MappingNode):
        raise _Refused("must be `key: value` lines", _line(root.start_mark))
    file.values = _mapping(file, root, ())


def _mapping(file: ClientFile, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line(key_node.start_mark)
        key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            file.problem("must have text as its key, in quotes if need be", line)
        elif key in found:
            file.problem("must appear once: this key is listed twice", line, shown_place((*place, key)))
        else:
            file.lines[*place, key] = line
            found[key] = _value(file, value_node, (*place, key))
            if isinstance(value_node, yaml.ScalarNode) and _behind(value_node.end_mark):
                file.remarked.add((*place, key))
    return found


def _value(file: ClientFile, node: yaml.Node, place: Place) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(file, node, place)
    if isinstance(node, yaml.SequenceNode):
        for index, each in enumerate(node.value):
            file.lines[*place, index] = _line(each.start_mark)
        return [_value(file, each, (*place, index)) for index, each in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    text, kind = str(node.value), node.tag.removeprefix(_TAG)
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return yaml.SafeLoader.bool_values[text.lower()]
    plain = _PLAIN_NUMBER.issuperset(text) and len(text) < 16 and (text == "0" or text[0] != "0")
    return int(text) if kind == "int" and plain else Unquoted(text, _KINDS[kind])
