"""The address of a sandbox: on this machine, with the operator's credentials in it, or not one at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import ConnectError

SANDBOX_URL = "ONEMATA_SANDBOX_URL"
"""Names the sandbox that is served, with the operator's credentials in the address."""

_FORM = re.compile(
    r"http://(?P<key_id>[A-Za-z0-9]{1,128}):(?P<secret>[A-Za-z0-9]{1,128})"
    r"@(?P<host>127\.0\.0\.1|localhost|\[::1\]):(?P<port>[1-9][0-9]{0,4})/?"
)


@dataclass(frozen=True)
class SandboxAddress:
    """Where a sandbox listens, and the credentials to use there and nowhere else."""

    endpoint: str
    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"SandboxAddress({self.endpoint})"


def parsed_url(url: str) -> SandboxAddress:
    """The address that `onemata sandbox` prints, in its parts.

    Raises ConnectError for any other form, without repeating the url: it may hold a secret. In particular there must
    be credentials in it, so that nobody's own go to that address, and it must be of this machine.
    """
    found = _FORM.fullmatch(url)
    if not found or int(found["port"]) > 65535:
        raise ConnectError(
            f"{SANDBOX_URL} must be http://<key>:<secret>@127.0.0.1:<port>, as `onemata sandbox` prints it. "
            "Nothing was sent anywhere. Who acts: the engineer sets it anew, or unsets it: each run then starts a "
            "sandbox of its own."
        )
    return SandboxAddress(f"http://{found['host']}:{found['port']}", found["key_id"], found["secret"])
