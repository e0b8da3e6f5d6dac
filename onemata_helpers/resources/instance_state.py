"""What an EC2 instance is: its state, its metadata options, and the instance profile that it has.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

from __future__ import annotations

from typing import Literal

from ..answers import Answer, Plain
from ..frozen import Frozen
from ..session import Aws
from .base import Look
from .instance_profiles import Association, Associations
from .role_state import role, same_thing
from .simulation import allows

_REPORTING = "ssm:UpdateInstanceInformation"
_PASSING = ("associating", "disassociating")
METADATA_OFF = (
    "The instance's metadata service is switched off (HttpEndpoint: disabled), so nobody on it gets credentials. "
    "The client's admin switches it on."
)


class MetadataOptions(Answer):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html"""

    http_endpoint: Plain = ""
    http_tokens: Plain = ""
    http_put_response_hop_limit: int = 0


class InstanceState(Frozen):
    """An instance, and the profile that it has or is about to have.

    `passing` is what AWS is still carrying out: `associating` or `disassociating`, else empty. A profile that is
    being taken off is not there any more.
    """

    state: str
    platform: Literal["linux", "windows"]
    metadata: MetadataOptions
    profile_arn: str = ""
    profile_id: str = ""
    association_id: str = ""
    passing: str = ""


def instance(look: Look, instance_id: str) -> InstanceState | None:
    """An EC2 instance and the profile associated with it; None if there is no such instance."""
    return look.once(f"instance {instance_id}", lambda aws: _read_instance(aws, instance_id))


def lets_ssm_in(look: Look, role_name: str) -> bool:
    """Whether an instance with this role can report to Systems Manager, by IAM's own simulator."""
    found = role(look, role_name)
    if found is None:
        return False
    return look.once(f"role {role_name} and Systems Manager", lambda aws: allows(aws, found.arn, _REPORTING))


def metadata_notes(look: Look, instance_id: str) -> list[str]:
    """What the instance's metadata options mean for the proof, as sentences.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
    """
    found = instance(look, instance_id)
    if found is None:
        return []
    notes = []
    if found.metadata.http_endpoint == "disabled":
        notes.append(f"{instance_id}: {METADATA_OFF}")
    if found.metadata.http_tokens == "required":
        notes.append(f"{instance_id} allows IMDSv2 only: the AWS CLI on it must be 1.16.289 or newer.")
    if found.metadata.http_put_response_hop_limit == 1:
        notes.append(
            f"{instance_id} has the metadata hop limit 1: containers on it get no credentials; with 2 they would."
        )
    return notes


class _State(Answer):
    name: Plain


class _Instance(Answer):
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
    instance_id: Plain
    state: _State
    platform: Plain = ""
    metadata_options: MetadataOptions = MetadataOptions()


class _Reservation(Answer):
    instances: list[_Instance]


class _Instances(Answer):
    reservations: list[_Reservation]


def _read_instance(aws: Aws, instance_id: str) -> InstanceState | None:
    # By filter, since an unknown id is then an empty answer and not an error.
    filters = [{"Name": "instance-id", "Values": [instance_id]}]
    reservations = aws.ask("ec2", "describe_instances", _Instances, Filters=filters).reservations
    found = [each for reservation in reservations for each in reservation.instances]
    if not found:
        return None
    for each in found:
        same_thing("ec2:DescribeInstances", each.instance_id, instance_id)
    associations = associations_of(aws, instance_id)
    passing = next((each.state for each in associations if each.state in _PASSING), "")
    held = next((each for each in associations if each.holds), None)
    shown = {
        "profile_arn": held.iam_instance_profile.arn,
        "profile_id": held.iam_instance_profile.id,
        "association_id": held.association_id,
    } if held else {}  # fmt: skip
    return InstanceState(
        state=found[0].state.name,
        platform="windows" if found[0].platform.lower() == "windows" else "linux",
        metadata=found[0].metadata_options,
        passing=passing,
        **shown,
    )


def associations_of(aws: Aws, instance_id: str) -> list[Association]:
    """The associations of an instance, without those that are over."""
    filters = [{"Name": "instance-id", "Values": [instance_id]}]
    found = aws.ask("ec2", "describe_iam_instance_profile_associations", Associations, Filters=filters)
    for each in found.iam_instance_profile_associations:
        same_thing("ec2:DescribeIamInstanceProfileAssociations", each.instance_id, instance_id)
    return [each for each in found.iam_instance_profile_associations if each.state != "disassociated"]
