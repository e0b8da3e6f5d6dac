"""Whatever AWS, an instance or a person wrote: what is shown is printable, in the notebook and on a terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from onemata_helpers import display
from onemata_helpers.apply import Done
from onemata_helpers.checks import Check
from onemata_helpers.errors import OnemataError
from onemata_helpers.hand_over import HandOver, Snippet
from onemata_helpers.outcome_signs import COLOURS, SIGNS, WORST_FIRST
from onemata_helpers.permitted import Missing, Permitted, Preflight, Readiness
from onemata_helpers.plan import Call, Change, Field, Finding, Proof
from onemata_helpers.record import Outcome, Record
from onemata_helpers.session import Identity
from onemata_helpers.terminal import shown
from onemata_helpers.text import is_plain, visible
from onemata_helpers.wait import Wait

HOSTILE = "a\x1b[2J\x9b1m\u202e\udc80\u2028b\0\r\x85<script>[bold]"
texts = st.text(st.characters(categories=["L", "N", "P", "S", "C", "Z"]) | st.sampled_from(HOSTILE), max_size=60)


def printable(text: str) -> bool:
    return all(is_plain(line) for line in text.split("\n"))


def plan_change(text: str) -> Change:
    field = Field(name=text, before={"k": text}, after=text)
    call = Call(service="iam", operation="get_role", arguments={"RoleName": text})
    return Change(kind="update", resource=text, step=text, why=text, fields=(field,), calls=(call,))


def views(text: str) -> list[display.View]:
    change = plan_change(text)
    done = Done(time="2026-01-01T00:00:00", change=change, status="failed", calls=(text,), error=text)
    who = Identity(account=text, arn=text, partition=text, region=text)
    snippet = Snippet(title=text, text=text)
    hand_over = HandOver(
        account_id=text,
        region=text,
        roles=(text,),
        principals=(text,),
        for_onemata=(snippet,),
        for_client=(snippet,),
        from_onemata=(text,),
    )
    return [
        display.sentence(text),
        display.identity(who, {"sts": text}, sandbox=True, preflight=_preflight(text)),
        display.identity(who, {}, sandbox=True, preflight=Preflight(untold=text)),
        display.View("plan", plan=_Plan(change, text), counts=text, summary=text, to_add={"Action": text}),
        display.done([done]),
        display.checks([Check(name=text, result="failed", evidence=text)]),
        display.hand_over(hand_over),
        display.outcome(_record(text), Path("record.json")),
        display.trouble(OnemataError(text)),
        display.View("parameters", rows=[(text, {"tag": text}, text), (text, text, text)], source=text),
    ]


def _preflight(text: str) -> Preflight:
    denied = Permitted(action=text, resource=text, verdict="denied", why=text, addable=True)
    unknown = denied.model_copy(update={"verdict": "not provable from here"})
    return Preflight(asked_of=text, permitted=(denied, unknown))


def _record(text: str) -> Record:
    check = Check(name=text, result="failed", evidence=text)
    told = dict.fromkeys(("notice", "client", "account_id", "region", "service", "action", "started"), text)
    return Record(
        sandbox=True,
        outcome="failed",
        reason=text,
        parameters={},
        versions={},
        checks=[check],
        approved_by=text,
        approval_reference=text,
        **told,
    )


class _Plan:
    """What the template reads of a plan."""

    def __init__(self, change: Change, text: str) -> None:
        self.action, self.changes, self.scripts, self.notes = "apply", (change,), (), (text,)
        self.pending, self.removes, self.digest, self.counts, self.hand_over = True, False, text, text, None
        self.account_id = self.region = self.service = self.partition = text
        call = Call(service="glue", operation=text, arguments={text: text})
        self.proofs = (Proof(proves=text, how=text, cost=text, calls=(call,), otherwise=(call,)),)
        self.findings = (Finding(about=text, asked=text, result="found", said=text),)
        self.missing = (Missing(permission=_preflight(text).permitted[0], needed_for=(text,)),)
        self.readiness = (Readiness(about=text, state=text, ready=False),)


@given(texts)
@example(HOSTILE)
def test_every_view_is_printable(text: str) -> None:
    for view in views(text):
        in_notebook = view._repr_mimebundle_()
        assert printable(in_notebook["text/html"])
        assert printable(in_notebook["text/plain"])
        assert "<script>" not in in_notebook["text/html"]
        assert in_notebook["text/html"].startswith('<div class="tex2jax_ignore mathjax_ignore">')  # $...$ is no formula
    plan = _Plan(plan_change(text), text)
    assert printable(str(display.View("terminal_plan", name=text, plan=plan, to_add={"Action": text})))


@given(texts)
@example(HOSTILE)
def test_errors_and_waiting_are_printable(text: str) -> None:
    error = OnemataError(text)
    assert printable(str(error))
    assert printable("\n".join(error._render_traceback_()))


@pytest.mark.parametrize("text", [HOSTILE])
def test_what_is_waited_for_is_printed_visibly(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    states = iter([text, "there"])
    Wait(sleep=lambda _: None).until(text, lambda: next(states), "there")
    assert printable(capsys.readouterr().out)


@given(texts)
@example(HOSTILE)
@example("s3://bucket/a:key:b/[red]x[link=http://e]\\")
def test_the_terminal_shows_any_text_as_it_is_and_nothing_of_it_acts(text: str) -> None:
    out = io.StringIO()
    Console(file=out, highlight=False, force_terminal=False).print(shown(text), soft_wrap=True)
    assert out.getvalue() == f"{visible(text)}\n"


def test_what_is_plain_stays() -> None:
    assert "Zürich, 東京: 5 €" in str(display.sentence("Zürich, 東京: 5 €"))


def test_every_outcome_has_its_place_and_its_looks() -> None:
    assert set(get_args(Outcome)) <= set(WORST_FIRST) == set(SIGNS) == set(COLOURS)
