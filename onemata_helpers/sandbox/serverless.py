"""What the client has in Redshift Serverless, which moto knows nothing of: workgroups, and namespaces with roles.

Each look at a namespace moves what is under way there one step on, so that callers must really wait and tests need
no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

_STEPS = 2


@dataclass
class Namespace:
    """Databases with their users and roles. `roles` has the apply status by role; `busy` counts the looks to come."""

    name: str
    id: str
    database: str = "dev"
    admin: str = "admin"
    roles: dict[str, str] = field(default_factory=dict)
    default_role: str = ""
    busy: int = 0

    @property
    def status(self) -> str:
        """`AVAILABLE`, or `MODIFYING` while a change of its is under way."""
        return "MODIFYING" if self.busy else "AVAILABLE"

    @property
    def usable_roles(self) -> tuple[str, ...]:
        """The roles that its workgroups may use now."""
        return tuple(arn for arn, applied in self.roles.items() if applied == "in-sync")

    def replace_roles(self, roles: Iterable[str], default_role: str) -> None:
        """Give it these roles and no others; they are first `adding`, and those that it loses `removing`."""
        wanted = list(roles)
        self.roles = {arn: state if arn in wanted else "removing" for arn, state in self.roles.items()}
        self.roles |= {arn: "adding" for arn in wanted if arn not in self.roles}
        self.default_role, self.busy = default_role, _STEPS

    def settle(self) -> None:
        """One step on; with the last one all is in order."""
        if self.busy == 1:
            self.roles = {arn: "in-sync" for arn, applied in self.roles.items() if applied != "removing"}
        self.busy = max(0, self.busy - 1)


@dataclass
class Workgroup:
    """What computes in a namespace."""

    name: str
    id: str
    namespace: Namespace
    status: str = "AVAILABLE"


@dataclass
class Serverless:
    """All of an account in one region, by name."""

    namespaces: dict[str, Namespace] = field(default_factory=dict)
    workgroups: dict[str, Workgroup] = field(default_factory=dict)

    def add(self, workgroup: Workgroup) -> None:
        """A workgroup with its namespace."""
        self.workgroups[workgroup.name] = workgroup
        self.namespaces[workgroup.namespace.name] = workgroup.namespace
