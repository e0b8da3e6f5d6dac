"""The three services of the guide."""

from __future__ import annotations

from typing import Any

from ..parameters import Ec2Parameters, GlueParameters, RedshiftParameters, ServiceParameters
from .base import Service
from .ec2 import Ec2
from .glue import Glue
from .redshift import Redshift


def service_of(parameters: ServiceParameters) -> Service[Any]:
    """The service that these parameters are for."""
    match parameters:
        case RedshiftParameters():
            return Redshift(parameters)
        case GlueParameters():
            return Glue(parameters)
        case Ec2Parameters():
            return Ec2(parameters)
    raise TypeError(f"no service for {type(parameters).__name__}")
