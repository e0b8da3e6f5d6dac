"""botocore's events, as our sessions know them: as botocore's own do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.utils import EVENT_ALIASES
from hypothesis import given
from hypothesis import strategies as st

from onemata_helpers.event_names import new_session

_PARTS = sorted({part for old in EVENT_ALIASES for part in (old, *old.split("."), f"x{old}")} | {"iam", "*", "s3"})


@pytest.mark.parametrize("name", [f"before-call.{old}.Operation" for old in EVENT_ALIASES])
def test_an_old_name_leads_to_the_new_one(name: str) -> None:
    assert _heard(new_session(), name) == _heard(botocore.session.Session(), name) != name


@given(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=4).map(".".join))
def test_every_name_is_known_by_the_same(name: str) -> None:
    assert _heard(_OURS, name) == _heard(_BOTOCORES, name)


def test_at_each_event_happens_what_botocore_has_registered() -> None:
    assert _registered(new_session()) == _registered(botocore.session.Session())


def test_what_is_registered_with_a_session_no_other_one_hears() -> None:
    before, one, heard = _registered(new_session()), new_session(), list[str]()
    one.register("choose-anything.iam", lambda **event: heard.append(event["event_name"]))
    new_session().emit("choose-anything.iam.GetRole")
    assert _registered(new_session()) == before != _registered(one)
    assert heard == []


def test_a_client_goes_on_with_the_sessions_events() -> None:
    session, heard = new_session(), list[str]()
    session.register("before-parameter-build.iam", lambda **event: heard.append(event["event_name"]))
    session.set_credentials("nobody", "nothing")
    client: Any = session.create_client("iam", region_name="us-east-1", endpoint_url="http://127.0.0.1:9")
    client.meta.events.register("before-call.iam.GetRole", lambda **_: _nothing_is_sent())
    assert type(client.meta.events) is type(session.get_component("event_emitter"))
    with pytest.raises(InterruptedError):
        client.get_role(RoleName="any")
    assert heard == ["before-parameter-build.iam.GetRole"]


def _registered(session: botocore.session.Session) -> dict[tuple[str, ...], Any]:
    """All handlers, by the parts of the event's name."""
    return dict(_below(session.get_component("event_emitter")._emitter._handlers._root, ()))


def _below(node: dict[str, Any], name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield name, node["values"] and tuple(map(list, node["values"]))
    for part, child in node["children"].items():
        yield from _below(child, (*name, part))


def _nothing_is_sent() -> None:
    raise InterruptedError


def _heard(session: botocore.session.Session, name: str) -> str:
    """Under which name botocore passes an event on."""
    events = session.get_component("event_emitter")
    known_by: str = events._alias_event_name(name)
    return known_by


_OURS, _BOTOCORES = new_session(), botocore.session.Session()
