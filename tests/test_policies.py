"""Two documents are equal when IAM takes them for the same, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from onemata_helpers import policies
from onemata_helpers.location import Location

TRUST = policies.service_trust("ec2", "aws")


def _with(**changes: Any) -> policies.Document:
    return policies.document(TRUST["Statement"][0] | changes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TRUST, {"Version": "2012-10-17", "Statement": TRUST["Statement"][0]}),
        (_with(Action="sts:AssumeRole"), _with(Action=["sts:AssumeRole"])),
        (_with(Action="STS:assumerole"), _with(Action="sts:AssumeRole")),
        (_with(Principal="*"), _with(Principal={"AWS": "*"})),
        (_with(Principal={"AWS": "123456789012"}), _with(Principal={"AWS": "arn:aws:iam::123456789012:root"})),
        (_with(Resource=["b", "a"]), _with(Resource=["a", "b"])),
        (_with(Condition={"Bool": {"a:b": True}}), _with(Condition={"Bool": {"A:B": "true"}})),
        (_with(Condition={"NumericEquals": {"a:b": 7}}), _with(Condition={"NumericEquals": {"a:b": ["7"]}})),
        ({"Statement": TRUST["Statement"]}, TRUST | {"Version": "2008-10-17"}),
    ],
)
def test_the_same_written_otherwise(one: policies.Document, other: policies.Document) -> None:
    assert policies.same(one, other)


@pytest.mark.parametrize(
    "other",
    [
        _with(Effect="Deny"),
        _with(Action="sts:AssumeRoleWithSAML"),
        _with(Principal={"Service": "glue.amazonaws.com"}),
        _with(Condition={"StringEquals": {"sts:ExternalId": "x"}}),
        {"Statement": TRUST["Statement"]},
        _with(Principal={"AWS": "AROAEXAMPLEOFADELETEDONE"}),
    ],
)
def test_what_means_something_else_differs(other: policies.Document) -> None:
    assert not policies.same(TRUST, other)


def test_a_difference_names_only_the_statements_that_differ() -> None:
    kept = {"Effect": "Allow", "Action": "a:b", "Resource": "*"}
    old, new = kept | {"Action": "c:d"}, kept | {"Action": "e:f"}
    assert policies.difference(policies.document(kept, old), policies.document(new, kept)) == ([old], [new])


def test_adding_statements_keeps_every_one_that_is_there() -> None:
    existing = policies.service_trust("lambda", "aws") | {"Id": "theirs"}
    wanted = policies.with_statements(existing, TRUST)
    assert wanted["Id"] == "theirs"
    assert wanted["Statement"] == [*existing["Statement"], *TRUST["Statement"]]
    assert policies.same(policies.with_statements(wanted, TRUST), wanted)


def test_only_ec2_has_a_chinese_service_principal() -> None:
    def principal(service: str) -> str:
        return str(policies.service_trust(service, "aws-cn")["Statement"][0]["Principal"]["Service"])

    assert principal("ec2") == "ec2.amazonaws.com.cn"
    assert principal("redshift") == "redshift.amazonaws.com"


def test_scoped_access_covers_the_prefix_and_nothing_beside_it() -> None:
    document = policies.s3_read("aws-us-gov", Location("bucket", "a/b/"), "arn:aws-us-gov:kms:us-gov-east-1:1:key/x")
    location, listing, read, decrypt = document["Statement"]
    assert location["Resource"] == listing["Resource"] == "arn:aws-us-gov:s3:::bucket"
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["a/b", "a/b/", "a/b/*"]}}
    assert read["Resource"] == "arn:aws-us-gov:s3:::bucket/a/b/*"
    assert decrypt["Condition"]["StringEquals"]["kms:ViaService"] == "s3.us-gov-east-1.amazonaws.com"


def test_without_a_prefix_the_whole_bucket_is_meant() -> None:
    _, listing, read = policies.s3_read("aws", Location("bucket"), "")["Statement"]
    assert "Condition" not in listing
    assert read["Resource"] == "arn:aws:s3:::bucket/*"
