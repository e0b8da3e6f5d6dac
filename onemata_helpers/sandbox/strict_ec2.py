"""Associations of instances and profiles, where moto is kinder than EC2.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

import hashlib
import time
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2 import urls
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation
from moto.ec2.models.instances import Instance
from moto.ec2.responses import EC2Response
from moto.iam.models import InstanceProfile

from .identity import iam
from .state import state

_SETTLING_SECONDS = 1.0
"""After this time a change is done even if nobody has looked at it."""

Associations = dict[str, IamInstanceProfileAssociation]


class Association(IamInstanceProfileAssociation):
    """An association that is first `associating` and, at its end, `disassociating`.

    Each look at it moves it one step on, so that callers must really wait and tests need no clock.
    """

    def __init__(self, backend: Any, instance: Instance, profile: InstanceProfile) -> None:
        state.associations += 1
        text = f"{instance.id} {state.associations}"
        number = hashlib.sha256(text.encode()).hexdigest()[:17]
        super().__init__(backend, f"iip-assoc-{number}", instance, profile)
        instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
        self.state = "associating"

    @property
    def state(self) -> str:
        """As AWS names it."""
        settled = self.seen or time.monotonic() - self._since > _SETTLING_SECONDS
        return _SETTLED.get(self._state, self._state) if settled else self._state

    @state.setter
    def state(self, value: str) -> None:
        self._state, self._since, self.seen = value, time.monotonic(), False


_SETTLED = {"associating": "associated", "disassociating": "disassociated"}


class SandboxEc2(EC2Response):
    """EC2's API as the sandbox serves it."""

    def associate_iam_instance_profile(self) -> ActionResult:
        """Give an instance that has none a profile.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
        """
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        profile = self._profile()
        if instance.id in self._associations():
            text = f"There is an existing association for instance {instance.id}"
            raise ServiceException("IncorrectState", text)
        return self._associate(instance, profile)

    def replace_iam_instance_profile_association(self) -> ActionResult:
        """Give a running instance another profile, under a new association id.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
        """
        old = self._association()
        profile = self._profile()
        if old.state != "associated" or old.instance.state != "running":
            text = f"{old.association_id} is not the active association"
            raise ServiceException("IncorrectState", text)
        return self._associate(old.instance, profile)

    def disassociate_iam_instance_profile(self) -> ActionResult:
        """Take the profile from an instance.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateIamInstanceProfile.html
        """
        association = self._association()
        association.state = "disassociating"
        association.instance.iam_instance_profile = None
        return ActionResult({"IamInstanceProfileAssociation": association})

    def describe_iam_instance_profile_associations(self) -> ActionResult:
        """Show the associations, and let what is under way take its next step.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIamInstanceProfileAssociations.html
        """
        self._associations()
        shown = super().describe_iam_instance_profile_associations()
        found: list[Any] = shown.result["IamInstanceProfileAssociations"]  # type: ignore[index]
        pictures = [_picture(association) for association in found]
        for association in found:
            association.seen = True
        return ActionResult({"IamInstanceProfileAssociations": pictures})

    def _associate(self, instance: Instance, profile: InstanceProfile) -> ActionResult:
        association = Association(self.ec2_backend, instance, profile)
        self._associations()[instance.id] = association
        return ActionResult({"IamInstanceProfileAssociation": association})

    def _associations(self) -> Associations:
        """The associations by instance, without those that have come to their end."""
        found: Associations = self.ec2_backend.iam_instance_profile_associations
        for instance_id, association in list(found.items()):
            if association.state == "disassociated":
                del found[instance_id]
        return found

    def _association(self) -> IamInstanceProfileAssociation:
        wanted = self._get_param("AssociationId")
        for association in self._associations().values():
            if association.association_id == wanted:
                return association
        text = f"An invalid association-id of '{wanted}' was given"
        raise ServiceException("InvalidAssociationID.NotFound", text)

    def _profile(self) -> InstanceProfile:
        """The profile that the call names. A new one, or one whose role is new, is not usable."""
        name = self._get_param("IamInstanceProfile.Name")
        arn = self._get_param("IamInstanceProfile.Arn")
        found = next(
            (
                profile
                for profile in iam(self.current_account).get_instance_profiles()
                if profile.arn == arn or profile.name == name
            ),
            None,
        )
        if found is None or state.is_new(found.arn):
            field, value, kind = ("name", name, "name") if name else ("arn", arn, "ARN")
            raise _invalid(
                f"Value ({value}) for parameter iamInstanceProfile.{field} is invalid. "
                f"Invalid IAM Instance Profile {kind}"
            )
        if state.is_fresh(found.arn) or not any(not state.is_new(r.arn) for r in found.roles):
            raise _invalid(f'IAM Instance Profile "{found.arn}" has no associated IAM Roles')
        return found


def install() -> None:
    """Let moto's server answer for EC2 with the class above."""
    urls.url_paths["{0}/"] = SandboxEc2.dispatch


def _picture(association: IamInstanceProfileAssociation) -> dict[str, Any]:
    """The association as it stands now, apart from the one that goes on changing."""
    return {
        "AssociationId": association.association_id,
        "InstanceId": association.instance_id,
        "IamInstanceProfile": association.iam_instance_profile,
        "State": association.state,
    }


def _invalid(text: str) -> ServiceException:
    return ServiceException("InvalidParameterValue", text)
