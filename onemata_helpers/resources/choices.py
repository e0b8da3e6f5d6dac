"""What the account has for parameters to name: instances by their Name tags, and clusters."""

from __future__ import annotations

from ..answers import Answer, Plain
from ..redaction import foreign
from ..session import Aws
from ..text import one_line
from .base import Look


def instances(look: Look) -> list[tuple[str, str]]:
    """The instances of the region that are not terminated, each after its name for people.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
    """
    return look.once("all instances", _read_instances)


def clusters(look: Look) -> list[tuple[str, str]]:
    """The provisioned clusters of the region.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeClusters.html
    """
    return look.once("all clusters", _read_clusters)


class _Tag(Answer):
    key: str
    value: str


class _State(Answer):
    name: Plain


class _Instance(Answer):
    instance_id: Plain
    state: _State
    tags: tuple[_Tag, ...] = ()


class _Reservation(Answer):
    instances: list[_Instance]


class _Instances(Answer):
    reservations: list[_Reservation]


class _Cluster(Answer):
    cluster_identifier: Plain
    cluster_status: Plain


class _Clusters(Answer):
    clusters: list[_Cluster]


def _read_instances(aws: Aws) -> list[tuple[str, str]]:
    pages = aws.pages("ec2", "describe_instances", _Instances)
    found = [each for page in pages for reservation in page.reservations for each in reservation.instances]
    return [(_name(each), each.instance_id) for each in found if each.state.name != "terminated"]


def _name(found: _Instance) -> str:
    tag = next((tag.value for tag in found.tags if tag.key == "Name"), "")
    name = f"{one_line(foreign(tag), 60)}, " if tag else ""
    return f"{found.instance_id} ({name}{found.state.name})"


def _read_clusters(aws: Aws) -> list[tuple[str, str]]:
    found = [each for page in aws.pages("redshift", "describe_clusters", _Clusters) for each in page.clusters]
    return [(f"{each.cluster_identifier} ({each.cluster_status})", each.cluster_identifier) for each in found]
