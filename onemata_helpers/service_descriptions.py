"""botocore's descriptions of AWS's services, and the errors in them: each session would read and make them anew."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.errorfactory import ClientExceptionsFactory
from botocore.loaders import JSONFileLoader, Loader

if TYPE_CHECKING:
    import boto3


class _WithoutProse(JSONFileLoader):
    """Leaves out what only `help()` shows, which is most of a description, and as Python objects larger still."""

    def load_file(self, file_path: str) -> Any:
        return _without_prose(super().load_file(file_path))


def _without_prose(content: Any) -> Any:
    """A shape or a member may be called `documentation`, too; only the prose is a text."""
    if isinstance(content, dict):
        return {
            sys.intern(name): _without_prose(each)
            for name, each in content.items()
            if not (name == "documentation" and isinstance(each, str))
        }
    if isinstance(content, list):
        return [_without_prose(each) for each in content]
    return sys.intern(content) if isinstance(content, str) else content


@cache
def descriptions() -> Loader:
    """Reads each file once in this process. It knows nothing of anybody's settings."""
    return Loader(file_loader=_WithoutProse())


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
