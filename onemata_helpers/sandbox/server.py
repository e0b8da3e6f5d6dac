"""The embedded AWS: moto's server in a thread of this process, on loopback."""

import json
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from . import isolation, world
from .aws import (
    access_analyzer,
    athena,
    managed_policies,
    redshift_data,
    redshift_serverless,
    strict_ec2,
    strict_iam,
    strict_redshift,
    strict_sts,
)
from .gate import Gate
from .iam.signer import ADMINISTRATOR
from .instance import ssm
from .instance.instance import Instance
from .keys import Key, new_key
from .population import populate
from .state import reset, state
from .wire.faults import Fault, Hook

_SEED = 20210210
_ADDITIONS = (
    access_analyzer, athena, managed_policies, redshift_data, redshift_serverless, ssm, strict_ec2, strict_iam,
    strict_redshift, strict_sts,
)  # fmt: skip


class _SilentHandler(MotoRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        """Say nothing: a notebook's output is no place for a server's log."""


class Sandbox:
    """Two AWS accounts on loopback, from construction until `stop`. One at a time in a process."""

    def __init__(self, *, operator_policy: dict[str, Any] | None, propagation_seconds: float, cli: Path) -> None:
        reset(propagation_seconds)
        self._clients: dict[tuple[str | None, ...], Any] = {}
        self._operator = new_key(world.CLIENT_ACCOUNT)
        self._admins = {account: new_key(account) for account in (world.CLIENT_ACCOUNT, world.ONEMATA_ACCOUNT)}
        state.admins.update({key.id: key for key in self._admins.values()})
        for addition in _ADDITIONS:
            addition.install()
        _empty()
        mock_random.seed(_SEED)  # the world's ids repeat …
        populate()
        mock_random.seed()  # … and its credentials do not
        _operator_user(self._operator, operator_policy or ADMINISTRATOR)
        self._server = _serve(Gate(DomainDispatcherApplication(create_backend_app)))
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        state.endpoint = self.endpoint
        self.instance = Instance()
        self.instance.start(self.endpoint, cli)

    @property
    def endpoint(self) -> str:
        """Where the sandbox listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """The endpoint with the operator's credentials: who has it acts as the operator."""
        return self.endpoint.replace("://", f"://{self._operator.id}:{self._operator.secret}@")

    @property
    def propagation_seconds(self) -> float:
        """How long a new role or profile cannot be used yet. Can be set at any time."""
        return state.propagation_seconds

    @propagation_seconds.setter
    def propagation_seconds(self, seconds: float) -> None:
        state.propagation_seconds = seconds

    def throttle(self, operation: str, times: int) -> None:
        """Refuse the next calls of an operation, such as "CreateRole", because of their number."""
        self.fail(operation, "throttled", times)

    def fail(self, operation: str, how: Fault | str, times: int = 1) -> None:
        """Let the next calls of an operation fail.

        `how` is one of `Fault`, or the code of an AWS error, such as "AccessDenied".
        Raises ValueError for what is neither.
        """
        state.faults.order(operation, how, times)

    def before(self, operation: str, hook: Hook) -> None:
        """Call the hook before each call of an operation is carried out."""
        state.faults.before(operation, hook)

    def after(self, operation: str, hook: Hook) -> None:
        """Call the hook after each call of an operation was carried out, before it is answered."""
        state.faults.after(operation, hook)

    def busy_cluster(self, times: int) -> None:
        """Refuse the next changes of a cluster with InvalidClusterState."""
        state.busy_cluster = times

    def revoke_assumerole(self, name: str) -> None:
        """As the superuser of a cluster or workgroup: no other user may use a role for COPY any more."""
        state.without_assumerole.add(name)

    def let_statements_hang(self) -> None:
        """No statement of the Data API, or of Athena, ends any more by itself."""
        state.statements_hang = True

    def refuse_copy_in_transactions(self) -> None:
        """COPY … NOLOAD runs only outside of a transaction."""
        state.no_copy_in_transactions = True

    def check_locations(self) -> None:
        """Athena looks into S3 already when a table is made."""
        state.locations_are_checked = True

    def client(self, service: str, account: str = world.CLIENT_ACCOUNT, region: str = world.REGION) -> Any:
        """A boto3 client with all rights in the account: for tests that look or do damage."""
        key = self._admins[account]
        return self.client_of(service, key.id, key.secret, region=region)

    def client_of(
        self,
        service: str,
        access_key_id: str,
        secret: str,
        token: str | None = None,
        region: str = world.REGION,
    ) -> Any:
        """A boto3 client for the holder of these credentials."""
        known = (service, access_key_id, secret, token, region)
        if known not in self._clients:
            self._clients[known] = isolation.session().create_client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=Config(proxies={}),
            )
        return self._clients[known]

    def stop(self) -> None:
        """End the instance and close the port. Stopping twice is fine."""
        if not self._thread.is_alive():
            return
        self.instance.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _serve(app: Gate) -> BaseWSGIServer:
    return make_server("127.0.0.1", 0, app, threaded=True, request_handler=_SilentHandler)


def _empty() -> None:
    """Forget all that moto remembers."""
    BackendDict.reset()
    reset_model_data()


def _operator_user(key: Key, policy: dict[str, Any]) -> None:
    iam = iam_backends[key.account]["aws"]
    user = iam.create_user(world.REGION, world.OPERATOR)
    iam.put_user_policy(world.OPERATOR, "operator", json.dumps(policy))
    access_key = user.create_access_key(prefix="AKIA")
    access_key.access_key_id, access_key.secret_access_key = key.id, key.secret
    iam.access_keys[key.id] = access_key
