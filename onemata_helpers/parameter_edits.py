"""Changed values into a client's files, with all that stands there besides: comments, order, quotes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from .choices import ServiceName
from .client_file import read
from .errors import ParameterError, Problem
from .files import replace_file
from .parameter_files import from_folder
from .parameters import ClientParameters


def save(folder: Path, service: ServiceName, values: Mapping[str, Any]) -> list[Path]:
    """Write these values into the client's `client.yaml` and the service's file; gives back the files that changed.

    Raises ParameterError for a file that cannot be read, in which the values would not be found again, or which would
    not go together with the client's other files; and OSError. Then the files are as they were.
    """
    shared = {key: value for key, value in values.items() if key in ClientParameters.model_fields}
    own = {key: value for key, value in values.items() if key not in shared}
    edits = {folder / "client.yaml": shared, folder / f"{service}.yaml": own}
    texts = {path: edited(path, changes) for path, changes in edits.items() if changes}
    before = {path: path.read_text(encoding="utf-8") for path in texts}
    try:
        for path, text in texts.items():
            replace_file(path, text)
        from_folder(folder)
    except (ParameterError, OSError):
        for path, text in before.items():
            replace_file(path, text)
        raise
    return list(texts)


def edited(path: Path, changes: Mapping[str, Any]) -> str:
    """The text of a client's file with these values, and every comment of it.

    Raises ParameterError for a file that cannot be read, or in which the values would not be found again.
    """
    found = read(path)
    if found.problems:
        raise ParameterError(found.problems)
    yaml = _round_trip()
    content = yaml.load(path.read_text(encoding="utf-8-sig")) or CommentedMap()
    for key, value in changes.items():
        _replace(content, key, _plain(value))
    out = io.StringIO()
    yaml.dump(content, out)
    _refuse_unless_found(path, out.getvalue(), found.values | dict(changes))
    return out.getvalue()


def _replace(content: CommentedMap, key: str, new: Any) -> None:
    """Put a value in the place of another. What is said between and after the parts of the old one follows it."""
    old = content.get(key)
    content[key] = new
    if not isinstance(old, CommentedSeq | CommentedMap):
        return
    said = "".join(token.value for part in old.ca.items.values() for token in _tokens(part))
    if isinstance(new, CommentedSeq | CommentedMap) and new:
        if old.fa.flow_style():
            new.fa.set_flow_style()
        new.ca.comment = old.ca.comment
        of_last = new.ca.items.setdefault(len(new) - 1 if isinstance(new, CommentedSeq) else list(new)[-1], [None] * 4)
        place = 0 if isinstance(new, CommentedSeq) else 2
    else:
        of_last, place = content.ca.items.setdefault(key, [None] * 4), 2
        said = "".join(token.value for token in _tokens(of_last[2:])) + said
        of_last[3] = None
    if said:
        of_last[place] = CommentToken(said, CommentMark(0), None)


def _tokens(found: Any) -> Iterator[CommentToken]:
    """The comments in ruamel's lists of lists of them."""
    if isinstance(found, CommentToken):
        yield found
    elif isinstance(found, list):
        for each in found:
            yield from _tokens(each)


def _refuse_unless_found(path: Path, text: str, wanted: Mapping[str, Any]) -> None:
    """Our own reader must find exactly these values in what would be written."""
    with TemporaryDirectory(prefix="onemata-draft-") as folder:  # beside the file, others would find it
        draft = Path(folder) / path.name
        replace_file(draft, text)
        seen = read(draft)
    if seen.problems or seen.values != wanted:
        must = "must be plain `key: value` lines, so that values can be saved in it: edit it by hand"
        raise ParameterError([Problem(str(path), "", "", must)])


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000  # no line is broken that was not
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _plain(value: Any) -> Any:
    """Every text in quotes: no YAML reads anything else in it."""
    if isinstance(value, str):
        return DoubleQuotedScalarString(value)
    if isinstance(value, list):
        return CommentedSeq([_plain(each) for each in value])
    if isinstance(value, dict):
        return CommentedMap({DoubleQuotedScalarString(key): _plain(each) for key, each in value.items()})
    return value
