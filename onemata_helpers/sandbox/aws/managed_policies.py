"""The AWS managed policies that the sandbox knows.

moto can load all of AWS's policies, 1,500 of them, for every account and partition that it
touches, which takes longer than everything else in the sandbox. A handful is enough here.
"""

import json
from functools import cache

NAMES = (
    "AWSGlueConsoleFullAccess",
    "AWSGlueServiceRole",
    "AdministratorAccess",
    "AmazonAthenaFullAccess",
    "AmazonEC2ReadOnlyAccess",
    "AmazonRedshiftAllCommandsFullAccess",
    "AmazonRedshiftFullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSSMManagedEC2InstanceDefaultPolicy",
    "AmazonSSMManagedInstanceCore",
    "IAMFullAccess",
    "IAMReadOnlyAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
)


@cache
def selection() -> str:
    """The policies named above, as the JSON text that moto reads, taken from moto's own copy."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return json.dumps({name: _entry(aws_managed_policies_data, name) for name in NAMES})


def _entry(data: str, name: str) -> object:
    """One policy, cut out of the 4.7 MB of text without parsing the rest."""
    key = f'\n "{name}":'
    return json.JSONDecoder().raw_decode(data, data.index(key) + len(key))[0]


def install() -> None:
    """Make moto load these policies, and only these, into every account."""
    from moto.iam import models

    setattr(models, "load_iam_aws_managed_policies", lambda: True)  # noqa: B010
    setattr(models, "aws_managed_policies_data", selection())  # noqa: B010
