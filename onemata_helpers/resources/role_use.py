"""Our role as one delivery uses it, and who else does: it decides how much a removal may take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .base import Look
from .delivery import Delivery
from .role_state import role


@dataclass(frozen=True)
class RoleUse:
    """A delivery's use of the role `role_name`.

    `elsewhere` gives the things that have the role and are not this run's: other clusters, other instances.
    """

    role_name: str
    delivery: Delivery
    elsewhere: Callable[[Look], list[str]]

    def ours(self, look: Look) -> bool:
        """Whether a runbook made the role, or this plan makes it."""
        found = role(look, self.role_name)
        return found is None or found.ours

    def other_deliveries(self, look: Look, service: str = "") -> list[str]:
        """The other deliveries that use the role (of one service only), in words."""
        found = role(look, self.role_name)
        others = (found.deliveries if found else {}).items() - self.delivery.tag.items()
        return sorted(
            f"{key.split(':')[1]}: {words}" for key, words in others if not service or key.split(":")[1] == service
        )

    def why_all_stays(self, look: Look) -> str:
        """Why nothing may be taken off the role; empty if something may."""
        elsewhere = self.elsewhere(look)
        return f"The role is also on {', '.join(elsewhere)}, which needs it." if elsewhere else ""

    def why_the_services_part_stays(self, look: Look) -> str:
        """Why what this service's deliveries share may not be taken away; empty if it may."""
        others = self.other_deliveries(look, self.delivery.service)
        shared = f"Another delivery uses it, too ({'; '.join(others)})." if others else ""
        return self.why_all_stays(look) or shared
