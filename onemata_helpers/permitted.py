"""What the operator may do and may not, as IAM's simulator says. Plain data."""

from __future__ import annotations

from typing import Literal

from .frozen import Frozen


class Permitted(Frozen):
    """One action on one resource. `why` says why it is not allowed, or cannot be told, and of a denial who acts.

    `condition` is what a policy may ask for: an operator, a condition key and its values; empty for none. `addable`
    tells a denial that a statement more would end.
    """

    action: str
    resource: str
    condition: tuple[str, ...] = ()
    verdict: Literal["allowed", "denied", "not provable from here"]
    why: str = ""
    addable: bool = False


class Preflight(Frozen):
    """All that the run may need, each with what the simulator says of it.

    `asked_of` is the user or role whose policies were looked at. `untold` says why nothing could be told at all.
    """

    asked_of: str = ""
    untold: str = ""
    permitted: tuple[Permitted, ...] = ()

    def having(self, verdict: str) -> tuple[Permitted, ...]:
        """Those with this verdict."""
        return tuple(each for each in self.permitted if each.verdict == verdict)


class Missing(Frozen):
    """A denied permission that a plan needs, with the changes, scripts and proofs that need it."""

    permission: Permitted
    needed_for: tuple[str, ...]


class Readiness(Frozen):
    """How a thing of the client's stands that the run works with, and whether the run can go on with it so."""

    about: str
    state: str
    ready: bool
