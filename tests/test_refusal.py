"""What goes wrong between us and AWS is called by its name, and whatever answers in AWS's place is no traceback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from onemata_helpers import session
from onemata_helpers.errors import ConnectError, OddAnswer, OnemataError
from onemata_helpers.refusal import aws_refusal
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.signing_in import connect
from onemata_helpers.text import is_plain
from onemata_helpers.wait import Wait

from .conftest import SERVICES, run
from .test_signing_in import enter, parameters


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No retries."""
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setattr(session, "CONFIG", once)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


class Stranger:
    """Something that answers in AWS's place."""

    status, body, kind = 200, b"", "text/xml"

    def __init__(self) -> None:
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(stranger.status)
                self.send_header("Content-Type", stranger.kind)
                self.send_header("Content-Length", str(len(stranger.body)))
                self.end_headers()
                self.wfile.write(stranger.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def stranger() -> Iterator[Stranger]:
    answering = Stranger()
    thread = Thread(target=answering.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield answering
    finally:
        answering.server.shutdown()
        thread.join()
        answering.server.server_close()


def closed_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listening.getsockname()[1]}"


def failure(**changes: Any) -> str:
    with pytest.raises(ConnectError) as error:
        enter(**changes)
    said = str(error.value)
    assert said.count("Who acts: ") == 1
    assert all(is_plain(line) for line in said.split("\n"))
    assert ".." not in said
    assert said.endswith(".")
    return said


@given(
    st.integers(200, 599),
    st.sampled_from(["text/xml", "text/html", "application/x-amz-json-1.1"]),
    st.binary(max_size=200)
    | st.sampled_from([b"<html><body>Sign in</body></html>", b"{}", b"[1]", b"<a/>", b"\x1b[2J"]),
)
@example(200, "text/xml", b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::x</Arn>"
         b"</GetCallerIdentityResult></GetCallerIdentityResponse>")  # fmt: skip
@example(200, "text/xml", b"x" * 300_000)
@example(
    403,
    "text/xml",
    b"<ErrorResponse><Error><Code>Bad\xed\xa0\x80</Code><Message>"
    + b"x" * 300_000
    + b"</Message></Error></ErrorResponse>",
)
@example(
    403, "text/xml", b"<ErrorResponse><Error><Code><a>1</a></Code></Error><RequestId><b/></RequestId></ErrorResponse>"
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_answers_in_awss_place_is_a_sentence(
    keys: None, monkeypatch: pytest.MonkeyPatch, status: int, kind: str, body: bytes
) -> None:
    with stranger() as answering:
        answering.status, answering.kind, answering.body = status, kind, body
        monkeypatch.setenv("AWS_ENDPOINT_URL", answering.url)
        with pytest.raises((ConnectError, OddAnswer)) as error:
            enter()
    assert len(str(error.value)) < 1500
    assert all(is_plain(line) for line in str(error.value).split("\n"))
    assert "aws sso login" not in str(error.value)


def test_a_proxys_407_is_the_proxys(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with stranger() as answering:
        answering.status, answering.kind, answering.body = 407, "text/html", b"<html>Proxy login</html>"
        monkeypatch.setenv("AWS_ENDPOINT_URL", answering.url)
        with pytest.raises(OddAnswer, match=r"not one of AWS's: HTTP 407\. Who acts: .*a proxy and its login"):
            enter()


def test_networks_faults_are_no_sign_in_problems(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, stranger() as plain:
        said = {}
        for name, address in {
            "nothing answers on this machine": f"http://{closed_port()}",
            "the name was not found in DNS": "http://no-such-host.invalid",
            "the TLS connection failed": plain.url.replace("http:", "https:"),
            "the answer did not come within": f"http://127.0.0.1:{silent.getsockname()[1]}".replace(
                "127.0.0.1", "0.0.0.0"
            ),
            "the AWS settings cannot be used": "nonsense",
        }.items():
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            with monkeypatch.context() as patch:
                if name == "the answer did not come within":
                    patch.setattr(session, "CONFIG", session.CONFIG.merge(Config(read_timeout=1)))
                said[name] = failure()
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("HTTPS_PROXY", f"http://jane:hunter2@{closed_port()}")
    said["the proxy did not let the call through"] = failure()
    for name, sentence in said.items():
        assert name in sentence
        assert "sso login" not in sentence
        assert "hunter2" not in sentence


def test_a_stopped_sandbox_is_named(aws: Sandbox) -> None:
    with pytest.raises(ConnectError, match=r"nothing answers on this machine.*starts the sandbox again"):
        connect(parameters(), ("iam",), lambda _: None, f"http://sandbox:b@{closed_port()}")


def test_problems_of_signing_in_are_named_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile sso]\nsso_session = acme\nsso_account_id = 012345670123\nsso_role_name = x\n"
        "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
        "[profile half]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    for profile in ("", "sso", "half", "unknown"):
        said = failure(aws_profile=profile)
        assert "there is no AWS login" in said
        assert "aws sso login" in said


SIGN_IN, CLOCK, ADMIN = "the engineer signs in", "corrects the clock", "the client's admin"


@pytest.mark.parametrize(
    ("code", "message", "who"),
    [
        ("ExpiredToken", "The security token included in the request is expired", SIGN_IN),
        ("RequestExpired", "Request has expired.", SIGN_IN),
        ("TokenRefreshRequired", "", SIGN_IN),
        ("RequestTimeTooSkewed", "The difference between ... is too large.", CLOCK),
        ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z", CLOCK),
        ("InvalidSignatureException", "Signature not yet current: 2026 is still later than 2025", CLOCK),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "does not fit the key"),
        ("InvalidClientTokenId", "The security token included in the request is invalid.", "does not know these"),
        ("AccessDenied", "User: x is not authorized to perform: iam:GetRole", "onemata permissions"),
        ("AccessDenied", "... with an explicit deny in a service control policy", "service control policy of the AWS"),
        ("AccessDenied", "... because no service control policy allows the iam:X action", "service control policy of"),
        ("UnauthorizedOperation", "... because no permissions boundary allows", "permissions boundary changed"),
        ("AccessDeniedException", "... with an explicit deny in an identity-based policy", "removes the explicit deny"),
        ("Throttling", "Rate exceeded", "later"),
        ("ServiceUnavailable", "", "later"),
        ("SomethingNew", "It is \x1b[2Jnew", "corrects what AWS's message names"),
        ("502", "Bad Gateway", "what answers in AWS's place"),
        ("<html>", "x", "what answers in AWS's place"),
    ],
)
def test_aws_refusals_name_who_acts(code: str, message: str, who: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "GetRole")
    said = str(aws_refusal("iam:GetRole", "account 012345670123", error))
    assert who in said.split("Who acts: ")[1]
    assert is_plain(said)
    assert ".." not in said.replace("...", "")
    assert ". Who acts" in said


def test_an_operator_role_that_is_not_open_points_at_its_trust(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    key = aws.operator()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    role = "arn:aws:iam::012345670123:role/entry"
    without = failure(operator_role_arn=role)
    assert "trust policy of operator_role_arn" in without
    assert "operator_external_id is empty" in without
    assert "operator_external_id is empty" not in failure(operator_role_arn=role, operator_external_id="from-onemata")


FAULTS = ("empty", "binary", "long error", "bad gateway")


@pytest.mark.parametrize(
    ("service", "fault"), [*((service, "html") for service in SERVICES), *(("glue", fault) for fault in FAULTS)]
)
def test_an_answer_that_is_not_awss_ends_the_run_with_a_sentence_and_a_whole_record(
    aws: Sandbox, service: str, fault: Any
) -> None:
    for operation in ("GetCallerIdentity", "GetRole", "CreateRole"):
        aws.fail(operation, fault)
        result = run(service, wait=Wait(tell=lambda _: None, sleep=lambda _: None, seconds=0.2))
        assert isinstance(result.error, OnemataError)
        assert "Who acts" in str(result.error)
        assert len(str(result.error)) < 1500
        assert result.record.outcome == "failed"
        assert result.record.finished
        if operation == "CreateRole":
            assert result.record.changes_done[-1].status == "failed"


def test_all_kinds_of_botocores_own_errors_are_sentences() -> None:
    class Anything(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return f"<{key}>"

    for kind in vars(boto).values():
        if (
            isinstance(kind, type)
            and issubclass(kind, boto.BotoCoreError)
            and kind.__init__ is boto.BotoCoreError.__init__
        ):
            words = dict.fromkeys(("error", "endpoint_url", "error_msg", "provider", "profile", "path"), "\x1b")
            try:
                error = kind(**words)
            except KeyError:
                continue
            said = str(aws_refusal("iam:GetRole", "region us-east-1", error))
            assert is_plain(said.replace("\n", ""))
            assert "Who acts: " in said
