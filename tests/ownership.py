"""A model of who owns what in the client's account: an account is a set of facts, and each fact has one owner.

A fact is the thing that it is about, named as in a plan (`role onemata-redshift`), and what is so about it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from onemata_helpers import policies
from onemata_helpers.sandbox.server import Sandbox

from .snapshot import everything

Fact = tuple[str, str]
_ON_A_WAREHOUSE = re.compile(" on (cluster|namespace) ")


def facts(aws: Sandbox) -> frozenset[Fact]:
    """All that is so in the account."""
    seen = everything(aws)
    holders = (fact for holder, found in seen["policies"].items() for fact in _policies(holder, found))
    roles = (fact for name, found in seen["roles"].items() for fact in _role(name, found))
    profiles = (fact for name, found in seen["profiles"].items() for fact in _profile(name, found))
    instances = ((f"instance profile of {each}", arn) for each, arn in seen["instances"].items())
    clusters = (fact for name, found in seen["clusters"].items() for fact in _warehouse(f"cluster {name}", found))
    namespaces = (fact for name, found in seen["namespaces"].items() for fact in _warehouse(f"namespace {name}", found))
    return frozenset([*holders, *roles, *profiles, *instances, *clusters, *namespaces])


def _policies(holder: str, found: dict[str, Any]) -> Iterator[Fact]:
    for name, document in found["inline"].items():
        for each in policies.statements(document):
            yield f"inline policy {name} on {holder}", json.dumps(each, sort_keys=True)
    for arn in found["attached"]:
        yield f"policy {arn.rsplit('/', 1)[1]} on {holder}", "attached"


def _role(name: str, found: dict[str, Any]) -> Iterator[Fact]:
    thing = f"role {name}"
    yield thing, "exists"
    yield thing, f"description: {found['description']}"
    yield thing, f"boundary: {found['boundary']}"
    for each in policies.statements(found["trust"]):
        yield thing, f"trust: {json.dumps(each, sort_keys=True)}"
    for key, value in found["tags"].items():
        yield thing, f"tag: {key} = {value}"


def _profile(name: str, found: dict[str, Any]) -> Iterator[Fact]:
    thing = f"instance profile {name}"
    yield thing, "exists"
    for role in found["roles"]:
        yield thing, f"holds {role}"
    for key, value in found["tags"].items():
        yield thing, f"tag: {key} = {value}"


def _warehouse(name: str, found: dict[str, Any]) -> Iterator[Fact]:
    for arn in found["roles"]:
        yield f"role {arn.rsplit('/', 1)[1]} on {name}", "attached"
    yield f"default role of {name}", str(found["default"])


@dataclass
class Ownership:
    """Which of the facts are the client's; the others are there by our runs."""

    theirs: set[Fact] = field(default_factory=set)

    def client_made(self, before: frozenset[Fact], after: frozenset[Fact]) -> None:
        """The client has edited: what is new is the client's, unless it only alters what we keep in order."""
        self.theirs &= after
        new = after - before
        self.theirs |= {fact for fact in new if fact[1] == "exists"}
        self.theirs |= {fact for fact in new if not self._is_damage(fact)}

    def is_theirs(self, thing: str) -> bool:
        """Whether a role, a profile, a user or a group is the client's."""
        return not thing.startswith(("role ", "instance profile ")) or (thing, "exists") in self.theirs

    def lost(self, after: frozenset[Fact]) -> set[Fact]:
        """What was the client's and is not so any more. Their tags on what we made go with it."""
        gone = {thing for thing, _ in self.theirs if (thing, "exists") not in after and not self.is_theirs(thing)}
        return {fact for fact in self.theirs - after if fact[0] not in gone or not fact[1].startswith("tag: ")}

    def _is_damage(self, fact: Fact) -> bool:
        """README: to apply again mends what was damaged: our trust, boundary, tags and policies."""
        thing, what = fact
        if (on := _ON_A_WAREHOUSE.search(thing)) is not None:
            return not self.is_theirs(thing[: on.start()])
        holder = holder_of(thing)
        if what == "exists" or self.is_theirs(holder):
            return False
        mended = what.startswith(("trust: ", "boundary: ", "tag: onemata:", "tag: team "))
        return (thing == holder and mended) or thing.startswith("inline policy onemata-")


def holder_of(thing: str) -> str:
    """The role, profile, user or group that a thing is on, or is itself; empty for what is on none of them."""
    if thing.startswith(("instance profile of ", "default role of ")) or _ON_A_WAREHOUSE.search(thing):
        return ""
    return thing.rsplit(" on ", 1)[-1]
