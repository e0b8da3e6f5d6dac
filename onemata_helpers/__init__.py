"""Onemata runbooks: let a client's AWS services read the data that Onemata delivers in S3."""

from .begin import begin
from .runbook import Runbook

__all__ = ["Runbook", "begin"]
