"""What files, commands and notebooks choose from."""

from enum import StrEnum
from typing import Literal

Action = Literal["plan", "apply", "verify", "remove", "plan-removal"]


class ServiceName(StrEnum):
    """The three services of the guide."""

    REDSHIFT = "redshift"
    GLUE = "glue"
    EC2 = "ec2"


TITLES: dict[str, str] = {ServiceName.REDSHIFT: "Redshift", ServiceName.GLUE: "Glue and Athena", ServiceName.EC2: "EC2"}
"""What people call them."""
