"""What a sandbox with many clients costs: `python -m tests.benchmarks.sandbox 1 100 300 1000`.

For each number of clients: seconds and MiB of its start, milliseconds of CPU of single calls (client's and server's
side together), and calls a second from 16 threads, each in an account of its own.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from onemata_helpers import policies, sandbox
from onemata_helpers.sandbox.policies import account_trust
from onemata_helpers.sandbox.server import Sandbox
from onemata_helpers.sandbox_in_use import worlds
from tests.many import account, parameters

THREADS = 16
CALLS = 200
EVERYTHING = policies.document({"Effect": "Allow", "Action": "*", "Resource": "*"})


def resident() -> float:
    """Memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def milliseconds(call: Callable[..., Any], **arguments: Any) -> float:
    """CPU of one call."""
    call(**arguments)
    began = time.process_time()
    for _ in range(CALLS):
        call(**arguments)
    return (time.process_time() - began) / CALLS * 1000


def operator(box: Sandbox, number: int, service: str) -> Any:
    """A client of the operator in a client's account."""
    key = box.operator(account(number))
    return box.client_of(service, key.id, key.secret)


def session(box: Sandbox, number: int, role: str, service: str) -> Any:
    """A client of a role of the client's that Onemata's side lets in."""
    iam = box.client("iam", account(number))
    trust = policies.pretty(account_trust(account(number)))
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policies.pretty(EVERYTHING))
    sts = box.client("sts", account(number))
    got = sts.assume_role(RoleArn=arn, RoleSessionName="bench")["Credentials"]
    return box.client_of(service, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])


def calls(box: Sandbox, last: int) -> dict[str, float]:
    """Milliseconds of CPU of some calls, in the account of the last client."""
    iam, probe = operator(box, last, "iam"), f"client-{last}/_onemata/probe.csv"
    s3 = session(box, last, "onemata-redshift", "s3")
    sts = session(box, last, "onemata-ec2", "sts")
    return {
        "sts GetCallerIdentity": milliseconds(operator(box, last, "sts").get_caller_identity),
        "sts AssumeRole, into Onemata's account": milliseconds(
            sts.assume_role,
            RoleArn=parameters(last)[0].onemata_role_arn,
            RoleSessionName="bench",
            ExternalId=f"external-{last}",
        ),
        "iam ListRolePolicies": milliseconds(iam.list_role_policies, RoleName="onemata-redshift"),
        "redshift DescribeClusters": milliseconds(operator(box, last, "redshift").describe_clusters),
        "ec2 DescribeInstances": milliseconds(operator(box, last, "ec2").describe_instances),
        "s3 GetObject": milliseconds(s3.get_object, Bucket=sandbox.BUCKET, Key=probe),
    }


def throughput(box: Sandbox, count: int) -> float:
    """Calls a second, from threads in accounts of their own."""
    clients = [operator(box, number % count, "redshift") for number in range(THREADS)]
    for each in clients:
        each.describe_clusters()
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda each: [each.describe_clusters() for _ in range(CALLS // 4)], clients))
    return THREADS * (CALLS // 4) / (time.monotonic() - began)


def main() -> None:
    sandbox.start(()).stop()  # moto is loaded
    for count in map(int, sys.argv[1:] or ["1"]):
        described = worlds(each for number in range(count) for each in parameters(number))
        began, before = time.process_time(), resident()
        with sandbox.start(described) as box:
            took, memory = time.process_time() - began, resident() - before
            print(f"{count} clients: {took:.2f} s, {memory:.0f} MiB")
            for name, cost in calls(box, count - 1).items():
                print(f"  {name}: {cost:.2f} ms")
            print(f"  {throughput(box, count):.0f} calls/s")


if __name__ == "__main__":
    main()
