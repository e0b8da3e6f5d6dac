"""Instance profiles, and which one an EC2 instance has.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..plan import Call, Change, Field
from ..session import Aws
from ..wait import Transient, Wait
from .base import OWNER_TAG, Look, Resource
from .roles import as_tags, attached_policies, owned_by

OnExisting = Literal["stop", "extend", "replace"]
# Codes and messages that EC2 gives for a profile it cannot see yet, minutes after IAM's own waiter passed.
_NEW_PROFILE = Transient(
    "InvalidParameterValue", "invalid iam instance profile", "EC2 does not yet see the new profile"
)
_NEW_ROLE = Transient("InvalidParameterValue", "no associated iam roles", "EC2 does not yet see the profile's role")

ProfileState = dict[str, Any]
"""`arn`, `path`, `roles` (names), `tags`."""
InstanceState = dict[str, Any]
"""`state`, `profile_arn` (or ""), `association_id` and `association_state` (or "")."""


def instance_profile(look: Look, name: str) -> ProfileState | None:
    """The instance profile of this name; None if there is none."""
    return look.once(f"instance profile {name}", lambda aws: _read_profile(aws, name))


def instance(look: Look, instance_id: str) -> InstanceState | None:
    """An EC2 instance and the profile associated with it; None if there is no such instance."""
    return look.once(f"instance {instance_id}", lambda aws: _read_instance(aws, instance_id))


@dataclass(frozen=True)
class InstanceProfile(Resource):
    """An instance profile that holds our role. A profile can hold one role only."""

    name: str
    path: str
    role_name: str
    tags: dict[str, str] = field(default_factory=dict)
    adopt: bool = False

    permissions = (
        "iam:GetInstanceProfile",
        "iam:CreateInstanceProfile",
        "iam:TagInstanceProfile",
        "iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:PassRole",
    )

    @property
    def key(self) -> str:
        return f"instance profile {self.name}"

    def changes(self, look: Look) -> list[Change]:
        found = instance_profile(look, self.name)
        if found is None:
            return [self._creation(), self._role_added(None)]
        if not owned_by(found, "ec2") and not self.adopt:
            why = (
                "An instance profile of this name is there already and was not made by this runbook. The client "
                "decides: another instance_profile_name, or adopt_existing: true, which removes nothing."
            )
            return [self.change("blocked", why, fields=(Field(name=f"tag {OWNER_TAG}", after="ec2"),))]
        if found["path"] != self.path:
            why = f"It is at the path {found['path']}, which cannot be changed. Choose another instance_profile_name."
            return [self.change("blocked", why, fields=(Field(name="path", before=found["path"], after=self.path),))]
        if found["roles"] == [self.role_name]:
            return [self.change("nothing", "It holds the role.")]
        return [self._role_added(None)] if not found["roles"] else [self._holds_another(found["roles"])]

    def removal(self, look: Look) -> list[Change]:
        found = instance_profile(look, self.name)
        if found is None:
            return [self.change("nothing", "There is no instance profile of this name.")]
        if not owned_by(found, "ec2"):
            return [self.change("keep", f"It lacks our tag {OWNER_TAG} = ec2: it is the client's.")]
        if found["roles"] not in ([], [self.role_name]):
            return [self._holds_another(found["roles"])]
        calls = [self._call("remove_role_from_instance_profile", RoleName=name) for name in found["roles"]]
        calls.append(self._call("delete_instance_profile"))
        why = "Our tag marks it as made by this runbook."
        return [self.change("delete", why, *calls, fields=(Field(name="instance profile", before=found["arn"]),))]

    def _creation(self) -> Change:
        tags = self.tags | {OWNER_TAG: "ec2"}
        call = self._call("create_instance_profile", Path=self.path, Tags=as_tags(tags))
        fields = (Field(name="path", after=self.path), Field(name="tags", after=tags))
        return self.change("create", "An instance takes a role by way of an instance profile.", call, fields=fields)

    def _role_added(self, before: str | None) -> Change:
        call = self._call("add_role_to_instance_profile", RoleName=self.role_name)
        fields = (Field(name="role in the profile", before=before, after=self.role_name),)
        return self.change("add", "The profile hands this role to the instance.", call, fields=fields)

    def _holds_another(self, roles: list[str]) -> Change:
        why = "It holds another role, and a profile can hold only one. The client's admin decides which it shall be."
        fields = (Field(name="role in the profile", before=roles, after=[self.role_name]),)
        return self.change("blocked", why, fields=fields)

    def _call(self, operation: str, **arguments: Any) -> Call:
        return Call(service="iam", operation=operation, arguments={"InstanceProfileName": self.name} | arguments)


@dataclass(frozen=True)
class ProfileAssociation(Resource):
    """Our instance profile on an instance. An instance has at most one profile."""

    instance_id: str
    profile_name: str
    profile_arn: str
    on_existing: OnExisting

    permissions = (
        "ec2:DescribeInstances",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:AssociateIamInstanceProfile",
        "ec2:ReplaceIamInstanceProfileAssociation",
        "ec2:DisassociateIamInstanceProfile",
        "iam:PassRole",
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
        if found["profile_arn"] == self.profile_arn:
            return [self.change("nothing", f"The instance has the profile ({found['association_state']}).")]
        if found["state"] not in ("running", "stopped"):
            why = f"The instance is {found['state']}; only a running or stopped one takes a profile."
            return [self.change("blocked", why)]
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

    def settle(self, aws: Aws, wait: Wait) -> None:
        """Until the association is `associated`, or gone after its removal."""

        def status() -> str:
            return str((_read_association(aws, self.instance_id) or {"State": "gone"})["State"])

        wanted = "gone" if status() in ("disassociating", "gone") else "associated"
        wait.until(self.key, status, wanted)

    def unsettled(self, look: Look) -> str:
        found = instance(look, self.instance_id) or {}
        state = found.get("association_state", "")
        return f"The association is {state}." if state in ("associating", "disassociating") else ""

    def _attachment(self) -> Change:
        why = "With the profile the instance gets the role's credentials from its metadata service."
        call = _ec2("associate_iam_instance_profile", InstanceId=self.instance_id, IamInstanceProfile=self._named())
        return self.change("attach", why, call, fields=(Field(name="profile", after=self.profile_arn),))

    def _existing(self, look: Look, found: InstanceState) -> list[Change]:
        fields = (Field(name="profile", before=found["profile_arn"], after=self.profile_arn),)
        carries = self._carried(look, found["profile_arn"])
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

    def _carried(self, look: Look, profile_arn: str) -> str:
        """What the instance's present profile gives it, in words."""
        found = instance_profile(look, profile_arn.rsplit("/", 1)[1])
        if found is None or not found["roles"]:
            return "it holds no role"
        name = found["roles"][0]
        policies = [arn.rsplit("/", 1)[1] for arn in attached_policies(look, name)]
        ssm = "; Systems Manager reaches the instance by it" if "AmazonSSMManagedInstanceCore" in policies else ""
        return f"it holds the role {name} with {', '.join(policies) or 'no attached policies'}{ssm}"

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


def _read_profile(aws: Aws, name: str) -> ProfileState | None:
    iam = aws.client("iam")
    try:
        found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return {
        "arn": found["Arn"],
        "path": found["Path"],
        "roles": [each["RoleName"] for each in found["Roles"]],
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
    }


def _read_instance(aws: Aws, instance_id: str) -> InstanceState | None:
    ec2 = aws.client("ec2")
    # By filter, since an unknown id is then an empty answer and not an error.
    pages = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [instance_id]}])["Reservations"]
    found = [each for page in pages for each in page["Instances"]]
    if not found:
        return None
    association = _read_association(aws, instance_id) or {}
    return {
        "state": found[0]["State"]["Name"],
        "profile_arn": association.get("IamInstanceProfile", {}).get("Arn", ""),
        "association_id": association.get("AssociationId", ""),
        "association_state": association.get("State", ""),
    }


def _read_association(aws: Aws, instance_id: str) -> dict[str, Any] | None:
    answer = aws.client("ec2").describe_iam_instance_profile_associations(
        Filters=[{"Name": "instance-id", "Values": [instance_id]}]
    )
    live = [each for each in answer["IamInstanceProfileAssociations"] if each["State"] != "disassociated"]
    return dict(live[0]) if live else None
