"""botocore's descriptions, as sessions share them: what a call needs of them is there, and their prose is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import JSONFileLoader, create_loader
from botocore.model import ServiceModel

from onemata_helpers.bucket import Bucket
from onemata_helpers.service_descriptions import descriptions


def test_only_prose_is_left_out(tmp_path: Path) -> None:
    member = {"shape": "Text", "documentation": "<p>It says what it is.</p>"}
    given = {
        "documentation": "<p>All.</p>",
        "shapes": {"One": {"members": {"documentation": member}}},
        "some": [member],
    }
    (tmp_path / "given.json").write_text(json.dumps(given))
    bare = {"shape": "Text"}
    read = descriptions().file_loader.load_file(str(tmp_path / "given"))
    assert read == {"shapes": {"One": {"members": {"documentation": bare}}}, "some": [bare]}
    assert descriptions().file_loader.load_file(str(tmp_path / "missing")) is None


@pytest.mark.parametrize("service", ["iam", "redshift-serverless"])
def test_of_a_service_all_else_is_botocores(service: str) -> None:
    def bare(each: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in each.items() if (name, type(value)) != ("documentation", str)}

    whole = create_loader().load_service_model(service, "service-2")
    expected = json.loads(json.dumps(whole), object_hook=bare)
    found = descriptions().load_service_model(service, "service-2")
    assert found == expected != whole
    assert list(found["operations"]) == list(whole["operations"])


def test_all_services_are_found_without_a_look_into_their_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    known = create_loader().list_available_services("service-2")
    monkeypatch.setattr(JSONFileLoader, "exists", lambda *_: pytest.fail("a service's folder was looked into"))
    assert set(known) <= set(type(descriptions())().list_available_services("service-2"))


def test_no_other_service_is_found() -> None:
    with pytest.raises(UnknownServiceError, match="'redshif'"):
        descriptions().load_service_model("redshif", "service-2")


def test_what_s3_lets_a_client_choose_is_all_there() -> None:
    whole = ServiceModel(create_loader().load_service_model("s3", "service-2"), "s3")
    ours = ServiceModel(descriptions().load_service_model("s3", "service-2"), "s3")
    assert [each.name for each in ours.client_context_parameters] == [
        each.name for each in whole.client_context_parameters
    ]
    assert ours.client_context_parameters


def test_a_second_bucket_for_records_reads_no_description(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would have cost a long-lived process a dozen MiB."""

    def reads(_: object, path: str) -> None:
        raise AssertionError(f"{path} is read again")

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert Bucket("s3://one/records", "")._s3
    for loader in (JSONFileLoader, type(descriptions().file_loader)):
        monkeypatch.setattr(loader, "load_file", reads)
    assert Bucket("s3://another/records", "")._s3
