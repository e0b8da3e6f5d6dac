"""botocore's descriptions of AWS's services: large files, which each session would parse anew."""

from __future__ import annotations

from functools import cache

import boto3
from botocore.loaders import Loader, create_loader


def share_descriptions(session: boto3.Session) -> None:
    """Let a session take what others of this process have read, unless the user has named a folder of others.

    https://docs.aws.amazon.com/boto3/latest/guide/configuration.html (AWS_DATA_PATH)
    """
    inner = session._session
    if not inner.get_config_variable("data_path"):
        inner.register_component("data_loader", _loader())


@cache
def _loader() -> Loader:
    return create_loader()
