"""What the client is told before the call, by service: what will be done and why, what it takes, what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..choices import TITLES
from ..parameters import Ec2Parameters, GlueParameters, RedshiftParameters, ServiceParameters
from ..services.glue_proof import COST as CRAWL_COST
from ..text import counted

_ADMIN = "Somebody who may change IAM in this account, to give the operator the policy below and to approve the plans."
_ENGINEER = "Onemata's engineer, who signs in as the operator and shows each step."


@dataclass(frozen=True)
class Part:
    """One service. `minutes` is what to plan for, on the call."""

    title: str
    why: str
    does: tuple[str, ...]
    at_hand: tuple[str, ...]
    people: tuple[str, ...]
    minutes: int
    costs: tuple[str, ...] = ()


def part(p: ServiceParameters) -> Part:
    """What the client is told about a service."""
    return _PARTS[type(p)](p)


def people(parts: list[Part]) -> list[str]:
    """Who should be there, each once."""
    return list(dict.fromkeys([_ADMIN, _ENGINEER, *(each for part in parts for each in part.people)]))


def _redshift(p: RedshiftParameters) -> Part:
    clusters, workgroups = ", ".join(p.cluster_identifiers), ", ".join(p.workgroup_names)
    names = [
        *([f"{_some(p.cluster_identifiers, 'Cluster')} {clusters}"] if clusters else []),
        *([f"{_some(p.workgroup_names, 'Workgroup')} {workgroups}"] if workgroups else []),
    ]
    where = " and ".join(filter(None, [clusters, workgroups]))
    does = [
        _creates(p, "Redshift"),
        _access(
            p, "AmazonS3ReadOnlyAccess, AWS's own policy: the role may read every bucket that this account may read"
        ),
        *([f"Lets it assume a role of Onemata's, through which it reads: {_answer(p)}."] if p.role_chain else []),
        f"Puts the role on {where}, beside the roles that are there. They stay, and so does the default role.",
    ]
    if p.launch:
        does.insert(-1, f"Launches the cluster {clusters} if there is none of this name.")
    proven = p.prove == "copy" and (bool(clusters) or p.confirm_proof_costs)
    if proven:
        does.append(
            "Proves that it works: Redshift reads one small object of Onemata's, by COPY with NOLOAD into a temporary "
            "table. Nothing is loaded, and nothing stays."
        )
    return Part(
        title=TITLES[p.service],
        why="So that COPY in Redshift can load the data.",
        does=tuple(does),
        at_hand=(*names, *([_database(p)] if proven else [])),
        people=_dba(p) if proven else (),
        minutes=25 if p.launch else 10,
        costs=(*_cluster_costs(p), *_workgroup_costs(p)),
    )


def _glue(p: GlueParameters) -> Part:
    does = [
        _creates(p, "Glue"),
        "Attaches AWSGlueServiceRole, AWS's own policy: what Glue itself needs.",
        _access(p, "AmazonS3FullAccess, AWS's own policy: the role may do all in every bucket that this account may"),
    ]
    if p.pass_role_to:
        does.append(f"Lets {', '.join(p.pass_role_to)} hand this role to Glue.")
    if p.prove != "none":
        runs = " and runs it over one small folder" if p.prove == "crawl" and p.confirm_proof_costs else ""
        does.append(f"Proves that it works: makes a crawler{runs}. All that is made for this is deleted again.")
    queries = p.prove != "none" and bool(p.athena_principals)
    if queries:
        does.append(
            f"Proves Athena: in the workgroup {p.athena_workgroup} a table of one column is made in the database "
            f"{p.athena_database}, read, and dropped, as each role below that the operator may assume."
        )
    athena = (
        [f"Users and roles that query with Athena: {', '.join(p.athena_principals)}"] if p.athena_principals else []
    )
    if queries:
        athena.append(
            f"Athena workgroup {p.athena_workgroup}: it must limit what a query scans, and have a place for results"
        )
    return Part(
        title=TITLES[p.service],
        why="So that Glue can catalog the data, and Athena can query it.",
        does=tuple(does),
        at_hand=tuple(athena),
        people=("Whoever looks after the Glue catalog and Athena, for questions about the workgroup.",)
        if queries
        else (),
        minutes=15 if p.prove == "crawl" else 10,
        costs=(*_crawl_costs(p), *(["A query of Athena's proof costs about $0.00005."] if queries else [])),
    )


def _ec2(p: Ec2Parameters) -> Part:
    instances = ", ".join(p.instance_ids)
    does = [
        _creates(p, "EC2"),
        f"Lets it assume one role: {_answer(p)}.",
        f"Gives it to {instances} by the instance profile {p.instance_profile}. {_EXISTING[p.on_existing_profile]}",
        _CONFIGURE[p.configure].format(profile=p.config_profile, user=p.instance_user),
    ]
    shell = {
        "ssm": f"Systems Manager must reach {instances}: its agent runs there, and the AWS CLI is installed",
        "manual": f"A shell on {instances}, as {p.instance_user}, with the AWS CLI installed",
        "skip": "",
    }[p.configure]
    return Part(
        title=TITLES[p.service],
        why="So that programs on the instance can read the data, as a role of Onemata's that may read nothing else.",
        does=tuple(does),
        at_hand=(f"{_some(p.instance_ids, 'Instance')} {instances}, running", *([shell] if shell else [])),
        people=("Somebody who can open a shell on the instance.",) if p.configure == "manual" else (),
        minutes={"ssm": 15, "manual": 20, "skip": 10}[p.configure],
    )


_PARTS: Mapping[type[ServiceParameters], Callable[[Any], Part]] = {
    RedshiftParameters: _redshift,
    GlueParameters: _glue,
    Ec2Parameters: _ec2,
}
_EXISTING = {
    "stop": "If an instance has another profile, nothing is changed and we decide together.",
    "extend": "If an instance has another profile, that stays, and its role gets the same one permission.",
    "replace": "If an instance has another profile, it is replaced: what needs that profile stops working.",
}
_CONFIGURE = {
    "ssm": (
        "Adds the section {profile} to ~/.aws/config of {user} there, by Systems Manager, after a backup. Other "
        "sections stay. Then two commands prove that it works."
    ),
    "manual": (
        "You paste one block into a shell there, as {user}: it adds the section {profile} to ~/.aws/config after a "
        "backup, and proves that it works."
    ),
    "skip": "Changes nothing on the instance itself, and proves nothing from there.",
}


def _creates(p: ServiceParameters, service: str) -> str:
    boundary = f", with your permissions boundary {p.permissions_boundary_arn}" if p.permissions_boundary_arn else ""
    there = "what it lacks is added" if p.adopt_existing else "nothing is changed, and we decide together"
    return (
        f"Creates the IAM role {p.role_name}, which only {service} can assume{boundary}. If you have a role of this "
        f"name already, {there}."
    )


def _answer(p: ServiceParameters) -> str:
    return p.onemata_role_arn or "the one that Onemata names when it knows your account and role"


def _access(p: ServiceParameters, managed: str) -> str:
    if p.s3_access == "scoped":
        return f"Lets the role read {p.location.uri}, and nothing else in S3."
    return f"Attaches {managed}. If you would rather have it read {p.location.uri} only, tell us."


def _database(p: RedshiftParameters) -> str:
    if p.database_secret_arn:
        return f"The secret with a login for the proof: {p.database_secret_arn}"
    if p.database_user:
        return f"The database user {p.database_user}, as whom the proof runs. It may create temporary tables"
    return "Whether the operator's IAM identity may log in to the database and create temporary tables"


def _dba(p: RedshiftParameters) -> tuple[str, ...]:
    told = "Your database administrator, who can say which database user the proof may use"
    return (f"{told}." if p.database_user or p.database_secret_arn else f"{told}, in case the operator's is refused.",)


def _cluster_costs(p: RedshiftParameters) -> tuple[str, ...]:
    if not p.launch:
        return ()
    agreed = "you have agreed to that" if p.confirm_launch_costs else "it is not launched before you agree to that"
    nodes = counted(p.launch_nodes, "node")
    return (f"The new cluster ({nodes} of {p.launch_node_type}) costs money from its first hour: {agreed}.",)


def _workgroup_costs(p: RedshiftParameters) -> tuple[str, ...]:
    if not p.workgroup_names or p.prove == "none":
        return ()
    wakes = "The proof wakes a workgroup: AWS charges for its capacity while it is awake, at least for a minute"
    return (f"{wakes}. {_agreed(p.confirm_proof_costs)}",)


def _crawl_costs(p: GlueParameters) -> tuple[str, ...]:
    if p.prove != "crawl":
        return ()
    return (f"{CRAWL_COST} There are one or two. {_agreed(p.confirm_proof_costs)}",)


def _agreed(confirmed: bool) -> str:
    return "You have agreed to that." if confirmed else "It is made only when you agree to that."


def _some(names: list[str], one: str) -> str:
    return one if len(names) == 1 else f"{one}s"
