"""COPY as Redshift runs it: to prove that a role reads one object, and to load what Onemata delivers.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ..location import Location

_TABLE = "onemata_probe"
# One column that takes any line of text. https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
_CREATE = f"CREATE TEMP TABLE {_TABLE} (line VARCHAR(65535));"


@dataclass(frozen=True)
class CopyStatement:
    """COPY by these roles: one, or a chain of which each assumes the next. `region` is the bucket's, if another.

    https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html (role chaining)
    """

    roles: tuple[str, ...]
    region: str = ""

    def proof(self, place: Location) -> tuple[str, str]:
        """The two statements that only parse the objects whose keys begin with the place's.

        Nothing is loaded, and the table ends with its session.
        https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html (NOLOAD)
        """
        region = f" REGION {_quoted(self.region)}" if self.region else ""
        return _CREATE, f"{self._copy(_TABLE, place)} FORMAT AS CSV NOLOAD{region};"

    def load(self, table: str, place: Location) -> str:
        """The statement that loads Parquet into the client's table. NOLOAD and REGION are not for Parquet.

        https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
        """
        return f"{self._copy(table, place)} FORMAT AS PARQUET;"

    @property
    def chain(self) -> str:
        """The roles in one string, with no spaces, as IAM_ROLE and GRANT take them."""
        return _quoted(",".join(self.roles))

    def _copy(self, table: str, place: Location) -> str:
        return f"COPY {table} FROM {_quoted(place.uri)} IAM_ROLE {self.chain}"


def _quoted(value: str) -> str:
    """A value that is plain already, as SQL's text."""
    return "'" + value.replace("'", "''") + "'"
