"""How Glue finds the columns of a file: its own classifier for CSV, and those that an account adds.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..iam.signer import Signer
from ..wire.errors import AwsError
from ..wire.incoming_call import IncomingCall
from .own_services import serve

_LONGEST_NAME = 255


@dataclass(frozen=True)
class Classifier:
    """A classifier for CSV. Glue's own has no name, and wants two columns and two rows."""

    name: str = ""
    header: tuple[str, ...] = ()
    delimiter: str = ","
    fewest_columns: int = 2
    fewest_rows: int = 2
    first_row: str = "UNKNOWN"

    def columns(self, content: bytes) -> tuple[str, ...]:
        """The names of the columns; none if it does not know the content."""
        try:
            rows = list(csv.reader(io.StringIO(content.decode()), delimiter=self.delimiter, strict=True))
        except (UnicodeDecodeError, csv.Error):
            return ()
        width = len(rows[0]) if rows else 0
        if len(rows) < self.fewest_rows or width < self.fewest_columns or any(len(row) != width for row in rows):
            return ()
        if self.header:
            return self.header if len(self.header) == width else ()
        named = self.first_row == "PRESENT" or (self.first_row == "UNKNOWN" and _is_header(rows))
        return tuple(rows[0]) if named else tuple(f"col{number}" for number in range(width))


BUILT_IN = Classifier()
_known: dict[tuple[str, str, str], Mapping[str, Any]] = {}


def install() -> None:
    """Let the sandbox answer for classifiers, with none there yet."""
    _known.clear()
    serve("glue", {"CreateClassifier": _create, "GetClassifier": _get, "DeleteClassifier": _delete})


def find(account: str, region: str, name: str) -> Classifier | None:
    """An account's own classifier."""
    found = _known.get((account, region, name))
    if found is None:
        return None
    header, delimiter = tuple(found.get("Header") or ()), found.get("Delimiter") or ","
    fewest = 1 if found.get("AllowSingleColumn") else 2
    return Classifier(name, header, delimiter, fewest, 1, found.get("ContainsHeader") or "UNKNOWN")


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """A first row of words alone, over at least one that is not."""
    return not any(_is_number(field) for field in rows[0]) and any(_is_number(field) for row in rows for field in row)


def _is_number(field: str) -> bool:
    return field.replace(".", "", 1).replace("-", "", 1).isdigit()


def _create(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    asked = call.get("CsvClassifier")
    if not asked:
        raise AwsError("InvalidInputException", "The sandbox knows classifiers for CSV only.")
    name = asked.get("Name", "")
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise AwsError("InvalidInputException", "The name of a classifier has 1 to 255 characters.")
    if _key(call, name) in _known:
        raise AwsError("AlreadyExistsException", f"Classifier {name} already exists.")
    _known[_key(call, name)] = {**asked, "CreationTime": datetime.now(UTC), "Version": 1}
    return {}


def _get(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    return {"Classifier": {"CsvClassifier": _known[_existing(call)]}}


def _delete(call: IncomingCall, _: Signer) -> Mapping[str, Any]:
    del _known[_existing(call)]
    return {}


def _existing(call: IncomingCall) -> tuple[str, str, str]:
    key = _key(call, call.get("Name", ""))
    if key not in _known:
        raise AwsError("EntityNotFoundException", f"Classifier {call.get('Name')} not found.")
    return key


def _key(call: IncomingCall, name: str) -> tuple[str, str, str]:
    return call.account, call.region, name
