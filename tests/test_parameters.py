"""Bad input is refused before AWS is asked, all at once, each with file, line, key, value and what it must be."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from onemata_helpers.errors import ParameterError
from onemata_helpers.parameter_files import from_folder, from_notebook
from onemata_helpers.parameters import EXAMPLE_VALUES, SCHEMAS, ClientParameters, ServiceParameters

from .conftest import EXAMPLE, SERVICES, values


def refusals(service: str, **changes: Any) -> dict[str, str]:
    with pytest.raises(ParameterError) as caught:
        from_notebook(service, values(service, **changes))
    return {problem.key: problem.must for problem in caught.value.problems}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A client's folder, like the example."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "acme"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_is_good() -> None:
    assert list(from_folder(EXAMPLE)) == list(SERVICES)


def test_the_example_explains_every_key() -> None:
    for service, schema in SCHEMAS.items():
        for name, keys in (
            ("client", ClientParameters.model_fields.keys()),
            (service, schema.model_fields.keys() - ClientParameters.model_fields.keys() - {"plan_shown", "record"}),
        ):
            text = (EXAMPLE / f"{name}.yaml").read_text()
            assert set(yaml.safe_load(text)) == set(keys)
            for paragraph in text.split("\n\n"):
                assert paragraph.lstrip().startswith("#"), paragraph


def test_example_values_are_those_of_the_example() -> None:
    given = {k: v for each in from_folder(EXAMPLE).values() for k, v in each.model_dump().items()}
    assert {key: given[key] for key in EXAMPLE_VALUES} == EXAMPLE_VALUES


@pytest.mark.parametrize(
    ("key", "value", "must"),
    [
        ("account_id", 12345670123, "must be quoted"),
        ("account_id", 0o12345670123, "octal"),
        ("onemata_account_id", "012345670123", "not the client's"),
        ("account_id", "1234", "12 digits"),
        ("account_id", "111111111111", "placeholder"),
        ("onemata_account_id", 987654321098, "must be quoted"),
        ("onemata_role_arn", "arn:aws:iam::111111111111:role/ROLENAME", "placeholder"),
        ("onemata_role_arn", "arn:aws:iam::123456789012:role/delivery", "in account 987654321098 (onemata_account_id)"),
        ("onemata_role_arn", "arn:aws-cn:iam::987654321098:role/delivery", "partition"),
        ("onemata_role_arn", "arn:aws:sts::987654321098:assumed-role/delivery/me", "ARN of an IAM role"),
        ("operator_role_arn", "arn:aws:iam::999999999999:role/operator", "in account 012345670123 (account_id)"),
        ("bucket", "DOC-EXAMPLE-BUCKET", "placeholder"),
        ("bucket", "s3://data", "no s3://"),
        ("bucket", "10.0.0.1", "bucket"),
        ("prefix", "/data", "no leading"),
        ("prefix", "data/*", "wildcards"),
        ("region", "us-east-99", "must be an AWS region"),
        ("region", "", "must not be empty"),
        ("client", "../etc", "small letters"),
        ("role_path", "onemata", "begins and ends with '/'"),
        ("role_name", "no spaces", "1 to 64"),
        ("role_name", "x" * 65, "1 to 64"),
        ("permissions_boundary_arn", "arn:aws:iam::012345670123:role/x", "IAM policy"),
        ("permissions_boundary_arn", "arn:aws:iam::123456789012:policy/x", "account_id"),
        ("tags", {"Team": "x", "team": "y"}, "team is listed twice (as Team)"),
        ("action", "destroy", "'verify', 'remove' or 'plan-removal'"),
        ("approved_plan", "yes", "20 hexadecimal"),
        ("s3_access", "full", "'managed' or 'scoped'"),
        ("kms_key_arn", "alias/mine", "KMS key"),
        ("role_name", "rôle", "1 to 64"),
        ("onemata_external_id", "kunde-ü1", "letters, digits"),
        ("sandbox", "true", "true or false"),
        ("adopt_existing", "yes", "true or false"),
        ("acount_id", "012345670123", "did you mean account_id?"),
    ],
)
def test_a_wrong_value_is_refused_with_what_it_must_be(key: str, value: object, must: str) -> None:
    assert must in refusals("ec2", **{key: value})[key]


@pytest.mark.parametrize(
    ("service", "key", "value", "must"),
    [
        ("redshift", "cluster_identifiers", ["Not--a-cluster"], "small letters"),
        ("redshift", "launch_nodes", 0, "greater than or equal to 1"),
        ("redshift", "launch_admin", "public", "small letters"),
        ("glue", "pass_role_to", ["arn:aws:sts::012345670123:assumed-role/x/y"], "not of a session"),
        ("glue", "athena_principals", ["arn:aws:iam::123456789012:user/x"], "in account 012345670123 (account_id)"),
        (
            "glue",
            "pass_role_to",
            ["arn:aws:iam::012345670123:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x"],
            "permission set",
        ),
        ("ec2", "instance_ids", ["i-0a1b2c3d4e5f60718"] * 2, "is listed twice"),
        ("ec2", "instance_ids", [], "at least one entry"),
        ("ec2", "on_existing_profile", "overwrite", "'stop', 'extend' or 'replace'"),
        ("ec2", "profile_name", "a]b", "up to 128 letters, digits"),
    ],
)
def test_so_is_a_services_own(service: str, key: str, value: object, must: str) -> None:
    assert must in next(iter(refusals(service, **{key: value}).items()))[1]


def test_a_list_names_the_wrong_member() -> None:
    assert refusals("ec2", instance_ids=["i-0a1b2c3d4e5f60718", "web-1"]).keys() == {"instance_ids.1"}


def test_everything_wrong_is_said_at_once(folder: Path) -> None:
    edit(folder / "client.yaml", 'account_id: "012345670123"', "account_id: 012345670123")
    edit(folder / "client.yaml", "bucket: onemata-example-data", "bucket: DOC-EXAMPLE-BUCKET")
    edit(folder / "redshift.yaml", "cluster_identifiers: [example-analytics]", "cluster: example-analytics")
    edit(folder / "ec2.yaml", "role_name: onemata-ec2", "role_name: ec2 role")
    with pytest.raises(ParameterError) as caught:
        from_folder(folder)
    found = {(Path(p.file).name, p.key, p.value) for p in caught.value.problems}
    assert found == {
        ("client.yaml", "account_id", "012345670123"),
        ("client.yaml", "bucket", "'DOC-EXAMPLE-BUCKET'"),
        ("redshift.yaml", "workgroup_names", "[]"),
        ("redshift.yaml", "cluster", "'example-analytics'"),
        ("ec2.yaml", "role_name", "'ec2 role'"),
    }
    assert "5 problems. Nothing was done in AWS." in str(caught.value)
    assert "client.yaml, line 10: account_id = 012345670123: must be quoted" in str(caught.value)


def test_outside_the_sandbox_the_examples_values_are_refused(folder: Path) -> None:
    edit(folder / "client.yaml", "sandbox: true", "sandbox: false")
    with pytest.raises(ParameterError) as caught:
        from_folder(folder)
    assert {problem.key for problem in caught.value.problems} == set(EXAMPLE_VALUES)


@pytest.mark.parametrize(
    ("file", "text", "must"),
    [
        ("client.yaml", "client: a\nclient: b\n", "line 2: client: must appear once"),
        ("client.yaml", "client: [", "line 1: must be valid YAML"),
        ("client.yaml", "- client\n", "line 1: must be `key: value` lines"),
        ("redshift.yml", "role_name: x\n", "must be one of"),
        ("client.yaml", "tags: {created: 2024-06-31}\n", "line 1: tags.created = 2024-06-31: must be text in quotes"),
        ("athena.yaml", "role_name: x\n", "must be one of"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder: Path, file: str, text: str, must: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(ParameterError) as caught:
        from_folder(folder)
    assert any(Path(p.file).name == file and must in str(p) for p in caught.value.problems)


def test_a_key_in_the_wrong_file_is_sent_to_the_right_one(folder: Path) -> None:
    for file, line in (("client.yaml", "cluster_identifiers: [x-1]\n"), ("glue.yaml", "bucket: other-data\n")):
        (folder / file).write_text((folder / file).read_text() + line)
    with pytest.raises(ParameterError) as caught:
        from_folder(folder)
    due = {(Path(p.file).name, p.key): p.must for p in caught.value.problems}
    assert due["client.yaml", "cluster_identifiers"] == "must be in the file of a service"
    assert due["glue.yaml", "bucket"] == "must be in client.yaml"


def test_a_folder_without_a_service_is_refused(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "client.yaml", tmp_path)
    with pytest.raises(ParameterError, match=r"the file of a service: redshift\.yaml"):
        from_folder(tmp_path)


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    parameters: ServiceParameters = from_notebook(
        "glue", values("glue", region=region, onemata_role_arn="", role_path="/data/")
    )
    assert parameters.role_arn == f"arn:{partition}:iam::012345670123:role/data/AWSGlueServiceRoleOnemata"
