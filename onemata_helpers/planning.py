"""From a look at the account to the plan of a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .choices import Action
from .plan import REMOVING, Change, Plan
from .resources.base import Look, Resource
from .services.base import Service


@dataclass(frozen=True)
class Planned:
    """A plan, the things that it is about, and those of them that AWS still works on since an earlier run."""

    plan: Plan
    resources: list[Resource]
    unsettled: list[Resource]


def resources_in(service: Service[Any], action: Action, look: Look) -> list[Resource]:
    """The things that an action is about."""
    return service.removals(look) if action in REMOVING else service.resources(look)


def make_plan(service: Service[Any], action: Action, look: Look) -> Planned:
    """What the action would do. Raises what AWS answers to a read."""
    p = service.parameters
    removing = action in REMOVING
    resources = resources_in(service, action, look)
    look.ahead(_readers(service, resources, removing=removing))
    unsettled = [each for each in resources if each.unsettled(look)]
    plan = Plan(
        action=action,
        service=p.service,
        account_id=p.account_id,
        partition=p.partition,
        region=p.region,
        changes=tuple(_removals(resources, look) if removing else _changes(service, resources, look)),
        scripts=() if removing else service.scripts(look),
        proofs=() if removing or service.waiting_for() else service.proofs(look),
        hand_over=None if removing else service.hand_over(look),
        notes=service.removal_notes() if removing else service.notes(look),
        readiness=() if removing else service.readiness(look),
        observed=dict(sorted(look.seen.items())),  # whichever was read first
    )
    return Planned(plan, resources, unsettled)


def _readers(service: Service[Any], resources: list[Resource], *, removing: bool) -> list[Callable[[Look], object]]:
    """All that reads for a plan."""
    if removing:
        return [each.removal for each in resources]
    if service.waiting_for():
        return [each.unsettled for each in resources]
    of_service = (service.proofs, service.hand_over, service.notes, service.readiness)
    return [*(each.changes for each in resources), *of_service]


def _removals(resources: list[Resource], look: Look) -> list[Change]:
    return [change for each in reversed(resources) for change in each.removal(look)]


def _changes(service: Service[Any], resources: list[Resource], look: Look) -> list[Change]:
    needed = service.waiting_for()
    if needed:
        why = f"Onemata has not yet given {needed}. Send Onemata the hand-over; then run again with its answer."
        return [Change(kind="waiting", resource="Onemata's answer", step=service.title, why=why)]
    return [change for each in resources for change in each.changes(look)]
