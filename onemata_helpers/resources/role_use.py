"""Our role as one run uses it, and who else does: it decides how much a removal may take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .base import Look
from .delivery import Delivery, Registration, is_workgroup
from .role_state import role


@dataclass(frozen=True)
class RoleUse:
    """A delivery's use of the role `role_name` on `targets`: the clusters, workgroups or instances that the run names.

    `having` gives all of the region that have the role now; workgroups only where the run names one.
    """

    role_name: str
    delivery: Delivery
    targets: tuple[str, ...]
    having: Callable[[Look], list[str]]

    def ours(self, look: Look) -> bool:
        """Whether a runbook made the role, or this plan makes it."""
        found = role(look, self.role_name)
        return found is None or found.ours

    def registered(self, look: Look) -> Registration:
        """How this delivery should be registered: on these targets, and on those of other runs of its."""
        return (self._own(look) or self.delivery.registration).on(self.targets)

    def left(self, look: Look) -> Registration | None:
        """What is left of this delivery's registration without this run's targets; None if it is not registered."""
        own = self._own(look)
        left = own.off(self.targets) if own else None
        if left and not left.countable and not self._elsewhere(look):
            return left.on_nothing(but_workgroups=not any(map(is_workgroup, self.targets)))
        return left

    def services_left(self, look: Look) -> set[str]:
        """The services that the role must trust when this run's targets have left it.

        None where it is on something that no delivery has registered: nobody knows what that needs.
        """
        staying = [] if self._strange(look) else self._staying(look)
        return {service for each in staying for service in each.services}

    def others(self, look: Look, service: str = "") -> list[str]:
        """The other deliveries that use the role (of one service only), in words."""
        return sorted(_words(each) for each in self._others(look) if not service or each.service == service)

    def why_all_stays(self, look: Look) -> str:
        """Why nothing of this delivery's may be taken off the role; empty if something may."""
        elsewhere, left = self._elsewhere(look), self.left(look)
        if left and left.marks:
            where = ", ".join(elsewhere) or "others that are not seen in this region"
            return f"This delivery also uses it on {where}: removed is only what these parameters name."
        strange = self._strange(look)
        return f"The role is also on {', '.join(strange)}, which needs it." if strange else ""

    def why_the_services_part_stays(self, look: Look) -> str:
        """Why what this service's deliveries share may not be taken away; empty if it may."""
        return self.why_all_stays(look) or _shared(self.others(look, self.delivery.service))

    def why_it_stays_on(self, look: Look, target: str) -> str:
        """Why the role may not be taken off a cluster, workgroup or instance; empty if it may."""
        others = [each for each in self._others(look) if each.service == self.delivery.service and each.covers(target)]
        return _shared(sorted(map(_words, others)))

    def _elsewhere(self, look: Look) -> list[str]:
        return [each for each in self.having(look) if each not in self.targets]

    def _strange(self, look: Look) -> list[str]:
        """What has the role, is not this run's, and is not registered."""
        staying = self._staying(look)
        return [each for each in self._elsewhere(look) if not any(other.covers(each) for other in staying)]

    def _staying(self, look: Look) -> list[Registration]:
        """The registrations that are there when this run's targets have left."""
        left = self.left(look)
        return [*self._others(look), *([left] if left and left.marks else ())]

    def _own(self, look: Look) -> Registration | None:
        key = self.delivery.registration.key
        return next((each for each in self._registrations(look) if each.key == key), None)

    def _others(self, look: Look) -> list[Registration]:
        key = self.delivery.registration.key
        return [each for each in self._registrations(look) if each.key != key]

    def _registrations(self, look: Look) -> list[Registration]:
        found = role(look, self.role_name)
        return found.registrations if found else []


def _words(registration: Registration) -> str:
    return f"{registration.service}: {registration.words}"


def _shared(others: list[str]) -> str:
    return f"Another delivery uses it, too ({'; '.join(others)})." if others else ""
