"""The status in the form that is asked for. Whatever a record says is data there, and acts in none of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from ..archive import Archive
from ..outcome_signs import COLOURS, SIGNS
from ..terminal import out, say, shown
from ..text import one_line, some, visible
from . import Form
from .matrix import ago, matrix
from .page import page
from .rows import Row, rows

# A program for tables takes a cell that begins so for a formula, and may run it. The second four are the wide forms.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = tuple("=+-@＝＋－＠")
_LONGEST_CELL = 2_000
_LONGEST_LINE = 500


def show_status(archive: Archive, form: Form, write: Callable[[bytes], None]) -> None:
    """Print what the records say; all but the table goes to `write`. Raises NoRecords."""
    found = rows(archive)
    if form == Form.TABLE:
        _table(found)
    else:
        write({Form.JSON: _json, Form.CSV: _csv, Form.HTML: _html}[form](found))


def _table(found: Sequence[Row]) -> None:
    the_matrix = matrix(found)
    table = Table("Client", *(Column(shown(each)) for each in the_matrix.services))
    for client in the_matrix.clients:
        cells = [_cell(client.rows.get(service), the_matrix.made) for service in the_matrix.services]
        table.add_row(shown(client.name), *cells)
    if found:
        out.print(table)
    # Below it, in lines of any length: an ARN is there whole, to be copied, or not at all.
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in (row for client in the_matrix.clients for row in client.rows.values()):
        alike.setdefault(tuple(map(_in_whole_words, _about(row))), []).append(f"{row.client} {row.service or 'folder'}")
    for lines, names in alike.items():
        for line in lines:
            say(f"{some(names)}: {line}")
    say(the_matrix.summary, "bold")


def _cell(row: Row | None, now: datetime) -> Text:
    if row is None:
        return Text()
    verified = f"verified {ago(row.verified, now)}" if row.verified else "never verified"
    lines = [f"{row.action} {ago(row.ended, now)}" if row.ended else ""]
    lines += [verified] if not row.verified or row.verified != row.ended else []
    lines += ["DRIFTED"] if row.drift else []
    cell = Text(f"{SIGNS[row.outcome]} {row.outcome}", COLOURS[row.outcome])
    return cell.append(f"\n{shown(chr(10).join(filter(None, lines)))}", "default")


def _about(row: Row) -> Iterator[str]:
    """Why it is not well, what has drifted, and what it waits for."""
    if row.why:
        yield f"{row.outcome}: {row.why}"
    if row.drift:
        yield f"drifted: {', '.join(row.drift.what)}."
    yield from (wait.what for wait in row.waits)


def _in_whole_words(text: str) -> str:
    line = shorten(visible(text), _LONGEST_LINE, placeholder=" …", break_long_words=False, break_on_hyphens=False)
    return line or "…"


def _json(found: Sequence[Row]) -> bytes:
    content = {"made": datetime.now(UTC), "runbooks": [asdict(row) for row in found]}
    return json.dumps(content, indent=2, default=_iso).encode() + b"\n"


def _csv(found: Sequence[Row]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for row in found:
        writer.writerow([_harmless(str(_iso(value(row)) or "")) for value in _COLUMNS.values()])
    return file.getvalue().encode("utf-8", "backslashreplace")


_COLUMNS: dict[str, Callable[[Row], Any]] = {
    "client": lambda row: row.client,
    "service": lambda row: row.service,
    "outcome": lambda row: row.outcome,
    "action": lambda row: row.action,
    "ended": lambda row: row.ended,
    "last verified": lambda row: row.verified,
    "proven": lambda row: row.proven,
    "drifted": lambda row: ", ".join(row.drift.what) if row.drift else "",
    "drift found": lambda row: row.drift and row.drift.found,
    "waits for": lambda row: ", ".join(dict.fromkeys(wait.who for wait in row.waits)),
    "what": lambda row: " ".join(wait.what for wait in row.waits),
    "reason": lambda row: row.reason,
    "sandbox": lambda row: "sandbox" if row.sandbox else "",
    "record": lambda row: row.record,
}


def _harmless(text: str) -> str:
    line = one_line(text, _LONGEST_CELL)
    return f"'{line}" if line.startswith(_FORMULA) else line


def _iso(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _html(found: Sequence[Row]) -> bytes:
    return page(matrix(found)).encode("ascii", "xmlcharrefreplace")
