"""Data that does not change once made: plans, changes, checks, what was seen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Data that does not change once made, and has no field that is not named."""

    model_config = ConfigDict(frozen=True, extra="forbid")
