"""Onemata runbooks: let a client's AWS services read the data that Onemata delivers in S3."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .beginning import begin
    from .runbook import Runbook

__all__ = ["Runbook", "begin"]


def __getattr__(name: str) -> Any:
    """Load these, and with them boto3, when one is first asked for: most commands need neither."""
    if name == "Runbook":
        from .runbook import Runbook

        return Runbook
    if name == "begin":
        from .beginning import begin

        return begin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
