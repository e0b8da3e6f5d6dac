"""An error that nobody foresaw says who acts, too: in the record, in a batch, and when signing in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from onemata_helpers import Runbook, execute, runbook, signing_in
from onemata_helpers.batch import carry_out
from onemata_helpers.batch.interrupts import Interrupts
from onemata_helpers.batch.jobs import Job
from onemata_helpers.batch.sign_in import sign_in
from onemata_helpers.parameters import ServiceParameters
from onemata_helpers.sandbox.server import Sandbox

from .conftest import run, values
from .many import parameters

SAID = (
    "This was not foreseen: KeyError: 'x'. Who acts: the engineer runs it again; if it ends so again, Onemata's "
    "developers need this message, and the record if there is one."
)


def trip(*_: object, **__: object) -> str:
    raise KeyError("x")


def test_in_a_step_of_a_run(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runbook, "connect", trip)
    notebook = Runbook("glue", values("glue", action="plan"))
    with pytest.raises(KeyError, match="x"):
        notebook.connect()
    assert (notebook.recorder.record.outcome, notebook.recorder.record.reason) == ("failed", SAID)


def test_around_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "execute", trip)
    (glue,) = parameters(1, "glue")
    result = carry_out.carry_out(Job(glue, tmp_path / "records"))
    said = SAID.replace(" Who acts: ", " Nothing was changed in AWS. Who acts: ")
    assert (result.outcome, result.reason) == ("failed", said)


def test_when_signing_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "connect", trip)
    monkeypatch.setattr("onemata_helpers.batch.sign_in.sandbox_url", lambda _: "")
    (glue,) = parameters(1, "glue")
    assert sign_in([Job(glue, tmp_path / "records")], Interrupts()).refused == {"client-1": SAID}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "KeyError: 'x'.",
            "KeyError: 'x'. The record says: planned: It is planned. Who acts: the engineer",
        ),
        (
            "Busy: Taken. Who acts: the client waits.",
            "Busy: Taken. Who acts: the client waits. The record says",
        ),
    ],
)
def test_in_a_notebook_whose_record_ended_well(
    aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, expected: str
) -> None:
    def executed(parameters: ServiceParameters, record: Path, on_process: Callable[..., None], *_: object) -> str:
        ended = run("glue", "plan").record
        record.write_text(ended.model_copy(update={"reason": "It is planned."}).model_dump_json())
        return said

    monkeypatch.setattr(execute, "execute", executed)
    (glue,) = parameters(1, "glue")
    result = carry_out.carry_out(Job(glue, tmp_path / "records"))
    assert result.outcome == "failed"
    assert result.reason.startswith(expected)
    assert result.reason.count("Who acts: ") == 1
