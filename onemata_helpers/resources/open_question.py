"""A place in the plan for what a person has to decide first."""

from __future__ import annotations

from dataclasses import dataclass

from ..plan import Change
from .base import Look, Resource


@dataclass(frozen=True)
class OpenQuestion(Resource):
    """Blocks the plan until the parameters say what to do; there is nothing of it in AWS."""

    name: str
    why: str

    @property
    def key(self) -> str:
        return self.name

    def changes(self, look: Look) -> list[Change]:
        return [self.change("blocked", self.why)]

    def removal(self, look: Look) -> list[Change]:
        return [self.change("nothing", "There is nothing of it in the account.")]
