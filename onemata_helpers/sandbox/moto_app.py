"""moto's server as one WSGI application, without what it looks up or decides anew at each request.

A rehearsal of hundreds of clients costs what this costs.
"""

from functools import cache
from typing import Any

from flask import Flask
from moto.core import responses
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.utils import method_names_from_class
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket

from .aws.own_services import CALL

_applications: dict[str, Flask] = {}


class MotoApp(DomainDispatcherApplication):
    """Answers for the services that moto has: each has an application of its own, which knows addresses and no account,
    and so is kept for as long as this process lives.
    """

    def __init__(self) -> None:
        super().__init__(create_backend_app)

    def get_application(self, environ: dict[str, Any]) -> Flask:
        """The application of the service that the request is signed for. moto would look through its own folder."""
        service = environ[CALL].service
        if service not in _applications:
            _applications[service] = super().get_application(environ)
        return _applications[service]


def install() -> None:
    """Keep what moto finds out about its classes, find an account without going through all, and leave bucket policies
    to the gate, which knows whom they are about.
    """
    setattr(responses, "method_names_from_class", cache(method_names_from_class))  # noqa: B010
    setattr(BackendDict, "__getitem__", _of_account)  # noqa: B010
    setattr(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)  # noqa: B010


def _of_account(backends: BackendDict[Any], account_id: str) -> AccountSpecificBackend[Any]:
    if account_id not in backends.keys():  # noqa: SIM118 (a dictionary of moto's, which may see `in` differently)
        backends._create_account_specific_backend(account_id)
    return dict.__getitem__(backends, account_id)
