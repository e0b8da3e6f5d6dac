"""The SQL of Athena's proof: well formed, and whatever passes the door cannot change what it does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlglot import exp

from onemata_helpers.location import Location
from onemata_helpers.parameters import GlueParameters
from onemata_helpers.resources.probe_table import MARK
from onemata_helpers.sandbox.aws.athena_query import Count, Create, Drop, Table, parse
from onemata_helpers.services.athena_statements import AthenaStatements

from .conftest import values
from .test_copy_statement import texts

TABLE = "onemata_probe_1a2b3c4d"
names = st.text(st.sampled_from("abc019_"), min_size=1, max_size=20) | texts


def door(**changes: Any) -> GlueParameters:
    """The parameters with as many of these values, in their order, as pass."""
    passed = values("glue") | {"sandbox": False}
    for key, value in changes.items():
        with suppress(ValidationError):
            passed = GlueParameters.model_validate(passed | {key: value}).model_dump()
    return GlueParameters.model_validate(passed)


def parsed(sql: str) -> exp.Expression:
    (statement,) = sqlglot.parse(sql, dialect="athena")
    assert isinstance(statement, exp.Expression)
    return statement


def table_in(statement: exp.Expression) -> tuple[str, str]:
    (table,) = statement.find_all(exp.Table)
    return table.db, table.name


def test_the_statements_as_they_stand() -> None:
    asked = AthenaStatements("default", TABLE, Location("data", "client/_onemata/probe.csv"))
    assert asked.create == (
        f"CREATE EXTERNAL TABLE `default`.`{TABLE}` (`line` string) LOCATION 's3://data/client/_onemata/' "
        "TBLPROPERTIES ('onemata_proof' = 's3://data/client/_onemata/')"
    )
    assert asked.count == (
        f'SELECT count(*) AS rows_read FROM "default"."{TABLE}" WHERE "$path" = \'s3://data/client/_onemata/probe.csv\''
    )
    assert asked.drop == f"DROP TABLE `default`.`{TABLE}`"


@given(prefix=texts, name=texts, database=names)
def test_no_value_that_passes_changes_what_the_statements_do(prefix: str, name: str, database: str) -> None:
    p = door(prefix=prefix, probe_object=f"{prefix}/{name}", athena_database=database)
    place = p.probe.object
    asked = AthenaStatements(p.athena_database, TABLE, place)
    create, count, drop = (parsed(sql) for sql in (asked.create, asked.count, asked.drop))
    assert [type(each) for each in (create, count, drop)] == [exp.Create, exp.Select, exp.Drop]
    assert {table_in(each) for each in (create, count, drop)} == {(p.athena_database, TABLE)}
    (lies,) = create.find_all(exp.LocationProperty)
    assert lies.this.name == place.around.uri
    assert [literal.name for literal in count.find_all(exp.Literal)] == [place.uri]
    for sql in (asked.create, asked.count, asked.drop):
        assert ";" not in sql
        assert "--" not in sql.replace(place.uri, "").replace(place.around.uri, "")


@given(bucket=st.text(min_size=1), key=st.text(), database=st.text(min_size=1), table=st.text(min_size=1))
def test_even_what_the_door_would_stop_stays_text(bucket: str, key: str, database: str, table: str) -> None:
    place = Location(bucket, key)
    asked = AthenaStatements(database, table, place)
    named = Table(database, table)
    assert parse(asked.create) == Create(named, place.around.uri, {MARK: place.around.uri})
    assert parse(asked.count) == Count(named, place.uri)
    assert parse(asked.drop) == Drop(named)
