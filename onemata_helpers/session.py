"""A session in an account: every call to AWS, and the form of its answer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, TypeVar

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from .answers import AccountId, Answer, Arn, Plain, misfit
from .calls import ApiCall, BeforeRequest, watch
from .errors import OddAnswer, OnemataError
from .event_names import new_session
from .frozen import Frozen
from .redaction import foreign
from .refusal import in_awss_words, without_words
from .service_descriptions import share_descriptions
from .side_by_side import in_turn

# What the host names of AWS's services are made of; a client's own machine, API or bucket has an AWS name, too.
# https://docs.aws.amazon.com/general/latest/gr/rande.html
# https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html (the names with vpce)
_OF_AWS = (
    r"https://(?:vpce-[a-z0-9-]+\.)?{host}(?:-fips)?(?:\.(?:[a-z-]*global|us-gov|[a-z]{{2}}(?:-[a-z]+)+-[0-9]))?(?:\.vpce)?"
    r"\.(?:amazonaws\.com(?:\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)/?"
)

# AWS limits the calls of an account, and the sign-ins of an operator, by rules that it does not publish. Adaptive:
# after such a refusal a client also sends less.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
CONFIG = Config(
    retries={"mode": "adaptive", "max_attempts": 10},
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="onemata-runbooks",
)

# What replaces all that is there must not be sent again from an old look: whoever sends it looks again before each try.
_SENT_ONCE = ("update_namespace",)
_ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))

ENTERED_SECONDS = 900
"""How long a session as another role lasts: the shortest that AWS has."""

# Made ahead, for the first session that this process opens.
_BLANK: list[botocore.session.Session] = []

# For the sandbox: which profile and files are read. None of the user's are.
# https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
_NOTHING_OF_THE_USERS: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Identity(Frozen):
    """Who we are in the account, as STS says. `user_id` is the unique id that policies know as `aws:userid`."""

    account: str
    arn: str
    partition: str
    region: str
    user_id: str = ""


class _Caller(Answer):
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    account: AccountId
    arn: Arn
    user_id: Plain


class _Credentials(Answer):
    access_key_id: Plain
    secret_access_key: Plain
    session_token: Plain


class _Assumed(Answer):
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    credentials: _Credentials


AnswerForm = TypeVar("AnswerForm", bound=Answer)


class Aws:
    """A session in one account. `client(name)` gives a boto3 client; there is one of each.

    `apis` are the services that will be called, `on_call` is told of each call. `before_request` is called before each
    time that one is sent, told whether it writes, and may raise.
    """

    def __init__(
        self,
        session: boto3.Session,
        apis: Sequence[str],
        on_call: Callable[[ApiCall], None],
        endpoint: str | None = None,
        before_request: BeforeRequest = None,
    ) -> None:
        self._session = session
        self._apis = ("sts", *apis)
        self._on_call = on_call
        self._endpoint = endpoint
        self._before_request = before_request
        self._clients: dict[tuple[str, bool], Any] = {}
        self._making = Lock()
        self._secrets: list[str] = []
        self._identity: Identity | None = None
        share_descriptions(session)
        watch(session, on_call, before_request)

    def client(self, service: str, *, once: bool = False) -> Any:
        """The boto3 client of a service, like `iam`. `once`: one that sends nothing again by itself."""
        with self._making:  # boto3 makes one at a time
            if (service, once) not in self._clients:
                self._clients[service, once] = self._new_client(service, once=once)
            return self._clients[service, once]

    def _new_client(self, service: str, *, once: bool) -> Any:
        config = _ONCE if once else CONFIG
        if self._endpoint:  # the sandbox is no proxy's to reach
            config = config.merge(Config(proxies={}))
        client = self._session.client(service, endpoint_url=self._endpoint, config=config)
        # Made at the first error otherwise, and by two threads twice: then `except` knows another class than is raised.
        client.exceptions  # noqa: B018
        return client

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """The answer to one call, in boto3's names: `call("iam", "get_role", RoleName="x")`.

        Raises ClientError and BotoCoreError as boto3 does, and OddAnswer for what boto3 cannot read.
        """
        method = getattr(self.client(service, once=operation in _SENT_ONCE), operation)
        with in_turn(), _reading(self._name(service, operation)):
            answer: dict[str, Any] = method(**arguments)
        # To a call that answers nothing, botocore takes any page for a success; AWS gives each a request id.
        if not answer["ResponseMetadata"].get("RequestId"):
            raise OddAnswer(self._name(service, operation), "it has no request id")
        return answer

    def ask(self, service: str, operation: str, form: type[AnswerForm], **arguments: Any) -> AnswerForm:
        """The answer to a call that reads, which has the form of `form`. Raises as `call` does."""
        answer = self.call(service, operation, **arguments)
        with _reading(self._name(service, operation)):
            return form.model_validate(answer)

    def pages(self, service: str, operation: str, form: type[AnswerForm], **arguments: Any) -> Iterator[AnswerForm]:
        """The same, page by page, for an operation that AWS answers in pages."""
        paginator = self.client(service).get_paginator(operation)
        with _reading(self._name(service, operation)):
            pages = iter(paginator.paginate(**arguments))
            while page := _next(pages):
                yield form.model_validate(page)

    @property
    def identity(self) -> Identity:
        """Account, ARN, partition and region of this session. One call, sts:GetCallerIdentity."""
        # No cached_property: before Python 3.12 all sessions share its lock, and sign-ins would wait for one another.
        if self._identity is None:
            self._identity = self._ask_who_we_are()
        return self._identity

    def _ask_who_we_are(self) -> Identity:
        caller = self.ask("sts", "get_caller_identity", _Caller)
        partition = caller.arn.split(":")[1]
        region = self._session.region_name
        return Identity(
            account=caller.account, arn=caller.arn, partition=partition, region=region, user_id=caller.user_id
        )

    @property
    def endpoints(self) -> dict[str, str]:
        """The addresses that are not AWS's, by service; none for the sandbox, which says that it is one.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html (what can redirect calls)
        """
        if self._endpoint:
            return {}
        clients = {service: self.client(service).meta for service in self._apis}
        return {
            service: foreign(meta.endpoint_url)
            for service, meta in clients.items()
            if not _is_of_aws(meta.endpoint_url, meta.service_model.endpoint_prefix)
        }

    @property
    def where(self) -> str:
        """The account and region, for messages."""
        return f"account {self.identity.account}, {self.identity.region}"

    def entered(self, role_arn: str, session_name: str) -> Aws:
        """A session of 15 minutes as another role. Raises ClientError if its trust, or our policies, refuse that."""
        arguments = {"RoleArn": role_arn, "RoleSessionName": session_name, "DurationSeconds": ENTERED_SECONDS}
        answer = self.ask("sts", "assume_role", _Assumed, **arguments).credentials
        keys = (answer.access_key_id, answer.secret_access_key, answer.session_token)
        self._secrets += keys
        region = self._session.region_name
        profile = self._session.profile_name if self._session.profile_name in self._session.available_profiles else None
        session = sandbox_session(*keys, region) if self._endpoint else _session_of(*keys, region, profile)
        return Aws(session, self._apis, self._on_call, self._endpoint, self._before_request)

    def _name(self, service: str, operation: str) -> str:
        return f"{service}:{self.client(service).meta.method_to_api_mapping[operation]}"

    def secrets(self) -> list[str]:
        """The credentials in use, so that a record can be kept clear of them: a list that grows with each `entered`."""
        credentials = None if self._secrets else self._session.get_credentials()
        if credentials is not None:
            frozen = credentials.get_frozen_credentials()
            self._secrets += [secret for secret in (frozen.access_key, frozen.secret_key, frozen.token) if secret]
        return self._secrets


def _next(pages: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
    with in_turn():
        return next(pages, None)


def _is_of_aws(address: str, host: str) -> bool:
    """`host` is how the host names of the service begin."""
    return bool(re.fullmatch(_OF_AWS.format(host=re.escape(host)), address))


@contextmanager
def _reading(call: str) -> Iterator[None]:
    """Raise OddAnswer for whatever botocore, or the form, trips over in the answer to `call`."""
    try:
        yield
    except ClientError as error:
        if in_awss_words(error):
            raise
        raise OddAnswer(call, without_words(error)) from error
    except (BotoCoreError, OnemataError):
        raise
    except ValidationError as error:
        raise OddAnswer(call, misfit(error)) from error
    except Exception as error:  # botocore's parsers expect AWS's form, and fail in many ways on any other
        raise OddAnswer(call, str(error)) from error


def prepare_session() -> None:
    """Do ahead what every session needs, and what knows nothing of its user yet: neither settings nor credentials."""
    _BLANK.append(new_session())


def blank_session() -> botocore.session.Session:
    """A session that has read nothing yet. No two get the same one."""
    with suppress(IndexError):
        return _BLANK.pop()
    return new_session()


def sandbox_session(key_id: str, secret: str, token: str | None, region: str) -> boto3.Session:
    """A session with these credentials, and with nothing from the user's files."""
    blank = blank_session()
    blank.session_var_map.update(_NOTHING_OF_THE_USERS)
    return boto3.Session(
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        region_name=region,
        botocore_session=blank,
    )


def _session_of(key_id: str, secret: str, token: str, region: str, profile: str | None) -> boto3.Session:
    """A session with these credentials, and with the user's other settings (addresses, certificates)."""
    return boto3.Session(
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        region_name=region,
        profile_name=profile,
        botocore_session=blank_session(),
    )
