"""Only the address of a sandbox on this machine, with its own credentials, is one; nothing else is ever asked."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from onemata_helpers.errors import ConnectError
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL, SandboxAddress, parsed_url

from .conftest import run

SECRET = "hush0hush0hush0"
GOOD = f"http://sandbox:{SECRET}@127.0.0.1:4566"


def test_the_served_address_comes_apart(aws: Sandbox) -> None:
    address = parsed_url(aws.url)
    assert address.endpoint == aws.endpoint
    assert f"http://sandbox:{address.secret}@{address.host}:{address.port}" == aws.url
    assert address.secret not in repr(address)
    key = aws.operator()
    assert address.operator(key.account) == (key.id, key.secret)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_has_three_names(host: str) -> None:
    url = GOOD.replace("127.0.0.1", host)
    assert parsed_url(url) == SandboxAddress(host, 4566, SECRET)


@pytest.mark.parametrize(
    "url",
    [
        GOOD.replace("http", "https"), GOOD.replace("127.0.0.1", "127.0.0.1.example.com"), GOOD.replace("4566", ""),
        GOOD.replace("127.0.0.1", "169.254.169.254"), GOOD.replace(":4566", ""), GOOD.replace("4566", "99999"),
        GOOD.replace("4566", "0"), GOOD.replace("4566", "x"), GOOD + "/x", GOOD + "?x=1", GOOD + "#x", GOOD + "\n",
        GOOD.replace(f"sandbox:{SECRET}@", ""), GOOD.replace(f":{SECRET}", ""), GOOD.replace("sandbox", ""),
        GOOD.replace("sandbox", "AKIAEXAMPLE"),
        GOOD.replace("@", "@example.com@"), GOOD.replace("127.0.0.1", "[::1"), SECRET, " ",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_in_a_sentence_without_the_secret(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SANDBOX_URL, url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEUSER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-user")
    refused = run("glue")
    assert isinstance(refused.error, ConnectError)
    assert "must be http://sandbox:<secret>@127.0.0.1:<port>" in str(refused.error)
    assert SECRET not in str(refused.error)
    assert refused.record.calls == []


@given(url=st.text(max_size=60) | st.text(alphabet="http://sandbox:s@127.0.0.1[]locas5\n?#%", max_size=60))
@example(url=GOOD)
def test_whatever_the_text_it_is_of_this_machine_or_refused(url: str) -> None:
    try:
        address = parsed_url(url)
    except ConnectError:
        return
    assert address.endpoint.rsplit(":", 1)[0] in ("http://127.0.0.1", "http://localhost", "http://[::1]")
    assert address.secret


@given(
    host=st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(lambda address: f"[{address}]")
    | st.from_regex(r"[a-z0-9]+(\.[a-z0-9-]+){0,3}", fullmatch=True)
)
@example("127.0.0.2")
@example("0.0.0.0")
@example("localhost.example.com")
@example("[::ffff:127.0.0.1]")
def test_no_other_host_is_this_machine(host: str) -> None:
    assume(host not in ("127.0.0.1", "localhost", "[::1]"))
    with pytest.raises(ConnectError):
        parsed_url(f"http://sandbox:{SECRET}@{host}:4566")
