"""The SQL of the proofs: well formed, and whatever passes the door cannot change what it does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import sqlglot
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlglot import exp

from onemata_helpers import sandbox
from onemata_helpers.location import Location
from onemata_helpers.parameters import RedshiftParameters
from onemata_helpers.sandbox.aws.copy_noload import Copy
from onemata_helpers.services.copy_statement import CopyStatement

from .conftest import values

# What the door lets through, with now and then a sign that SQL would act on.
_PLAIN = st.text(st.sampled_from("abc019_+=,.@:/-"), min_size=1, max_size=40)
_SIGNS = st.sampled_from(["'", '"', ";", "\\", " ", "\n", "$", "--", "é"])
texts = _PLAIN | st.builds("{}{}{}".format, _PLAIN, _SIGNS, _PLAIN)
arns = st.builds("arn:aws:iam::{}:role/{}".format, st.just(sandbox.ONEMATA_ACCOUNT), texts)
REGIONS = st.sampled_from(["", "us-east-1", "eu-west-1"])


def door(**changes: Any) -> RedshiftParameters:
    """The parameters with as many of these values, in their order, as pass."""
    passed = values("redshift", role_chain=True) | {"sandbox": False}
    for key, value in changes.items():
        with suppress(ValidationError):
            passed = RedshiftParameters.model_validate(passed | {key: value}).model_dump()
    return RedshiftParameters.model_validate(passed)


def parsed(sql: str) -> exp.Copy:
    (statement,) = sqlglot.parse(sql, dialect="redshift")
    assert isinstance(statement, exp.Copy)
    return statement


def roles_in(statement: exp.Copy) -> str:
    return str(statement.args["credentials"].args["iam_role"].this)


def place_in(statement: exp.Copy) -> str:
    (place,) = statement.args["files"]
    return str(place.this)


@given(prefix=texts, name=texts, role=texts, arn=arns, bucket_region=REGIONS)
def test_no_value_that_passes_changes_what_the_statements_do(
    prefix: str, name: str, role: str, arn: str, bucket_region: str
) -> None:
    changes = {"role_name": role, "onemata_role_arn": arn, "bucket_region": bucket_region}
    p = door(prefix=prefix, probe_object=f"{prefix}/{name}", **changes)
    copy = CopyStatement((p.role_arn, p.onemata_role_arn), p.other_region)
    place = p.probe.object
    create, sql = copy.proof(place)
    assert [type(each) for each in sqlglot.parse(create, dialect="redshift")] == [exp.Create]
    assert place_in(parsed(sql)) == place.uri
    assert roles_in(parsed(sql)) == f"{p.role_arn},{p.onemata_role_arn}"
    assert sql.count("'") == (6 if p.other_region else 4)
    assert sql.count(";") == 1
    assert sql.endswith(f"FORMAT AS CSV NOLOAD REGION '{p.other_region}';" if p.other_region else "CSV NOLOAD;")


@given(prefix=texts, role=texts)
def test_the_same_holds_for_the_clients_own_load(prefix: str, role: str) -> None:
    p = door(prefix=prefix, role_name=role)
    sql = CopyStatement((p.role_arn,), "eu-west-1").load("your_schema.your_table", p.location)
    assert place_in(parsed(sql)) == p.location.uri
    assert roles_in(parsed(sql)) == p.role_arn
    assert sql.endswith("' FORMAT AS PARQUET;")  # NOLOAD and REGION are not for Parquet
    assert sql.count("'") == 4


@given(bucket=st.text(min_size=1), key=st.text(), role=st.text(), region=st.text())
def test_even_what_the_door_would_stop_stays_text(bucket: str, key: str, role: str, region: str) -> None:
    assume("/" not in bucket)
    assume("," not in role)
    _, sql = CopyStatement((role,), region).proof(Location(bucket, key))
    found = Copy.parse(sql)
    assert found is not None
    assert (found.bucket, found.key, found.roles, found.region) == (bucket, key, (role,), region)
