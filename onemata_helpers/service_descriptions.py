"""botocore's descriptions of AWS's services, and the errors in them: each session would read and make them anew."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore.errorfactory import ClientExceptionsFactory
from botocore.loaders import Loader, create_loader

if TYPE_CHECKING:
    import boto3


@cache
def descriptions() -> Loader:
    """Reads each file once in this process. It knows nothing of anybody's settings."""
    return create_loader()


@cache
def _errors() -> ClientExceptionsFactory:
    """Makes the errors of each service once in this process."""
    return ClientExceptionsFactory()


def share_descriptions(session: boto3.Session) -> None:
    """Let a session take what others have read, unless its user has named a folder of other descriptions.

    https://docs.aws.amazon.com/boto3/latest/guide/configuration.html (AWS_DATA_PATH)
    """
    inner = session._session
    if not inner.get_config_variable("data_path"):
        inner.register_component("data_loader", descriptions())
        inner._internal_components.register_component("exceptions_factory", _errors())  # type: ignore[attr-defined]
