"""Keeps the developer's own AWS configuration out of the sandbox.

moto asks boto3 for lists of regions, some of them as it is imported, and boto3 would read
`~/.aws/config` for that and fail at a profile that is not there. Importing this module first makes
it ask a session that reads no files.
"""

import os
from functools import cache
from threading import Lock
from typing import Any
from unittest import mock

import botocore.session


def new_session() -> botocore.session.Session:
    """A session that knows nothing of the developer's profiles and files."""
    nothing = (None, None, os.devnull, None)
    return botocore.session.Session({"profile": (None,) * 4, "config_file": nothing, "credentials_file": nothing})


session = cache(new_session)
"""The session from which clients are made."""

_one_at_a_time = Lock()


def new_client(service: str, **settings: Any) -> Any:
    """A boto3 client of that session. Clients can be used in many threads, but not made in many.

    https://docs.aws.amazon.com/boto3/latest/guide/clients.html (multithreading)
    """
    with _one_at_a_time:
        return session().create_client(service, **settings)


with mock.patch("botocore.session.get_session", return_value=new_session()):
    import moto.ec2.models  # noqa: F401 (looks regions up as it is imported)
    from moto.core.base_backend import AccountSpecificBackend

    AccountSpecificBackend.get_session()  # is kept, and asked when an account is first used

with mock.patch("moto.core.utils.Session", new_session):
    from moto.core.utils import service_name_from_moto_package_name

    for _service in ("athena", "ec2", "glue", "iam", "kms", "logs", "redshift", "s3", "secretsmanager", "ssm", "sts"):
        service_name_from_moto_package_name(_service)  # is kept, too, from the first call of a service
