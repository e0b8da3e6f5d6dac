"""The table in the client's Glue catalog that a proof makes, reads through, and drops again.

https://docs.aws.amazon.com/glue/latest/webapi/API_Table.html
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..answers import Answer, Plain
from ..frozen import Frozen
from ..plan import Call, Change
from ..session import Aws
from .base import Look, Permission, Resource
from .role_state import same_thing

MARK = "onemata_proof"
"""The property by which a table is ours: its value is where we made the table lie. Elsewhere it is the client's."""


class TableState(Frozen):
    """A table of the name of ours."""

    ours: bool


class _Storage(Answer):
    location: str = ""


class _Table(Answer):
    name: Plain
    database_name: Plain
    parameters: dict[str, str] | None = None
    storage_descriptor: _Storage | None = None


class _TableAnswer(Answer):
    table: _Table


@dataclass(frozen=True)
class ProbeTable(Resource):
    """The table by its database and name, which is bound to the delivery.

    It is there only while a proof runs, so `changes` finds nothing to do; what a proof left that was cut off, the next
    proof and a removal take away.
    """

    database: str
    name: str

    @property
    def key(self) -> str:
        return f"table {self.database}.{self.name}"

    @staticmethod
    def permissions(catalog: str, database: str, name: str) -> tuple[Permission, ...]:
        """What looking for it and deleting it takes. `catalog` is where the ARNs of the catalog begin.

        Each right on a table is one on its database and catalog, too.
        https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
        """
        arns = (f"{catalog}:catalog", f"{catalog}:database/{database}", f"{catalog}:table/{database}/{name}")
        return (Permission(("glue:DeleteTable", "glue:GetTable"), arns),)

    def state(self, look: Look) -> TableState | None:
        """What is there under this name; None if nothing. Raises as `Aws.call` does."""
        return look.once(self.key, self._read)

    def changes(self, look: Look) -> list[Change]:
        return []

    def removal(self, look: Look) -> list[Change]:
        found = self.state(look)
        if found is None:
            return [self.change("nothing", "It is not there.")]
        if not found.ours:
            return [self.change("keep", "The client's own table: it is not where a proof of ours puts one.")]
        return [self.change("delete", "A proof that was cut off left it. It holds no data.", self.deletion)]

    @property
    def deletion(self) -> Call:
        """The call that deletes it. Data in S3 stay as they are."""
        return Call(service="glue", operation="delete_table", arguments=self._address)

    def clear(self, aws: Aws) -> TableState | None:
        """Delete it if it is ours. What is there after that: None, or the client's. Raises as `Aws.call` does."""
        found = self._read(aws)
        if found is None or not found.ours:
            return found
        with suppress(aws.client("glue").exceptions.EntityNotFoundException):
            aws.call(self.deletion.service, self.deletion.operation, **self.deletion.arguments)
        return self._read(aws)

    @property
    def _address(self) -> dict[str, str]:
        return {"DatabaseName": self.database, "Name": self.name}

    def _read(self, aws: Aws) -> TableState | None:
        try:
            found = aws.ask("glue", "get_table", _TableAnswer, **self._address).table
        except aws.client("glue").exceptions.EntityNotFoundException:
            return None
        same_thing("glue:GetTable", f"{found.database_name}.{found.name}", f"{self.database}.{self.name}")
        marked = (found.parameters or {}).get(MARK, "")
        lies = found.storage_descriptor.location if found.storage_descriptor else ""
        return TableState(ours=bool(marked) and marked.rstrip("/") == lies.rstrip("/"))
