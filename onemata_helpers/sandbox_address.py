"""The address of a sandbox: on this machine, with the secret of its operators' credentials in it, or not one at all."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from .errors import ConnectError, who_acts
from .sandbox_keys import operator_credentials

SANDBOX_URL = "ONEMATA_SANDBOX_URL"
"""Names the sandbox that is served, with its secret in the address."""

_FORM = re.compile(
    r"http://sandbox:(?P<secret>[A-Za-z0-9]{1,128})@(?P<host>127\.0\.0\.1|localhost|\[::1\]):(?P<port>[1-9][0-9]{0,4})/?"
)


@dataclass(frozen=True)
class SandboxAddress:
    """Where a sandbox listens, and what its operators' credentials are made from."""

    host: str
    port: int
    secret: str

    def __repr__(self) -> str:
        return f"SandboxAddress({self.endpoint})"

    @property
    def endpoint(self) -> str:
        """The address without the secret."""
        return f"http://{self.host}:{self.port}"

    def operator(self, account_id: str) -> tuple[str, str]:
        """Access key id and secret of the operator in a client's account, to be used there and nowhere else."""
        return operator_credentials(self.secret, account_id)

    def refuse_silence(self) -> None:
        """Raise ConnectError if nothing listens there."""
        try:
            socket.create_connection((self.host.strip("[]"), self.port), timeout=10).close()
        except OSError:
            happened = (
                f"The sandbox at {self.host}:{self.port} does not answer: it was stopped, and what was in it is gone"
            )
            raise ConnectError(who_acts(happened, _START_AGAIN)) from None


_START_AGAIN = (
    f"the engineer starts one again (`onemata sandbox`) and sets {SANDBOX_URL} as it prints it, or unsets it: each "
    "run then starts a sandbox of its own"
)


def parsed_url(url: str) -> SandboxAddress:
    """The address that `onemata sandbox` prints, in its parts.

    Raises ConnectError for any other form, without repeating the url: it may hold a secret. In particular there must
    be a secret in it, so that nobody's own credentials go to that address, and it must be of this machine.
    """
    found = _FORM.fullmatch(url)
    if not found or int(found["port"]) > 65535:
        raise ConnectError(
            f"{SANDBOX_URL} must be http://sandbox:<secret>@127.0.0.1:<port>, as `onemata sandbox` prints it. "
            "Nothing was sent anywhere. Who acts: the engineer sets it anew, or unsets it: each run then starts a "
            "sandbox of its own."
        )
    return SandboxAddress(found["host"], int(found["port"]), found["secret"])
