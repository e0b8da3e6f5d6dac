"""A bucket for the records that is reached as a role: the runner signs in with it once, also by a code of MFA."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.credentials import AssumeRoleProvider

from onemata_helpers import policies, sandbox
from onemata_helpers.batch import carry_out, commands
from onemata_helpers.bucket import Bucket
from onemata_helpers.role_sessions import RoleSessions
from onemata_helpers.sandbox.server import Sandbox

from .conftest import How, Which, client, records

pytestmark = pytest.mark.usefixtures("kernels")

ENGINEER = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:user/engineer"
SERIAL = f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:mfa/engineer"


@pytest.fixture
def place(aws: Sandbox, our_records: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place for records that the profile `ours` reaches, as a role with a code of MFA."""
    iam = aws.client("iam", sandbox.ONEMATA_ACCOUNT)
    trust = policies.document({"Effect": "Allow", "Principal": {"AWS": ENGINEER}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="keeper", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    keeps = iam.get_user_policy(UserName="engineer", PolicyName="records")["PolicyDocument"]
    iam.put_role_policy(RoleName="keeper", PolicyName="records", PolicyDocument=json.dumps(keeps))
    enters = policies.document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role})
    iam.put_user_policy(UserName="engineer", PolicyName="records", PolicyDocument=json.dumps(enters))
    config = tmp_path / "config"
    config.write_text(
        f"[profile ours]\nrole_arn = {role}\ncredential_source = Environment\nmfa_serial = {SERIAL}\n"
        "role_session_name = jane\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.endpoint)
    return our_records


def test_the_code_is_typed_once_and_where_nobody_can_this_is_said(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = list[str]()

    def type_code(prompt: str) -> str:
        typed.append(prompt)
        return "123456"

    monkeypatch.setattr(AssumeRoleProvider.__init__, "__defaults__", (type_code, None, None))
    which, how = Which([client(tmp_path, "acme")]), How(where=place, records_profile="ours")
    assert commands.run(which, how, "apply")
    assert typed == [f"Enter MFA code for {SERIAL}: "]
    (record,) = records(tmp_path / "records")["acme/glue"]
    assert record.outcome == "applied"
    there = Bucket(place, "ours")
    assert len(list(there.names("acme/glue/"))) == 3
    secret = next(iter(there.sessions.plain().values()))["Credentials"]["SecretAccessKey"].encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret in path.read_bytes()]
    monkeypatch.setattr(carry_out, "sessions_there", lambda _: RoleSessions())
    assert not commands.run(which, how, "apply")
    reason = records(tmp_path / "records")["acme/glue"][-1].reason
    assert "a code of MFA is asked for, and nobody can type one here. Who acts: the engineer" in reason
