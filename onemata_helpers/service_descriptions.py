"""botocore's descriptions of AWS's services, and the errors in them: each session would read and make them anew."""

from __future__ import annotations

import gzip
import json
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.errorfactory import ClientExceptionsFactory
from botocore.loaders import JSONFileLoader, Loader

if TYPE_CHECKING:
    import boto3


class _WithoutProse(JSONFileLoader):
    """Leaves out what only `help()` shows, which is most of a description, and keeps each text once."""

    def load_file(self, file_path: str) -> Any:
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            with suppress(FileNotFoundError), opened(file_path + ending, "rb") as file:
                found = json.loads(file.read(), object_pairs_hook=_without_prose)
                for each in found.get("clientContextParams", {}).values():
                    each["documentation"] = ""  # without it botocore fails: S3's description has some
                return found
        return None


def _without_prose(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A shape or a member may be called `documentation`, too; only the prose is a text."""
    return {
        name: sys.intern(each) if isinstance(each, str) else each
        for name, each in pairs
        if not (name == "documentation" and isinstance(each, str))
    }


class _Descriptions(Loader):
    """Looks for a service in the folder of its name. botocore's own opens those of all 400, for each session anew."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Each that may be there; one that is not is missed when it is loaded."""
        places = [Path(each) for each in self.search_paths]
        return sorted({each.name for place in places if place.is_dir() for each in place.iterdir()})


@cache
def descriptions() -> Loader:
    """Reads each file once in this process. It knows nothing of anybody's settings."""
    return _Descriptions(file_loader=_WithoutProse())


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
