"""Which sandbox a run uses, what is in it, and what is said when it is not there or does not know the client."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from onemata_helpers import permissions, sandbox
from onemata_helpers.clients import from_folders
from onemata_helpers.errors import ConnectError, ParameterError
from onemata_helpers.parameter_files import from_folder, from_notebook
from onemata_helpers.record import Record
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_address import SANDBOX_URL, parsed_url
from onemata_helpers.sandbox_in_use import worlds, worlds_of

from .conftest import EXAMPLE, ROOT, Run, run, values
from .forked_cli.program import forked_cli
from .many import account, own
from .processes import LONG, running
from .test_cli import ONEMATA, client, onemata, records, typed

# --- what is in it ----------------------------------------------------------------------------------------------------


def in_account(folder: Path, name: str, number: int, **changes: str) -> Path:
    """A folder like the example's for a client with an account of its own."""
    target = client(folder, name, **changes)
    for path in target.glob("*.yaml"):
        path.write_text(path.read_text().replace(sandbox.CLIENT_ACCOUNT, account(number)))
    return target


def test_each_account_has_an_operator_with_what_onemata_permissions_prints(tmp_path: Path) -> None:
    folders = [in_account(tmp_path, f"client-{number}", number) for number in range(3)]
    found = {world.account: world for world in worlds_of(folders)[0]}
    assert list(found) == [account(number) for number in range(3)]
    for folder, world in zip(folders, found.values(), strict=True):
        assert world.operator_policy == permissions.policy(from_folder(folder).values())


def test_two_folders_of_one_account_share_it(tmp_path: Path) -> None:
    one = in_account(tmp_path, "one", 1)
    two = in_account(tmp_path, "two", 1, cluster_identifiers="[second]", athena_workgroup="second", prefix="two/")
    both = [*from_folder(one).values(), *from_folder(two).values()]
    found, _ = worlds_of([one, two])
    assert [world.operator_policy for world in found] == [permissions.policy(both)] * 2
    with sandbox.start(found) as box:
        clusters = box.client("redshift", account(1)).describe_clusters()["Clusters"]
        assert {each["ClusterIdentifier"] for each in clusters} == {"example-analytics", "second"}
        assert len(box.client("iam", account(1)).list_users()["Users"]) == 1
        workgroups = box.client("athena", account(1)).list_work_groups()["WorkGroups"]
        assert {each["Name"] for each in workgroups} == {"primary", sandbox.WORKGROUP, "second"}
        policy = box.client("s3", sandbox.ONEMATA_ACCOUNT).get_bucket_policy(Bucket=sandbox.BUCKET)["Policy"]
        assert {"example-client", "two"} <= set(re.findall(r"[a-z-]+(?=/\*)", policy))


def test_the_examples_world_stays_as_it_is() -> None:
    """Its folder adds nothing to what the sandbox starts with."""
    with sandbox.start() as box:
        usual = inventory(box)
    with sandbox.start(worlds_of([EXAMPLE])[0]) as box:
        assert inventory(box) == usual


def inventory(box: Sandbox) -> dict[str, Any]:
    """What is in the example's account and in Onemata's, with the ids."""
    s3 = box.client("s3", sandbox.ONEMATA_ACCOUNT)
    reservations = box.client("ec2").describe_instances()["Reservations"]
    return {
        "clusters": box.client("redshift").describe_clusters()["Clusters"][0]["Endpoint"],
        "instances": [(i["InstanceId"], i["SubnetId"], i["State"]) for r in reservations for i in r["Instances"]],
        "roles": [
            (role["RoleId"], role["Arn"], role["AssumeRolePolicyDocument"])
            for each in (sandbox.CLIENT_ACCOUNT, sandbox.ONEMATA_ACCOUNT)
            for role in box.client("iam", each).list_roles()["Roles"]
        ],
        "objects": {
            bucket["Name"]: [each["Key"] for each in s3.list_objects_v2(Bucket=bucket["Name"])["Contents"]]
            for bucket in s3.list_buckets()["Buckets"]
        },
    }


def test_a_folder_for_aws_has_no_part_in_it(tmp_path: Path) -> None:
    inside, outside = client(tmp_path, "inside"), Path(shutil.copytree(EXAMPLE, tmp_path / "outside"))
    for_aws(outside)
    found, left_out = worlds_of([inside, outside])
    assert {world.account for world in found} == {sandbox.CLIENT_ACCOUNT}
    assert left_out == [outside]
    with pytest.raises(ParameterError, match=r"outside/client.yaml: sandbox = false: must be true in one"):
        worlds_of([outside])


def for_aws(folder: Path) -> None:
    """A folder of a client's that says `sandbox: false`, with nothing of the example's in it."""
    for path in folder.glob("*.yaml"):
        text = (
            path.read_text()
            .replace("example", "acme")
            .replace("another", "rival")
            .replace("sandbox: true", "sandbox: false")
        )
        text = text.replace("012345670123", "333333333333").replace("987654321098", "444444444444")
        path.write_text(text.replace("i-0a1b2c3d4e5f60718", "i-0123456789abcdef0"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"region": "cn-north-1"}, "region = cn-north-1: must be in the partition aws with sandbox: true"),
        (
            {"permissions_boundary_arn": "arn:aws:iam::aws:policy/AWSLambda_FullAccess"},
            "permissions_boundary_arn = arn:aws:iam::aws:policy/AWSLambda_FullAccess: must be the client's own, or one",
        ),
        ({"onemata_account_id": '"111122223333"'}, f"bucket = {sandbox.BUCKET}: must be the same in all folders"),
        ({"bucket_region": "eu-west-1"}, "here in account 987654321098, eu-west-1, but in"),
        ({"database": "sales"}, "redshift.yaml: cluster_identifiers = example-analytics: must be the same"),
    ],
)
def test_what_cannot_be_held_is_said_with_file_and_key(tmp_path: Path, change: dict[str, str], problem: str) -> None:
    empty = {"onemata_role_arn": '""', "denied_role_arn": '""'}
    first, other = client(tmp_path, "first", **empty), client(tmp_path, "other", **empty, **change)
    (other / "glue.yaml").unlink()  # its principals are in a partition, too
    _, problems = from_folders([first, other])
    assert any(problem in str(each) and str(other) in str(each) for each in problems), problems
    assert from_folders([first])[1] == []


def test_a_workgroup_has_one_first_database_in_all_folders(tmp_path: Path) -> None:
    workgroup = {"cluster_identifiers": "[]", "workgroup_names": "[one]"}
    first, other = client(tmp_path, "first", **workgroup), client(tmp_path, "other", **workgroup, database="sales")
    _, problems = from_folders([first, other])
    assert any("redshift.yaml: workgroup_names = one: must be the same" in str(each) for each in problems), problems


# --- everything that parameters name is there -------------------------------------------------------------------------


def applied(monkeypatch: pytest.MonkeyPatch, service: str, **changes: Any) -> Run:
    """The run of a client in a sandbox that holds what its parameters name."""
    mine = own(service, 1) | changes
    described = worlds([from_notebook(service, values(service, **mine))])
    with sandbox.start(described, cli=forked_cli()) as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
        return run(service, **mine)


HOLDERS = [f"arn:aws:iam::{account(1)}:{each}" for each in ("user/team/kim", "group/analysts", "role/deep/er/app")]
ANALYSTS = {"prove": "crawler", "athena_principals": HOLDERS[2:]}
KEY = f"arn:aws:kms:us-east-1:{sandbox.ONEMATA_ACCOUNT}:key/0a1b2c3d"


@pytest.mark.parametrize(
    ("service", "changes", "outcome"),
    [
        ("redshift", {}, "verified"),
        ("redshift", {"region": "eu-west-1"}, "verified"),
        ("redshift", {"region": "eu-west-1", "bucket_region": "us-west-2"}, "verified"),
        ("redshift", {"prefix": "", "denied_prefix": ""}, "applied"),
        ("redshift", {"prefix": "deep/er/still", "probe_object": "deep/er/still/here/probe.csv"}, "verified"),
        ("redshift", {"cluster_identifiers": ["one", "two"], "database": "sales", "database_user": "etl"}, "verified"),
        ("redshift", {"kms_key_arn": KEY, "s3_access": "scoped"}, "verified"),
        ("redshift", {"role_chain": True}, "verified"),
        ("redshift", {"permissions_boundary_arn": f"arn:aws:iam::{account(1)}:policy/a/limit"}, "verified"),
        (
            "redshift",
            {"database_secret_arn": f"arn:aws:secretsmanager:us-east-1:{account(1)}:secret:login-a1B2c3"},
            "verified",
        ),
        ("redshift", {"launch": True, "confirm_launch_costs": True, "cluster_identifiers": ["new"]}, "verified"),
        (
            "redshift",
            {"cluster_identifiers": [], "workgroup_names": ["one", "w" * 64], "confirm_proof_costs": True},
            "verified",
        ),
        ("redshift", {"workgroup_names": ["one"], "database": "sales", "confirm_proof_costs": True}, "verified"),
        ("glue", {"role_name": "glue", "pass_role_to": HOLDERS, "athena_principals": HOLDERS[::2]}, "applied"),
        ("glue", ANALYSTS, "applied"),
        ("glue", ANALYSTS | {"athena_workgroup": "own", "athena_database": "sales", "region": "eu-west-1"}, "applied"),
        (
            "ec2",
            {
                "configure": "ssm",
                "region": "eu-central-1",
                "denied_bucket": "onemata-other",
                "denied_role_arn": f"arn:aws:iam::{sandbox.ONEMATA_ACCOUNT}:role/path/onemata-delivery-2",
            },
            "verified",
        ),
    ],
)
def test_a_client_is_onboarded_with_whatever_its_parameters_name(
    monkeypatch: pytest.MonkeyPatch, service: str, changes: dict[str, Any], outcome: str
) -> None:
    done = applied(monkeypatch, service, **changes)
    assert done.error is None
    assert done.record.outcome == outcome
    reading = [each.result for each in done.record.checks if each.name.startswith("Athena reads")]
    assert set(reading) <= ({"proven"} if changes.get("prove") else {"not provable from here"})


# --- which one is used ------------------------------------------------------------------------------------------------


@contextmanager
def served(*arguments: str | Path, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`onemata sandbox` at work, and the environment in which its line was pasted."""
    with running([ONEMATA, "sandbox", *map(str, arguments)], stdout=subprocess.PIPE, text=True, cwd=cwd) as box:
        assert box.stdout is not None
        name, url = box.stdout.readline().removeprefix("export ").strip().split("=", 1)
        yield box, os.environ | {name: url, "COLUMNS": "200"}


def shell_lines(heading: str) -> list[list[str]]:
    """The words of the commands below a heading of the README."""
    section = (ROOT / "README.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def test_the_readmes_sequence_works_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One service of it, and without the browser; of its runs the first is started, like the notebook. Then Ctrl-C."""
    sandbox_line, *lines = shell_lines("The sandbox")
    assert sandbox_line[0] == "onemata"
    only = ["--service", "redshift", "--records", str(tmp_path)]
    with served(*sandbox_line[2:], cwd=ROOT) as (box, environment):
        monkeypatch.setenv(SANDBOX_URL, environment[SANDBOX_URL])
        how = onemata
        for command, *words in lines:
            if command == "onemata":
                done = how(*words, *only, cwd=ROOT)
                assert done.returncode == 0, done.stderr
                how = typed
            else:
                opened = tmp_path / "opened.ipynb"
                program = str(Path(ONEMATA).parent / command)
                executed = [program, "execute", f"--output={opened}", *words[1:]]
                subprocess.run(executed, cwd=ROOT, check=True, capture_output=True, timeout=120)
                assert "Nothing to change. Digest: " in opened.read_text()
        box.send_signal(signal.SIGINT)
        assert box.wait(LONG) == 0
        found = [Record.model_validate_json(each.read_text()) for each in sorted(tmp_path.rglob("*Z.json"))]
        assert [each.outcome for each in found] == ["planned", "verified", "verified", "removed"]
        stopped = typed(*lines[0][1:], cwd=ROOT)
    assert stopped.returncode == 2
    assert re.match(r"The sandbox at 127.0.0.1:[0-9]+ does not answer: it was stopped", stopped.stderr)
    assert "Who acts: the engineer starts one again (`onemata sandbox`)" in stopped.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_served_sandbox_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with served("--latency", "0.5", cwd=tmp_path) as (box, environment):
        address = parsed_url(environment[SANDBOX_URL])
        address.refuse_silence()
        box.send_signal(number)
        assert box.wait(LONG) == 0
        with pytest.raises(ConnectError, match="does not answer: it was stopped"):
            address.refuse_silence()


def test_it_serves_no_folder_with_a_problem(tmp_path: Path) -> None:
    bad = onemata("sandbox", client(tmp_path, "bad", bucket="Upper"), cwd=tmp_path)
    assert bad.returncode == 2
    assert "client.yaml, line 30: bucket = 'Upper'" in bad.stderr


def test_a_client_that_the_served_sandbox_does_not_know_is_named(aws: Sandbox) -> None:
    refused = run("glue", **own("glue", 1))
    assert isinstance(refused.error, ConnectError)
    assert str(refused.error) == (
        f"The sandbox at {aws.endpoint} has no account {account(1)}, of the client client-1: it was started for others."
        " Nothing was read or changed. Who acts: the engineer starts one with the client's folder among its CLIENT_DIR,"
        f" like `onemata sandbox parameters/client-1`, and sets {SANDBOX_URL} as it prints it."
    )


def test_a_sandbox_that_stopped_is_named_and_no_sign_in_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox.start() as box:
        monkeypatch.setenv(SANDBOX_URL, box.url)
    refused = run("glue")
    assert isinstance(refused.error, ConnectError)
    assert "does not answer: it was stopped, and what was in it is gone" in str(refused.error)
    assert refused.record.calls == []


def test_two_clients_are_rehearsed_each_in_its_own_account_and_the_end_of_the_sandbox_is_said(tmp_path: Path) -> None:
    folders = [in_account(tmp_path, f"client-{n}", n, prefix=f"client-{n}/") for n in range(2)]
    done = onemata("run", *folders, "--service", "glue", "--action", "apply", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("The sandbox of this run ends with it")
    assert "onemata sandbox CLIENT_DIR..." in done.stderr
    found = records(tmp_path)
    assert [found[f"client-{n}/glue"].account_id for n in range(2)] == [account(n) for n in range(2)]
    assert {each.outcome for each in found.values()} == {"verified"}
    assert all("CreateRole" in {call.operation for call in each.calls} for each in found.values())


def test_a_notebooks_own_sandbox_holds_what_its_parameters_name_each_time(tmp_path: Path) -> None:
    """Also when the engineer changes them and runs it again."""
    script = (
        "from tests.conftest import run; from tests.many import own\n"
        "print(*[run('redshift', **own('redshift', n)).record.outcome for n in (1, 2, 1)])\n"
        "print(run('redshift', region='cn-north-1', onemata_role_arn='').error)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    outcomes, refused, *_ = done.stdout.splitlines()
    assert outcomes == "verified verified verified"
    assert refused == "1 problem. Nothing was done in AWS. Who acts: the engineer corrects the parameters named here."
