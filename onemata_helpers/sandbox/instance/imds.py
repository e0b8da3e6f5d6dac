"""The instance metadata service: where the programs on the instance get its role's credentials.

It serves what EC2 and IAM say at the moment of the request. One port is for all instances, and each
has an address with a random part of its own, since on a real instance nobody else can reach it. Not
modelled: the hop limit, as there is no network between the instance and the service.
"""

import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

from moto.ec2.models.instances import MetadataOptions
from moto.iam.models import Role
from moto.sts.models import AssumedRole, sts_backends
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from ..wire.http_server import close
from .ec2_instance import Ec2Instance

_TTL = "X-aws-ec2-metadata-token-ttl-seconds"
_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 (a header's name)
_SESSION_SECONDS = 6 * 3600
_RENEWED_BEFORE_END = timedelta(minutes=30)


class MetadataServer:
    """The services of all instances, at a free port of 127.0.0.1 until `stop`."""

    def __init__(self) -> None:
        self._services: dict[str, MetadataService] = {}
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_SilentHandler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def address_for(self, instance: Ec2Instance) -> str:
        """A new address, for AWS_EC2_METADATA_SERVICE_ENDPOINT on the instance, in place of http://169.254.169.254."""
        secret = secrets.token_urlsafe(16)
        self._services[secret] = MetadataService(instance)
        return f"http://127.0.0.1:{self._server.server_port}/{secret}"

    def stop(self) -> None:
        """Close the port."""
        close(self._server, self._thread)

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        secret, _, path = request.path.lstrip("/").partition("/")
        service = self._services.get(secret)
        answer = service.answer(request, path) if service else Response("403 - Forbidden", 403)
        return answer(environ, start_response)


class MetadataService:
    """The service of one instance. The answers and their status codes:

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
    """

    def __init__(self, instance: Ec2Instance) -> None:
        self._instance = instance
        self._tokens: dict[str, float] = {}
        self._session: AssumedRole | None = None

    def answer(self, request: Request, path: str) -> Response:
        """The answer to a request for this path."""
        options = self._instance.metadata_options
        if options.http_endpoint == "disabled":
            return Response("403 - Forbidden", 403)
        if path == "latest/api/token":
            return self._issue_token(request)
        if request.method != "GET":
            return Response("405 - Method Not Allowed", 405)
        if not self._admits(request.headers.get(_TOKEN), options):
            return Response("401 - Unauthorized", 401)
        content = self._content(path.rstrip("/"))
        return Response("404 - Not Found", 404) if content is None else Response(content)

    def _issue_token(self, request: Request) -> Response:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html"""
        if request.method != "PUT":
            return Response("405 - Method Not Allowed", 405)
        if "X-Forwarded-For" in request.headers:
            return Response("403 - Forbidden", 403)
        ttl = request.headers.get(_TTL, 0, type=int)
        if not 1 <= ttl <= 21600:
            return Response("400 - Bad Request", 400)
        token = secrets.token_urlsafe(40)
        self._tokens[token] = time.monotonic() + ttl
        return Response(token, headers={_TTL: str(ttl)})

    def _admits(self, token: str | None, options: MetadataOptions) -> bool:
        """Version 1 asks without a token, which the instance's options can forbid."""
        if token is None:
            return str(options.http_tokens) != "required"
        return self._tokens.get(token, 0) > time.monotonic()

    def _content(self, path: str) -> str | None:
        top, _, rest = path.removeprefix("latest/").partition("/")
        if top == "meta-data":
            return self._role_data(rest) or self._meta_data().get(rest)
        return self._identity() if path == "latest/dynamic/instance-identity/document" else None

    def _meta_data(self) -> dict[str, str]:
        record = self._instance.record
        return {
            "ami-id": record.image_id,
            "instance-id": record.id,
            "instance-type": record.instance_type,
            "local-ipv4": record.private_ip,
            "placement/availability-zone": record.placement.zone,
            "placement/region": self._instance.region,
        }

    def _identity(self) -> str:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html"""
        data = self._meta_data()
        return _document(
            accountId=self._instance.account,
            availabilityZone=data["placement/availability-zone"],
            imageId=data["ami-id"],
            instanceId=data["instance-id"],
            instanceType=data["instance-type"],
            privateIp=data["local-ipv4"],
            region=data["placement/region"],
            version="2017-09-30",
        )

    def _role_data(self, path: str) -> str | None:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html"""
        profile, role = self._instance.profile, self._instance.role
        if path == "iam/info" and profile:
            return _document(
                Code="Success",
                LastUpdated=_time(datetime.now(UTC)),
                InstanceProfileArn=profile.arn,
                InstanceProfileId=profile.id,
            )
        if role is None:
            return None
        answers = {
            "iam/security-credentials": lambda: role.name,
            f"iam/security-credentials/{role.name}": lambda: self._credentials(role),
        }
        return answers[path]() if path in answers else None

    def _credentials(self, role: Role) -> str:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"""
        if not self._instance.may_use(role):
            return _document(
                Code="AssumeRoleUnauthorizedAccess",
                Message=f"EC2 cannot assume the role {role.name}. "
                "Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/"
                "troubleshoot_iam-ec2.html.",
                LastUpdated=_time(datetime.now(UTC)),
            )
        session = self._current_session(role)
        return _document(
            Code="Success",
            LastUpdated=_time(datetime.now(UTC)),
            Type="AWS-HMAC",
            AccessKeyId=session.access_key_id,
            SecretAccessKey=session.secret_access_key,
            Token=session.session_token,
            Expiration=_time(session.expiration),
        )

    def _current_session(self, role: Role) -> AssumedRole:
        """The role's session; a new one for another role, or when the last one is about to end."""
        session, due = self._session, datetime.now(UTC) + _RENEWED_BEFORE_END
        if session and session.role_arn == role.arn and _aware(session.expiration) > due:
            return session
        self._session = sts_backends[self._instance.account]["aws"].assume_role(
            region_name=self._instance.region,
            role_session_name=self._instance.id,
            role_arn=role.arn,
            policy="",
            duration=_SESSION_SECONDS,
            external_id="",
        )
        return self._session


class _SilentHandler(WSGIRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        """Say nothing: the addresses are secret."""


def _document(**values: str) -> str:
    return json.dumps(values, indent=2)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _aware(moment: datetime) -> datetime:
    """moto's times are in UTC and do not say so."""
    return moment.replace(tzinfo=UTC)
