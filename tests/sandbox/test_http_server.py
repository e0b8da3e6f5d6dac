"""Connections stay open between requests, and end with the sandbox."""

from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection

import pytest

from onemata_helpers import sandbox
from onemata_helpers.sandbox.server import Sandbox
from tests.sandbox.actors import headers_of, operator

ASKED = b"Action=GetCallerIdentity&Version=2011-06-15"


def ask(connection: HTTPConnection, headers: dict[str, str]) -> int:
    connection.request("POST", "/", ASKED, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.fixture
def connection(box: Sandbox) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection(box.endpoint.removeprefix("http://"), timeout=30)) as connection:
        yield connection


def test_one_connection_serves_many_requests(box: Sandbox, connection: HTTPConnection) -> None:
    headers = headers_of(operator(box), "sts", ASKED)
    connection.connect()
    socket = connection.sock
    assert {ask(connection, headers) for _ in range(3)} == {200}
    connection.request("HEAD", f"/{sandbox.BUCKET}")
    assert connection.getresponse().read() == b""
    connection.request("POST", "/", b"x" * 100_000)
    assert connection.getresponse().read()
    assert ask(connection, headers) == 200
    assert connection.sock is socket


def test_a_body_that_nobody_reads_ends_the_connection(box: Sandbox, connection: HTTPConnection) -> None:
    """What is in it is never taken for a request. The answer itself may be lost with the connection."""
    connection.connect()
    connection.sock.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    answered = b""
    with suppress(ConnectionError):
        while part := connection.sock.recv(65536):
            answered += part
    assert answered.count(b"HTTP/1.1 ") <= 1


def test_an_open_connection_gets_no_answer_from_a_sandbox_that_stopped(
    box: Sandbox, connection: HTTPConnection
) -> None:
    headers = headers_of(operator(box), "sts", ASKED)
    assert ask(connection, headers) == 200
    box.stop()
    with pytest.raises(ConnectionError):
        ask(connection, headers)
