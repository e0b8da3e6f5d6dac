"""What EC2, IAM and Systems Manager know of an instance at the moment of the question."""

import json
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance as Record
from moto.ec2.models.instances import MetadataOptions
from moto.iam.models import InstanceProfile, Role, iam_backends

from ..iam.policy_engine import Request, Verdict, judge, service_may_assume

_AGENT_ACTION = "ssm:UpdateInstanceInformation"
"""What the agent needs first. AmazonSSMManagedInstanceCore allows it."""


class Ec2Instance:
    """An instance of the client's, as AWS knows it.

    `managed` may be changed at any time. True is an account with Default Host Management
    Configuration, where Systems Manager needs no permission from the instance's role; False is
    one where it does.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html

    `agent_keeps_credentials` may be changed at any time too. The agent gets its credentials from the
    metadata service, with Default Host Management Configuration as well. True is an agent that still
    has some, so that commands reach it for a while after that service was switched off; False is one
    whose credentials have run out: then the instance is online only with the service.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
    """

    def __init__(self, account: str, region: str, instance_id: str) -> None:
        self.account = account
        self.region = region
        self.id = instance_id
        self.managed = True
        self.agent_keeps_credentials = True

    @property
    def record(self) -> Record:
        """What EC2 knows of the instance."""
        return ec2_backends[self.account][self.region].get_instance(self.id)

    @property
    def metadata_options(self) -> MetadataOptions:
        """How the metadata service may be used now."""
        return self.record.metadata_options

    @property
    def profile(self) -> InstanceProfile | None:
        """The instance profile that is associated now; not one that is gone from IAM."""
        associations = ec2_backends[self.account][self.region].iam_instance_profile_associations
        association = associations.get(self.id)
        if association is None or association.state != "associated":
            return None
        profile = association.iam_instance_profile
        exists = profile in iam_backends[self.account]["aws"].instance_profiles.values()
        return profile if exists else None

    @property
    def role(self) -> Role | None:
        """The role in the profile that is associated now."""
        profile = self.profile
        return profile.roles[0] if profile and profile.roles else None

    def may_use(self, role: Role) -> bool:
        """Whether the role's trust lets EC2 assume it for the instance.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
        """
        return service_may_assume(json.loads(role.assume_role_policy_document), "ec2.amazonaws.com")

    @property
    def online(self) -> bool:
        """Whether Systems Manager reaches the agent on the instance.

        https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html
        """
        return self.record.state == "running" and self._agent_has_credentials() and self._agent_is_permitted()

    def _agent_has_credentials(self) -> bool:
        return self.agent_keeps_credentials or self.metadata_options.http_endpoint == "enabled"

    def _agent_is_permitted(self) -> bool:
        if self.managed:
            return True
        role = self.role
        if role is None or not self.may_use(role):
            return False
        return judge(_policies(role), Request(_AGENT_ACTION, "*")) is Verdict.ALLOWED


def _policies(role: Role) -> list[dict[str, Any]]:
    """All of the role's policies, attached and inline."""
    attached = (
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.version_id == policy.default_version_id
    )
    return [json.loads(document) for document in (*attached, *role.policies.values())]
