"""EC2 where moto is kinder than AWS: associations of instances and profiles, and metadata options.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

import hashlib
import time
from typing import Any

from moto import settings
from moto.core.responses import ActionResult
from moto.ec2 import urls
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance
from moto.ec2.responses import EC2Response
from moto.iam.models import InstanceProfile

from ..iam.signer import iam
from ..state import state

_SETTLING_SECONDS = 1.0
"""After this time a change is done even if nobody has looked at it."""

_METADATA_OPTIONS = {
    "HttpEndpoint": "http_endpoint",
    "HttpTokens": "http_tokens",
    "HttpPutResponseHopLimit": "http_put_response_hop_limit",
}
_SETTLED = {"associating": "associated", "disassociating": "disassociated"}


class Association:
    """An association that is first `associating` and, at its end, `disassociating`.

    It stands among moto's own. Each look at it moves it one step on, so that callers must really
    wait and tests need no clock.
    """

    def __init__(self, instance: Instance, profile: InstanceProfile, id_: str | None = None) -> None:
        self.association_id = id_ or _new_id(instance.id)
        self.instance = instance
        self.instance_id = instance.id
        self.iam_instance_profile = profile
        instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
        self.enter("associating")

    @property
    def state(self) -> str:
        """As AWS names it."""
        settled = self.seen or time.monotonic() - self._since > _SETTLING_SECONDS
        return _SETTLED[self._state] if settled else self._state

    def enter(self, state: str) -> None:
        """Begin to be associated, or to be no longer."""
        self._state, self._since, self.seen = state, time.monotonic(), False

    def picture(self) -> dict[str, Any]:
        """The association as it stands now, apart from the one that goes on changing."""
        return {
            "AssociationId": self.association_id,
            "InstanceId": self.instance_id,
            "IamInstanceProfile": self.iam_instance_profile,
            "State": self.state,
        }


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
            raise EC2ClientError("IncorrectState", text)
        return self._associate(instance, profile)

    def replace_iam_instance_profile_association(self) -> ActionResult:
        """Give a running instance another profile, under a new association id.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
        """
        old = self._association()
        profile = self._profile()
        if old.state != "associated" or old.instance.state != "running":
            text = f"{old.association_id} is not the active association"
            raise EC2ClientError("IncorrectState", text)
        return self._associate(old.instance, profile)

    def disassociate_iam_instance_profile(self) -> ActionResult:
        """Take the profile from an instance.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateIamInstanceProfile.html
        """
        association = self._association()
        association.enter("disassociating")
        association.instance.iam_instance_profile = None
        return ActionResult({"IamInstanceProfileAssociation": association.picture()})

    def describe_iam_instance_profile_associations(self) -> ActionResult:
        """Show the associations, and let what is under way take its next step.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIamInstanceProfileAssociations.html
        """
        self._associations()
        shown = super().describe_iam_instance_profile_associations()
        found: list[Association] = shown.result["IamInstanceProfileAssociations"]  # type: ignore[index]
        pictures = [association.picture() for association in found]
        for association in found:
            association.seen = True
        return ActionResult({"IamInstanceProfileAssociations": pictures})

    def modify_instance_metadata_options(self) -> ActionResult:
        """Change the options that the call names, where moto also resets the others.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html
        """
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        for name, attribute in _METADATA_OPTIONS.items():
            if (value := self._get_param(name)) is not None:
                setattr(instance.metadata_options, attribute, value)
        return ActionResult({"InstanceId": instance.id, "InstanceMetadataOptions": instance.metadata_options})

    def _associate(self, instance: Instance, profile: InstanceProfile) -> ActionResult:
        association = Association(instance, profile)
        self._associations()[instance.id] = association
        return ActionResult({"IamInstanceProfileAssociation": association.picture()})

    def _associations(self) -> dict[str, Association]:
        """The associations by instance, without those that have come to their end."""
        found: dict[str, Any] = self.ec2_backend.iam_instance_profile_associations
        for instance_id, one in list(found.items()):
            if one.state == "disassociated":
                del found[instance_id]
            elif not isinstance(one, Association):  # moto's own, made when the instance was started
                profile = one.iam_instance_profile
                found[instance_id] = Association(one.instance, profile, one.association_id)
        return found

    def _association(self) -> Association:
        wanted = self._get_param("AssociationId")
        for association in self._associations().values():
            if association.association_id == wanted:
                return association
        text = f"An invalid association-id of '{wanted}' was given"
        raise EC2ClientError("InvalidAssociationID.NotFound", text)

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
    """Let moto's server answer for EC2 with the class above, and leave out its 1,300 images."""
    setattr(settings, "ec2_load_default_amis", lambda: False)  # noqa: B010
    urls.url_paths["{0}/"] = SandboxEc2.dispatch


def _new_id(instance_id: str) -> str:
    """An id that is the same in each run, since notebooks show it."""
    state.associations[instance_id] += 1
    text = f"{instance_id} {state.associations[instance_id]}"
    return f"iip-assoc-{hashlib.sha256(text.encode()).hexdigest()[:17]}"


def _invalid(text: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", text)
