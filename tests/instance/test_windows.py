"""The commands for Windows: plain commands of the AWS CLI, run here by the real one, in sh."""

import subprocess
from pathlib import Path

import pytest
from botocore.configloader import build_profile_map, raw_config_parse

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.windows import first_look, proof_commands, set_commands
from onemata_helpers.location import Location
from tests.forked_cli.program import forked_cli
from tests.instance.instance_box import ASSIGNMENT, ROLE, WANTED


def run(home: Path, command: str) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "PATH": f"{forked_cli().parent}:/usr/bin:/bin"}
    return subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=False)


def test_the_real_cli_makes_the_profile_and_keeps_the_others(tmp_path: Path) -> None:
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile other]\nregion = x\n")
    assert "could not be found" in run(tmp_path, first_look(ASSIGNMENT)).stderr
    for command in set_commands(ASSIGNMENT):
        assert run(tmp_path, command).returncode == 0
    profiles = build_profile_map(raw_config_parse(str(config)))["profiles"]
    assert profiles == {"other": {"region": "x"}, "client-ec2": WANTED.settings()}
    assert run(tmp_path, first_look(ASSIGNMENT)).stdout == f"{ROLE}\n"


def test_they_are_the_same_in_every_shell() -> None:
    assert set_commands(ASSIGNMENT) == [
        f'aws configure set role_arn "{ROLE}" --profile client-ec2',
        'aws configure set credential_source "Ec2InstanceMetadata" --profile client-ec2',
        "aws configure set external_id client-7f3a --profile client-ec2",
        "aws configure set region eu-west-1 --profile client-ec2",
    ]
    assert proof_commands(ASSIGNMENT) == [
        "aws sts get-caller-identity --profile client-ec2",
        'aws s3 ls "s3://onemata-data/client/" --profile client-ec2',
    ]
    assert len(set_commands(Assignment(ProfileSection("p", ROLE), Location("b")))) == 2


@pytest.mark.parametrize("prefix", ["it's/", "a b/", "%PATH%/", "$x/", "a`b", "a\\b", 'a"b', "é", "a&b", "a^b", "a!b"])
def test_what_the_shells_read_differently_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="not the same in cmd, PowerShell and sh"):
        proof_commands(Assignment(WANTED, Location("b", prefix)))
