"""The form saves what is right and nothing else, and says what differs from what is saved."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from onemata_helpers.live import form as module
from onemata_helpers.live.client_folder import ClientFolder
from onemata_helpers.live.form import Form
from onemata_helpers.live.typed import Typed
from onemata_helpers.services.base import Choices

from ..conftest import EXAMPLE, values


class Told:
    """What the form tells of itself, in order."""

    def __init__(self) -> None:
        self.changed: list[tuple[str, ...]] = []
        self.saved = 0
        self.choices: dict[str, Choices] = {"cluster_identifiers": [("Analytics", "other")]}

    def count(self) -> None:
        self.saved += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "example")
    return tmp_path / "example"


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch, path: Path, told: Told) -> Form:
    """The unfolded form of the example's Redshift."""

    def at_once(work: Callable[[], Any]) -> None:
        work()

    monkeypatch.setattr(module, "on_main", at_once)  # without a kernel
    monkeypatch.setattr(Typed, "then", lambda _, __, work: at_once(work))
    folder = ClientFolder(path, "redshift", values("redshift"))
    form = Form(folder, told.changed.append, told.count, lambda: told.choices)
    form.unfold.click()
    return form


def test_what_nobody_changed_is_saved_already(form: Form, told: Told) -> None:
    assert form.unsaved == {}
    assert (form.save.disabled, form.back.disabled) == (True, True)
    assert told.changed[-1] == ()
    assert form.fields["cluster_identifiers"].control.value == ("example-analytics",)


def test_a_wrong_value_is_said_beside_its_field_and_cannot_be_saved(form: Form, path: Path, told: Told) -> None:
    before = (path / "client.yaml").read_text()
    form.fields["region"].control.value = "us-east-9"
    assert "must be an AWS region" in form.fields["region"].widget.children[-1].value
    assert form.save.disabled
    form.save.click()
    assert ((path / "client.yaml").read_text(), told.saved) == (before, 0)

    form.fields["region"].control.value = "us-east-1"
    assert form.fields["region"].widget.children[-1].value == ""
    assert told.changed[-1] == ()


def test_what_several_values_must_be_together_is_said_on_top_too(form: Form) -> None:
    form.fields["cluster_identifiers"].control.value = ()
    for field in (form.fields["cluster_identifiers"], form.fields["workgroup_names"]):
        field.control.value = type(field.control.value)()
    (wrong,) = [each for field in form.fields.values() if (each := field.widget.children[-1].value)]
    must = wrong.partition("✗ ")[2].partition("</strong>")[0]
    assert must
    assert must in form.widget.children[0].value
    assert must in form.widget.children[-1].value


def test_what_the_account_tells_after_the_sign_in_is_chosen_from_then_on(form: Form, told: Told) -> None:
    form.fields["role_name"].control.value = "another-role"
    told.choices = {"role_name": [("Another", "another-role")], "cluster_identifiers": [("Later", "later")]}
    form.offer()
    assert form.unsaved == {"role_name": "another-role"}
    assert ("Later", "later") in form.fields["cluster_identifiers"].control.options
    assert form.fields["role_name"].control.options == (("Another", "another-role"),)
    form.lock()
    form.offer()
    assert form.fields["cluster_identifiers"].control.disabled


def test_what_is_chosen_while_another_change_is_told_is_told_after_it(
    form: Form, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel hears of a choice in a thread of its own, while its main thread still tells what was taken back."""
    choosing = Thread(target=lambda: setattr(form.fields["s3_access"].control, "value", "scoped"))

    def slowly(unsaved: tuple[str, ...]) -> None:
        if not choosing.ident:
            choosing.start()
            choosing.join(0.3)
        told.changed.append(unsaved)

    form.fields["role_name"].control.value = "another-role"
    monkeypatch.setattr(form, "_changed", slowly)
    form.back.click()
    choosing.join(60)
    assert told.changed[-1] == tuple(form.unsaved) == ("s3_access",)


def test_the_clients_name_is_that_of_its_folder_and_cannot_be_changed(form: Form) -> None:
    assert "client" not in form.fields


def test_a_line_that_is_no_tag_cannot_be_saved(form: Form) -> None:
    form.fields["tags"].control.value = "project | onemata\nproject | other"
    assert "each key once" in form.fields["tags"].widget.children[-1].value
    assert form.save.disabled


def test_what_is_saved_is_in_the_file_of_its_key_with_all_else_as_it_was(form: Form, path: Path, told: Told) -> None:
    before = {file.name: file.read_text() for file in path.iterdir()}
    form.fields["role_name"].control.value = "another-role"
    assert (told.changed[-1], form.save.disabled) == (("role_name",), False)
    form.save.click()
    after = {file.name: file.read_text() for file in path.iterdir()}
    different = [name for name in before if before[name] != after[name]]
    assert (different, told.saved, told.changed[-1]) == (["redshift.yaml"], 1, ())
    assert after["redshift.yaml"].replace('"another-role"', "onemata-redshift") == before["redshift.yaml"]


def test_taken_back_it_is_as_saved(form: Form, told: Told) -> None:
    form.fields["role_name"].control.value = "another-role"
    form.fields["tags"].control.value = ""
    form.back.click()
    assert (form.unsaved, told.changed[-1], told.saved) == ({}, (), 0)


def test_after_the_approval_nothing_can_be_changed_until_a_new_run_begins(form: Form) -> None:
    form.lock()
    assert all(field.control.disabled for field in form.fields.values())
    assert (form.save.disabled, form.back.disabled, form.unfold.disabled) == (True, True, True)
    form.release()
    assert not any(field.control.disabled for field in form.fields.values())


def test_what_somebody_else_broke_in_the_file_meanwhile_is_said_and_nothing_is_saved(
    form: Form, path: Path, told: Told
) -> None:
    form.fields["role_name"].control.value = "another-role"
    (path / "client.yaml").write_text("client: [")
    form.save.click()
    assert told.saved == 0
    assert "Not saved: " in form.widget.children[0].value
