"""One operator, and clients with accounts of their own, whose roles the operator signs in with: as against AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import pytest

from onemata_helpers import policies, sandbox
from onemata_helpers.parameter_files import from_folder
from onemata_helpers.permissions import unscoped
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox.wire.incoming_call import IncomingCall
from onemata_helpers.sandbox_in_use import worlds

from .conftest import client

EXTERNAL_ID = "from-onemata"
# The example's own values are for the sandbox alone.
_ONEMATAS = {
    "onemata_account_id": "987600000000",
    "onemata_role_arn": "arn:aws:iam::987600000000:role/onemata-delivery",
    "onemata_external_id": "of-the-client",
    "bucket": "onemata-data-of-many",
    "prefix": "of-the-client/",
    "denied_prefix": "",
    "denied_bucket": "",
    "athena_workgroup": "analysts",
}


@dataclass
class Accounts:
    """A sandbox with these accounts; `folders` are the clients', whose calls go to it as they would to AWS."""

    box: Sandbox
    folders: list[Path]
    key: tuple[str, str]
    """Of the operator, in an account of Onemata's."""
    calls: list[IncomingCall] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def hear(self, *operations: str) -> None:
        """Note the calls of these operations."""
        for operation in operations:
            self.box.before(operation, self._note)

    def _note(self, call: IncomingCall) -> None:
        with self._lock:
            self.calls.append(call)

    def count(self, operation: str) -> int:
        """How many of them came."""
        return sum(call.operation == operation for call in self.calls)


def account(number: int) -> str:
    """The account of a client, by its number."""
    return f"{300_000_000_000 + number}"


def role(number: int) -> str:
    """The role there that the operator signs in with."""
    return f"arn:aws:iam::{account(number)}:role/entry"


@contextmanager
def accounts(folder: Path, number: int, *services: str, patch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """Clients `client-0`, `client-1`, ... with these services; the operator's keys stand in the environment."""
    own = {name: f'"{value}"' for name, value in _ONEMATAS.items()} | {"cluster_identifiers": "[analytics]"}
    folders = [client(folder, f"client-{n}", *services, account_id=f'"{account(n)}"', **own) for n in range(number)]
    needed = [each for place in folders for each in from_folder(place).values()]
    with sandbox.start(worlds(needed, unscoped()), operator_policy=unscoped()) as box:
        box.add([sandbox.EXAMPLE])
        key = _operator(box)
        for n, place in enumerate(folders):
            _entry(box, account(n))
            set_in(place, sandbox="false", operator_role_arn=role(n), operator_external_id=EXTERNAL_ID)
        patch.setenv("AWS_ACCESS_KEY_ID", key[0])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key[1])
        patch.setenv("AWS_ENDPOINT_URL", box.endpoint)
        yield Accounts(box, folders, key)


def set_in(folder: Path, **changes: str) -> None:
    """Set keys in a client's folder, in each file that has them."""
    for path in folder.glob("*.yaml"):
        text = path.read_text()
        for key, value in changes.items():
            text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
        path.write_text(text)


def _operator(box: Sandbox) -> tuple[str, str]:
    iam = box.client("iam")
    iam.create_user(UserName="engineer")
    may = policies.document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    iam.put_user_policy(UserName="engineer", PolicyName="enter", PolicyDocument=json.dumps(may))
    key = iam.create_access_key(UserName="engineer")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def _entry(box: Sandbox, of: str) -> None:
    trust = policies.document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{sandbox.CLIENT_ACCOUNT}:user/engineer"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
        }
    )
    iam = box.client("iam", of)
    iam.create_role(RoleName="entry", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="entry", PolicyName="runbooks", PolicyDocument=json.dumps(unscoped()))
