"""Onemata runbooks: let a client's AWS services read the data that Onemata delivers in S3."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runbook import Runbook

__all__ = ["Runbook"]


def __getattr__(name: str) -> Any:
    """Load `Runbook`, and with it boto3, when it is first asked for: most commands need neither."""
    if name == "Runbook":
        from .runbook import Runbook

        return Runbook
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
