"""The embedded AWS: moto's server in a thread of this process, on loopback."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends

from ..sandbox_keys import operator_credentials
from . import isolation, moto_app, world
from .aws import (
    access_analyzer,
    athena,
    crawler_logs,
    glue_classifiers,
    glue_crawlers,
    managed_policies,
    redshift_data,
    redshift_serverless,
    strict_ec2,
    strict_iam,
    strict_redshift,
    strict_sts,
)
from .client_world import ClientWorld
from .gate import Gate
from .iam.signer import ADMINISTRATOR
from .iam_entities import ensure_operator
from .instance import ssm
from .instance.instance import Instance, Instances
from .keys import Key, new_key, new_secret
from .moto_app import MotoApp
from .population import populate
from .state import reset, state
from .wire.faults import Fault, Hook
from .wire.http_server import HttpServer

_SEED = 20210210
_ADDITIONS = (
    access_analyzer, athena, managed_policies, moto_app, redshift_data, redshift_serverless, ssm, strict_ec2,
    strict_iam, strict_redshift, strict_sts, glue_classifiers, glue_crawlers, crawler_logs,
)  # fmt: skip


class Sandbox:
    """Clients' AWS accounts, and Onemata's, on loopback, from construction until `stop`. One at a time in a process."""

    def __init__(
        self,
        clients: Iterable[ClientWorld],
        *,
        operator_policy: Mapping[str, Any] | None,
        propagation_seconds: float,
        latency: float,
        cli: Path,
    ) -> None:
        reset(propagation_seconds)
        state.limits.latency = latency
        self._secret = new_secret()
        self._operator_policy = operator_policy or ADMINISTRATOR
        self._worlds: dict[ClientWorld, None] = {}
        self._admins: dict[str, Key] = {}
        self._clients: dict[tuple[str | None, ...], Any] = {}
        for addition in _ADDITIONS:
            addition.install()
        _empty()
        self._server = HttpServer(Gate(MotoApp()))
        state.endpoint = self.endpoint
        self.instances = Instances(self.endpoint, cli)
        self.add(clients)
        self._server.start()

    def add(self, clients: Iterable[ClientWorld]) -> None:
        """Put in what these clients' folders name, and an operator in each account. What is there already stays."""
        new = [client for client in dict.fromkeys(clients) if client not in self._worlds]
        state.accounts |= {account for client in new for account in (client.account, client.onemata_account)}
        mock_random.seed(_SEED + len(self._worlds))  # the worlds' ids repeat …
        populate(new)
        mock_random.seed()  # … and their credentials do not
        self._worlds |= dict.fromkeys(new)
        for client in new:
            ensure_operator(self.operator(client.account), client.operator_policy or self._operator_policy)
            for instance_id in client.instances:
                self.instances.add((client.account, client.region, instance_id))

    @property
    def instance(self) -> Instance:
        """The example's instance."""
        return self.instances[world.CLIENT_ACCOUNT, world.REGION, world.INSTANCE_ID]

    @property
    def endpoint(self) -> str:
        """Where the sandbox listens."""
        return self._server.endpoint

    @property
    def url(self) -> str:
        """The endpoint with the secret that the operators' credentials come from: who has it acts as each of them."""
        return self.endpoint.replace("://", f"://sandbox:{self._secret}@")

    def operator(self, account: str = world.CLIENT_ACCOUNT) -> Key:
        """The operator's credentials in an account, as the holder of the url makes them."""
        return Key(account, *operator_credentials(self._secret, account))

    @property
    def propagation_seconds(self) -> float:
        """How long a new role or profile cannot be used yet. Can be set at any time."""
        return state.propagation_seconds

    @propagation_seconds.setter
    def propagation_seconds(self, seconds: float) -> None:
        state.propagation_seconds = seconds

    @property
    def latency(self) -> float:
        """How many seconds each call takes to come in. Can be set at any time."""
        return state.limits.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        state.limits.latency = seconds

    def limit(self, operation: str, per_second: float) -> None:
        """Let each account make so many calls of an operation in a second (`*`: of all together), and throttle more."""
        state.limits.limit(operation, per_second)

    def throttle(self, operation: str, times: int, account: str = "") -> None:
        """Refuse the next calls of an operation, such as "CreateRole", because of their number."""
        self.fail(operation, "throttled", times, account)

    def fail(self, operation: str, how: Fault | str, times: int = 1, account: str = "") -> None:
        """Let the next calls of an operation fail: those of this account, if one is given.

        `how` is one of `Fault`, or the code of an AWS error, such as "AccessDenied".
        Raises ValueError for what is neither.
        """
        state.faults.order(operation, how, times, account)

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
        state.without_assumerole.add((world.CLIENT_ACCOUNT, name))

    def let_statements_hang(self) -> None:
        """No statement of the Data API, or of Athena, ends any more by itself."""
        state.statements_hang = True

    def refuse_copy_in_transactions(self) -> None:
        """COPY … NOLOAD runs only outside of a transaction."""
        state.no_copy_in_transactions = True

    def let_operator(self, policy: Mapping[str, Any], account: str = world.CLIENT_ACCOUNT) -> None:
        """Let the operator in the account do what this policy says, and nothing else."""
        ensure_operator(self.operator(account), policy)

    def check_locations(self) -> None:
        """Athena looks into S3 already when a table is made."""
        state.locations_are_checked = True

    def let_crawls_hang(self, hang: bool = True) -> None:
        """No crawl ends any more by itself, or again each does."""
        state.crawls_hang = hang

    def let_crawlers_ask_for_buckets(self) -> None:
        """Glue asks S3 for the whole bucket of a target before it makes a crawler, and not only for the place in it."""
        state.crawlers_ask_for_buckets = True

    def client(self, service: str, account: str = world.CLIENT_ACCOUNT, region: str = world.REGION) -> Any:
        """A boto3 client with all rights in the account: for tests that look or do damage."""
        key = self._admins.setdefault(account, new_key(account))
        state.admins[key.id] = key
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
            self._clients[known] = isolation.new_client(
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
        """End the instances and close the port. Stopping twice is fine."""
        if self._server.is_running:
            self.instances.stop()
            self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _empty() -> None:
    """Forget all that moto remembers. Its own reset makes each account anew, to drop it then."""
    for accounts in s3_backends.values():
        accounts.reset()  # closes the files that objects lie in
    in_use: list[BackendDict[Any]] = getattr(BackendDict, "_instances")  # noqa: B009
    for backends in in_use:
        backends.clear()
    in_use.clear()
    reset_model_data()
