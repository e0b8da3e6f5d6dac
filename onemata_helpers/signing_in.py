"""Into the client's account, by the ordinary means of boto3, and into no other."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from aws_assume_role_lib.aws_assume_role_lib import assume_role
from botocore.credentials import create_credential_resolver
from botocore.exceptions import BotoCoreError, ClientError

from .calls import ApiCall, BeforeRequest, watch
from .errors import CodeNeeded, CodeRefused, ConnectError, who_acts
from .parameters import ClientParameters
from .redaction import foreign
from .refusal import aws_refusal
from .role_sessions import RoleSessions
from .sandbox_address import SANDBOX_URL, parsed_url
from .service_descriptions import share_descriptions
from .session import CONFIG, Aws, Identity, blank_session, sandbox_session
from .text import is_plain, one_line, visible

# STS to an access key that is none of an account there.
_UNKNOWN_KEY = "InvalidClientTokenId"

# AWS says the same of a code that is wrong and of one that was used before.
# https://github.com/1Password/shell-plugins/pull/180
_CODE_REFUSED = "MultiFactorAuthentication failed"
_CODE = re.compile("[0-9]{6}")

AskForCode = Callable[[str], str]
"""Shows somebody this prompt, and gives back the code of MFA that they type. Raises CodeNeeded if nobody can."""


def ask_here(prompt: str) -> str:
    """Ask whoever runs this, in the terminal or the notebook. Raises CodeNeeded if nobody can be asked."""
    try:
        return getpass.getpass(prompt)  # looked up now: in a notebook's cell it is the notebook's own
    except (EOFError, NotImplementedError):  # the latter by a notebook that a program runs
        raise CodeNeeded from None


def profiles() -> list[str]:
    """The names of the profiles in this machine's AWS configuration."""
    return [name for name in boto3.Session().available_profiles if is_plain(name)]


def connect(
    parameters: ClientParameters,
    apis: Sequence[str],
    on_call: Callable[[ApiCall], None],
    sandbox_url: str = "",
    sessions: RoleSessions | None = None,
    before_request: BeforeRequest = None,
    ask: AskForCode = ask_here,
) -> Aws:
    """A session in the client's account, for calls of the services `apis`, each told to `on_call`, as `Aws` has them.

    With `sandbox_url` it goes to that embedded AWS, as the operator of the client's account there. Otherwise by
    aws_profile, or boto3's usual chain, and then operator_role_arn if given. The role's session is taken from
    `sessions` if it is there and lasts, and kept there if not; when it ends, it is opened anew. A profile with MFA
    has a code asked for by `ask`.

    Raises ConnectError for another account than `account_id`, another partition, or the root user, and CodeNeeded and
    CodeRefused.
    """
    kept = RoleSessions() if sessions is None else sessions
    try:
        if sandbox_url:
            session, endpoint = _sandbox(sandbox_url, parameters)
        else:
            session, endpoint = _account(parameters, on_call, kept, ask), None
        aws = Aws(session, apis, on_call, endpoint, before_request)
        identity = aws.identity
        aws.endpoints  # noqa: B018 - a broken address of any service is found now
    except (ClientError, BotoCoreError) as error:
        if sandbox_url and isinstance(error, ClientError) and error.response["Error"]["Code"] == _UNKNOWN_KEY:
            raise _unknown_there(sandbox_url, parameters) from None
        if _CODE_REFUSED in str(error):
            raise CodeRefused(_why_refused(error)) from None
        failure = str(aws_refusal("Signing in", f"region {parameters.region}", error))
        raise ConnectError(f"{failure}{_perhaps_external_id(parameters, error)}") from None
    except (OSError, ValueError) as error:  # settings that botocore does not check: an address, a file's permissions
        said = one_line(foreign(str(error)))
        who = "the engineer corrects the AWS settings (environment, ~/.aws/config) and runs it again"
        raise ConnectError(who_acts(f"Signing in: the AWS settings cannot be used: {said}", who)) from None
    refuse_strangers(identity, parameters)
    return aws


def _perhaps_external_id(parameters: ClientParameters, error: Exception) -> str:
    if getattr(error, "operation_name", "") != "AssumeRole" or parameters.operator_external_id:
        return ""
    return " operator_external_id is empty: if that trust policy asks for an external ID, set it."


def _account(
    parameters: ClientParameters, on_call: Callable[[ApiCall], None], kept: RoleSessions, ask: AskForCode
) -> boto3.Session:
    session = boto3.Session(
        profile_name=parameters.aws_profile or None, region_name=parameters.region, botocore_session=blank_session()
    )
    inner = session._session
    inner.set_default_client_config(CONFIG)  # of STS's client that botocore makes for itself
    cache: Any = kept.for_one_sign_in()  # botocore says `dict`, and only looks into it and writes to it
    resolver = create_credential_resolver(inner, cache=cache, region_name=parameters.region)
    of_roles: Any = resolver.get_provider("assume-role")
    of_roles._prompter = lambda prompt: _code(ask(_of_whom(parameters.client, session.profile_name, prompt)))
    inner.register_component("credential_provider", resolver)
    if not parameters.operator_role_arn:
        return session
    share_descriptions(session)
    watch(session, on_call)
    external_id: dict[str, Any] = (
        {"ExternalId": parameters.operator_external_id} if parameters.operator_external_id else {}
    )
    return assume_role(
        session, parameters.operator_role_arn, RoleSessionName="onemata-runbooks", cache=cache, **external_id
    )


def _code(typed: str) -> str:
    """STS takes nothing else: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (TokenCode)."""
    code = "".join(typed.split())
    if not _CODE.fullmatch(code):
        raise CodeRefused("what was typed is no code of MFA, which has six digits. AWS was not asked")
    return code


def _why_refused(error: Exception) -> str:
    said = one_line(foreign(str(error)))
    used = "it was mistyped, or used before: AWS takes each code only once, and the device shows a new one every 30 s"
    return f"AWS did not take the code of MFA. Perhaps {used}; or mfa_serial is another device's. AWS says: {said}"


def _of_whom(client: str, profile: str, prompt: str) -> str:
    return visible(f"{client}, with the profile {profile}: {prompt}")


def _sandbox(url: str, parameters: ClientParameters) -> tuple[boto3.Session, str]:
    address = parsed_url(url)
    return sandbox_session(*address.operator(parameters.account_id), None, parameters.region), address.endpoint


def _unknown_there(url: str, parameters: ClientParameters) -> ConnectError:
    happened = (
        f"The sandbox at {parsed_url(url).endpoint} has no account {parameters.account_id}, of the client "
        f"{parameters.client}: it was started for others. Nothing was read or changed"
    )
    who = (
        f"the engineer starts one with the client's folder among its CLIENT_DIR, like `onemata sandbox "
        f"parameters/{parameters.client}`, and sets {SANDBOX_URL} as it prints it"
    )
    return ConnectError(who_acts(happened, who))


def refuse_strangers(identity: Identity, parameters: ClientParameters) -> None:
    """Raise ConnectError unless this is the client's account and partition, and not its root user."""
    if identity.account != parameters.account_id:
        raise ConnectError(
            f"This session is in account {identity.account} as {identity.arn}, but the client's account_id is "
            f"{parameters.account_id}. Nothing was read or changed. Who acts: the engineer corrects aws_profile, "
            "operator_role_arn or account_id."
        )
    if identity.arn.endswith(":root"):
        raise ConnectError(
            f"This session is the root user of account {identity.account}. Nothing was read or changed. "
            "Who acts: the client's admin gives a role or SSO access; root is never used."
        )
    if identity.partition != parameters.partition:
        raise ConnectError(
            f"This session is in the partition {identity.partition}, but region {parameters.region} is in "
            f"{parameters.partition}. Who acts: the engineer corrects region or aws_profile."
        )
