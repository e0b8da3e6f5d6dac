"""Which instance profile an EC2 instance has, and what that gives it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..answers import Answer, Plain
from ..frozen import Frozen
from ..plan import Call, Change, Field
from ..session import Aws
from ..wait import Transient, Wait
from .base import Look, Permission, Resource
from .instance_profiles import Association, Associations, instance_profile
from .role_state import attached_policies, role, same_thing
from .role_use import RoleUse

OnExisting = Literal["stop", "extend", "replace"]
# What EC2 says of a profile that it cannot see yet, minutes after IAM's own waiter passed.
_NEW_PROFILE = Transient(
    "InvalidParameterValue", "invalid iam instance profile", "EC2 does not yet see the new profile"
)
_PASSING = ("associating", "disassociating")
_NEW_ROLE = Transient("InvalidParameterValue", "no associated iam roles", "EC2 does not yet see the profile's role")

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
    """Whether an instance with this role can report to Systems Manager, by IAM's own simulator.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    found = role(look, role_name)
    if found is None:
        return False
    return look.once(f"role {role_name} and Systems Manager", lambda aws: _simulate_ssm(aws, found.arn))


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


@dataclass(frozen=True)
class ProfileAssociation(Resource):
    """Our instance profile on an instance. An instance has at most one profile."""

    instance_id: str
    instance_profile: str
    profile_arn: str
    on_existing: OnExisting
    use: RoleUse
    needs_ssm: bool = False

    @staticmethod
    def permissions(
        instance_arns: tuple[str, ...], role_arn: str, any_role_arn: str, on_existing: OnExisting
    ) -> tuple[Permission, ...]:
        """What putting the profile on and off takes, and finding out what a profile that is there gives."""
        changing = ("ec2:AssociateIamInstanceProfile", "ec2:DisassociateIamInstanceProfile")
        replacing = ("ec2:ReplaceIamInstanceProfileAssociation",) if on_existing == "replace" else ()
        asking = () if on_existing == "extend" else (Permission(("iam:SimulatePrincipalPolicy",), (any_role_arn,)),)
        return (
            Permission(("ec2:DescribeInstances", "ec2:DescribeIamInstanceProfileAssociations")),
            Permission((*changing, *replacing), instance_arns),
            Permission(("iam:PassRole",), (role_arn,), "ec2"),
            *asking,
        )

    transient = (_NEW_PROFILE, _NEW_ROLE)

    @property
    def key(self) -> str:
        return f"instance profile of {self.instance_id}"

    def changes(self, look: Look) -> list[Change]:
        found = instance(look, self.instance_id)
        if found is None:
            why = "There is no such instance in this account and region. The engineer corrects instance_ids or region."
            return [self.change("blocked", why)]
        if found.profile_arn == self.profile_arn and not self._is_of_a_deleted_profile(look, found):
            return [self.change("nothing", "The instance has the profile.")]
        if found.state not in ("running", "stopped"):
            why = f"The instance is {found.state}; only a running or stopped one accepts a profile."
            return [self.change("blocked", why)]
        if found.profile_arn == self.profile_arn:
            return self._again(found)
        if found.profile_arn:
            return self._existing(look, found)
        return [self._attachment()]

    def removal(self, look: Look) -> list[Change]:
        found = instance(look, self.instance_id)
        if found is None or found.profile_arn != self.profile_arn:
            return [self.change("nothing", "The instance does not have our profile.")]
        profile = instance_profile(look, self.instance_profile)
        if profile is not None and not profile.ours:
            return [self.change("keep", "The instance profile is the client's own.")]
        if profile is not None and profile.roles not in ((), (self.use.role_name,)):
            why = f"The profile holds another role ({', '.join(profile.roles)}), so it stays on the instance."
            return [self.change("keep", why)]
        stays = self.use.why_it_stays_on(look, self.instance_id)
        if stays:
            return [self.change("keep", stays)]
        why = (
            "The profile is ours."
            if profile
            else "The profile was deleted: what the instance still lists gives no access."
        )
        return [self._off(why, found, Field(name="profile", before=self.profile_arn))]

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the association is `associated`, or gone after its removal."""
        wanted = "gone" if change.kind == "detach" else "associated"
        wait.until(self.key, lambda: _state_of(_associations(aws, self.instance_id), wanted), wanted)

    def unsettled(self, look: Look) -> str:
        found = instance(look, self.instance_id)
        return f"The association is {found.passing}." if found and found.passing else ""

    def fault(self, look: Look) -> str:
        found = instance(look, self.instance_id)
        return METADATA_OFF if found and found.metadata.http_endpoint == "disabled" else ""

    def _is_of_a_deleted_profile(self, look: Look, found: InstanceState) -> bool:
        """A profile that was deleted and made again has the same ARN and another id; the old one gives nothing.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html
        """
        profile = instance_profile(look, self.instance_profile)
        return profile is None or profile.id != found.profile_id

    def _again(self, found: InstanceState) -> list[Change]:
        why = "The instance is associated with a deleted profile of this name, which gives it no credentials."
        return [self._off(why, found, Field(name="profile id", before=found.profile_id)), self._attachment()]

    def _off(self, why: str, found: InstanceState, field: Field) -> Change:
        call = _ec2("disassociate_iam_instance_profile", AssociationId=found.association_id)
        return self.change("detach", why, call, fields=(field,))

    def _attachment(self) -> Change:
        why = "With the profile the instance gets the role's credentials from its metadata service."
        call = _ec2("associate_iam_instance_profile", InstanceId=self.instance_id, IamInstanceProfile=self._named())
        return self.change("attach", why, call, fields=(Field(name="profile", after=self.profile_arn),))

    def _existing(self, look: Look, found: InstanceState) -> list[Change]:
        fields = (Field(name="profile", before=found.profile_arn, after=self.profile_arn),)
        carries, reaches_ssm = self._carried(look, found.profile_arn)
        if self.on_existing == "replace" and self.needs_ssm and reaches_ssm:
            why = (
                f"Systems Manager reaches the instance through its present profile: {carries}. With ours instead, "
                "nothing could be written there. The client decides: on_existing_profile: extend, or configure: manual."
            )
            return [self.change("blocked", why, fields=fields)]
        if self.on_existing != "replace":
            why = (
                f"The instance has another profile; {carries}. The client decides by on_existing_profile: extend "
                "(adds our policy to that role) or replace (the instance loses that role)."
            )
            return [self.change("blocked", why, fields=fields)]
        if found.state == "running":
            why = f"Replaced in one step. What the instance loses: {carries}."
            return [self.change("update", why, self._replace(found.association_id), fields=fields)]
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
        why = f"AWS replaces it in one step on a running instance only; this one loses its profile first: {carries}."
        return [self._off(why, found, Field(name="profile", before=found.profile_arn)), self._attachment()]

    def _carried(self, look: Look, profile_arn: str) -> tuple[str, bool]:
        """What the present profile gives the instance, in words, and whether Systems Manager needs it."""
        found = instance_profile(look, profile_arn.rsplit("/", 1)[1])
        if found is None or not found.roles:
            return "it holds no role", False
        name = found.roles[0]
        policies = [arn.rsplit("/", 1)[1] for arn in attached_policies(look, name)]
        reaches_ssm = lets_ssm_in(look, name)
        ssm = "; Systems Manager reaches the instance by it" if reaches_ssm else ""
        return f"it holds the role {name} with {', '.join(policies) or 'no attached policies'}{ssm}", reaches_ssm

    def _replace(self, association_id: str) -> Call:
        return _ec2(
            "replace_iam_instance_profile_association",
            AssociationId=association_id,
            IamInstanceProfile=self._named(),
        )

    def _named(self) -> dict[str, str]:
        return {"Name": self.instance_profile}


def _ec2(operation: str, **arguments: Any) -> Call:
    return Call(service="ec2", operation=operation, arguments=arguments)


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


class _Evaluation(Answer):
    eval_action_name: Plain
    eval_decision: Plain


class _Simulation(Answer):
    evaluation_results: list[_Evaluation]


def _read_instance(aws: Aws, instance_id: str) -> InstanceState | None:
    # By filter, since an unknown id is then an empty answer and not an error.
    filters = [{"Name": "instance-id", "Values": [instance_id]}]
    reservations = aws.ask("ec2", "describe_instances", _Instances, Filters=filters).reservations
    found = [each for reservation in reservations for each in reservation.instances]
    if not found:
        return None
    for each in found:
        same_thing("ec2:DescribeInstances", each.instance_id, instance_id)
    associations = _associations(aws, instance_id)
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


def _associations(aws: Aws, instance_id: str) -> list[Association]:
    filters = [{"Name": "instance-id", "Values": [instance_id]}]
    found = aws.ask("ec2", "describe_iam_instance_profile_associations", Associations, Filters=filters)
    for each in found.iam_instance_profile_associations:
        same_thing("ec2:DescribeIamInstanceProfileAssociations", each.instance_id, instance_id)
    return [each for each in found.iam_instance_profile_associations if each.state != "disassociated"]


def _state_of(associations: list[Association], wanted: str) -> str:
    """The first state that is not the wanted one; `gone` without an association."""
    states = [each.state for each in associations] or ["gone"]
    return next((state for state in states if state != wanted), wanted)


def _simulate_ssm(aws: Aws, role_arn: str) -> bool:
    action = "ssm:UpdateInstanceInformation"
    arguments = {"PolicySourceArn": role_arn, "ActionNames": [action]}
    results = aws.ask("iam", "simulate_principal_policy", _Simulation, **arguments).evaluation_results
    return [(each.eval_action_name, each.eval_decision) for each in results] == [(action, "allowed")]
