"""botocore's descriptions of AWS's services: large files, which each session would read anew."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore.loaders import Loader, create_loader

if TYPE_CHECKING:
    import boto3


@cache
def descriptions() -> Loader:
    """Reads each file once in this process. It knows nothing of anybody's settings."""
    return create_loader()


def share_descriptions(session: boto3.Session) -> None:
    """Let a session take what others have read, unless its user has named a folder of other descriptions.

    https://docs.aws.amazon.com/boto3/latest/guide/configuration.html (AWS_DATA_PATH)
    """
    inner = session._session
    if not inner.get_config_variable("data_path"):
        inner.register_component("data_loader", descriptions())
