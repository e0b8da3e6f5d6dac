"""The statements that prove by Athena that somebody reads one object: a table over its folder, its rows, and away.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ..location import Location
from ..resources.probe_table import MARK

# DDL is read by Hive, queries by Trino, and each quotes in its own way.
_DDL_NAME, _NAME, _TEXT = "`", '"', "'"


@dataclass(frozen=True)
class AthenaStatements:
    """For one object, in a database of the catalog, with a table of this name."""

    database: str
    table: str
    place: Location

    @property
    def create(self) -> str:
        """One column takes any line of text. The mark says that the table is ours, as long as it is where we put it."""
        folder = _ddl_text(self.place.around.uri)
        return (
            f"CREATE EXTERNAL TABLE {self._name(_DDL_NAME)} (`line` string) LOCATION {folder} "
            f"TBLPROPERTIES ({_ddl_text(MARK)} = {folder})"
        )

    @property
    def count(self) -> str:
        """The number of rows in the object, and in no other of its folder: to know it, Athena has to read the object.

        No row of it is copied into the result.
        https://docs.aws.amazon.com/athena/latest/ug/select.html ("$path")
        """
        name, path = self._name(_NAME), _quoted(self.place.uri, _TEXT)
        return " ".join(("SELECT count(*) AS rows_read FROM", name, 'WHERE "$path" =', path))

    @property
    def drop(self) -> str:
        """An external table's data stay where they are."""
        return f"DROP TABLE {self._name(_DDL_NAME)}"

    def _name(self, sign: str) -> str:
        return f"{_quoted(self.database, sign)}.{_quoted(self.table, sign)}"


def _quoted(value: str, sign: str) -> str:
    """A value that is plain already, as a name or as a query's text: in both a sign is escaped by another."""
    return sign + value.replace(sign, 2 * sign) + sign


def _ddl_text(value: str) -> str:
    """The same as the text of DDL, which Hive reads: there a backslash escapes.

    https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
