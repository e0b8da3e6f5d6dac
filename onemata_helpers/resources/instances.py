"""Which instance profile an EC2 instance has, and what that gives it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..plan import Call, Change, Field
from ..session import Aws
from ..wait import Transient, Wait
from .base import Look, Resource
from .instance_profiles import instance_profile
from .roles import attached_policies, owned_by, role

OnExisting = Literal["stop", "extend", "replace"]
# What EC2 says of a profile that it cannot see yet, minutes after IAM's own waiter passed.
_NEW_PROFILE = Transient(
    "InvalidParameterValue", "invalid iam instance profile", "EC2 does not yet see the new profile"
)
_NEW_ROLE = Transient("InvalidParameterValue", "no associated iam roles", "EC2 does not yet see the profile's role")

METADATA_OFF = (
    "The instance's metadata service is switched off (HttpEndpoint: disabled), so nobody on it gets credentials. "
    "The client's admin switches it on."
)
_METADATA_OPTIONS = ("HttpEndpoint", "HttpTokens", "HttpPutResponseHopLimit")

InstanceState = dict[str, Any]
"""`state`, `platform`, `metadata` (options), `profile_arn`, `association_id` and `association_state` (or "")."""


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
    return look.once(f"role {role_name} and Systems Manager", lambda aws: _simulate_ssm(aws, found["arn"]))


def metadata_notes(look: Look, instance_id: str) -> list[str]:
    """What the instance's metadata options mean for the proof, as sentences.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
    """
    options = (instance(look, instance_id) or {}).get("metadata", {})
    notes = []
    if options.get("HttpEndpoint") == "disabled":
        notes.append(f"{instance_id}: {METADATA_OFF}")
    if options.get("HttpTokens") == "required":
        notes.append(f"{instance_id} takes IMDSv2 only: the AWS CLI on it must be 1.16.289 or newer.")
    if options.get("HttpPutResponseHopLimit") == 1:
        notes.append(
            f"{instance_id} has the metadata hop limit 1: containers on it get no credentials; with 2 they would."
        )
    return notes


@dataclass(frozen=True)
class ProfileAssociation(Resource):
    """Our instance profile on an instance. An instance has at most one profile."""

    instance_id: str
    profile_name: str
    profile_arn: str
    on_existing: OnExisting
    needs_ssm: bool = False

    permissions = (
        "ec2:DescribeInstances",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:AssociateIamInstanceProfile",
        "ec2:ReplaceIamInstanceProfileAssociation",
        "ec2:DisassociateIamInstanceProfile",
        "iam:PassRole",
        "iam:SimulatePrincipalPolicy",
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
        if found["profile_arn"] == self.profile_arn and not self._is_of_a_deleted_profile(look, found):
            return [self.change("nothing", f"The instance has the profile ({found['association_state']}).")]
        if found["state"] not in ("running", "stopped"):
            why = f"The instance is {found['state']}; only a running or stopped one takes a profile."
            return [self.change("blocked", why)]
        if found["profile_arn"] == self.profile_arn:
            return self._again(found)
        if found["profile_arn"]:
            return self._existing(look, found)
        return [self._attachment()]

    def removal(self, look: Look) -> list[Change]:
        found = instance(look, self.instance_id)
        if found is None or found["profile_arn"] != self.profile_arn:
            return [self.change("nothing", "The instance does not have our profile.")]
        if not owned_by(instance_profile(look, self.profile_name), "ec2"):
            return [self.change("keep", "The instance profile is the client's own.")]
        field = Field(name="profile", before=self.profile_arn)
        why = "The profile is ours and will be deleted."
        return [self.change("detach", why, _disassociate(found["association_id"]), fields=(field,))]

    def settle(self, aws: Aws, wait: Wait, change: Change, answer: dict[str, Any]) -> None:
        """Until the association is `associated`, or gone after its removal."""

        def status() -> str:
            return str((_read_association(aws, self.instance_id) or {"State": "gone"})["State"])

        wait.until(self.key, status, "gone" if change.kind == "detach" else "associated")

    def unsettled(self, look: Look) -> str:
        found = instance(look, self.instance_id) or {}
        state = found.get("association_state", "")
        return f"The association is {state}." if state in ("associating", "disassociating") else ""

    def fault(self, look: Look) -> str:
        metadata = (instance(look, self.instance_id) or {}).get("metadata", {})
        return METADATA_OFF if metadata.get("HttpEndpoint") == "disabled" else ""

    def _is_of_a_deleted_profile(self, look: Look, found: InstanceState) -> bool:
        """A profile that was deleted and made again has the same ARN and another id; the old one gives nothing.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html
        """
        profile = instance_profile(look, self.profile_name)
        return profile is None or profile["id"] != found["profile_id"]

    def _again(self, found: InstanceState) -> list[Change]:
        why = "The instance is associated with a deleted profile of this name, which gives it no credentials."
        old = Field(name="profile id", before=found["profile_id"])
        return [self.change("detach", why, _disassociate(found["association_id"]), fields=(old,)), self._attachment()]

    def _attachment(self) -> Change:
        why = "With the profile the instance gets the role's credentials from its metadata service."
        call = _ec2("associate_iam_instance_profile", InstanceId=self.instance_id, IamInstanceProfile=self._named())
        return self.change("attach", why, call, fields=(Field(name="profile", after=self.profile_arn),))

    def _existing(self, look: Look, found: InstanceState) -> list[Change]:
        fields = (Field(name="profile", before=found["profile_arn"], after=self.profile_arn),)
        carries, reaches_ssm = self._carried(look, found["profile_arn"])
        if self.on_existing == "replace" and self.needs_ssm and reaches_ssm:
            why = (
                f"The present profile is how Systems Manager reaches the instance: {carries}. With ours in its place "
                "nothing could be written there. The client decides: on_existing_profile: extend, or configure: manual."
            )
            return [self.change("blocked", why, fields=fields)]
        if self.on_existing != "replace":
            why = (
                f"The instance has another profile; {carries}. The client decides by on_existing_profile: extend "
                "(our policy is added to the role that is there) or replace (that role is lost to the instance)."
            )
            return [self.change("blocked", why, fields=fields)]
        if found["state"] == "running":
            why = f"Replaced in one step. What the instance loses: {carries}."
            return [self.change("update", why, self._replace(found["association_id"]), fields=fields)]
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
        why = f"AWS replaces it in one step on a running instance only; this one loses it first: {carries}."
        old = Field(name="profile", before=found["profile_arn"])
        return [self.change("detach", why, _disassociate(found["association_id"]), fields=(old,)), self._attachment()]

    def _carried(self, look: Look, profile_arn: str) -> tuple[str, bool]:
        """What the present profile gives the instance, in words, and whether Systems Manager needs it."""
        found = instance_profile(look, profile_arn.rsplit("/", 1)[1])
        if found is None or not found["roles"]:
            return "it holds no role", False
        name = found["roles"][0]
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
        return {"Name": self.profile_name}


def _disassociate(association_id: str) -> Call:
    return _ec2("disassociate_iam_instance_profile", AssociationId=association_id)


def _ec2(operation: str, **arguments: Any) -> Call:
    return Call(service="ec2", operation=operation, arguments=arguments)


def _read_instance(aws: Aws, instance_id: str) -> InstanceState | None:
    ec2 = aws.client("ec2")
    # By filter, since an unknown id is then an empty answer and not an error.
    pages = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [instance_id]}])["Reservations"]
    found = [each for page in pages for each in page["Instances"]]
    if not found:
        return None
    association = _read_association(aws, instance_id) or {}
    options = found[0].get("MetadataOptions", {})
    return {
        "state": found[0]["State"]["Name"],
        "platform": "windows" if found[0].get("Platform") == "windows" else "linux",
        "metadata": {key: options[key] for key in _METADATA_OPTIONS if key in options},
        "profile_arn": association.get("IamInstanceProfile", {}).get("Arn", ""),
        "profile_id": association.get("IamInstanceProfile", {}).get("Id", ""),
        "association_id": association.get("AssociationId", ""),
        "association_state": association.get("State", ""),
    }


def _read_association(aws: Aws, instance_id: str) -> dict[str, Any] | None:
    answer = aws.client("ec2").describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [instance_id]}]
    )
    live = [each for each in answer["IamInstanceProfileAssociations"] if each["State"] != "disassociated"]
    return dict(live[0]) if live else None


def _simulate_ssm(aws: Aws, role_arn: str) -> bool:
    answer = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=["ssm:UpdateInstanceInformation"]
    )
    return bool(answer["EvaluationResults"][0]["EvalDecision"] == "allowed")
