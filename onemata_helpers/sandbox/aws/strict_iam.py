"""IAM where moto is kinder than AWS, and what it lacks."""

import json

from moto.core.responses import ActionResult
from moto.iam import urls
from moto.iam.exceptions import EntityAlreadyExists, MalformedPolicyDocument, NoSuchEntity
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from ..iam.policy_engine import Policy
from ..iam.principals import invalid_principal
from ..state import state
from .iam_simulator import simulate


class SandboxIam(IamResponse):
    """IAM's API as the sandbox serves it."""

    def create_role(self) -> ActionResult:
        """Create a role that its users see only after a while.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
        """
        name = self._get_param("RoleName")
        if name.lower() in {role.name.lower() for role in self.backend.get_roles()}:
            raise EntityAlreadyExists(f"Role with name {name} already exists.")
        _check_trust(self._get_param("AssumeRolePolicyDocument"))
        boundary = self._get_param("PermissionsBoundary")
        if boundary and boundary not in self.backend.managed_policies:
            raise NoSuchEntity(f"Scope ARN: {boundary} does not exist or is not attachable.")
        result = super().create_role()
        state.created(self.backend.get_role(name).arn)
        return result

    def update_assume_role_policy(self) -> ActionResult:
        """Change a role's trust, with effect after a while.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
        """
        role = self.backend.get_role(self._get_param("RoleName"))
        _check_trust(self._get_param("PolicyDocument"))
        state.changed(role.arn)
        return super().update_assume_role_policy()

    def create_instance_profile(self) -> ActionResult:
        """Create a profile that EC2 sees only after a while.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
        """
        name = self._get_param("InstanceProfileName")
        names = {profile.name.lower() for profile in self.backend.get_instance_profiles()}
        if name.lower() in names:
            raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
        result = super().create_instance_profile()
        state.created(self.backend.get_instance_profile(name).arn)
        return result

    def add_role_to_instance_profile(self) -> ActionResult:
        """Put a role in, which EC2 sees only after a while.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
        """
        result = super().add_role_to_instance_profile()
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        state.changed(profile.arn)
        return result

    def remove_role_from_instance_profile(self) -> ActionResult:
        """Take a role out, if it is in.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html
        """
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        name = self._get_param("RoleName")
        if name not in {role.name for role in profile.roles}:
            raise NoSuchEntity(f"Role {name} not found in {profile.name}.")
        return super().remove_role_from_instance_profile()

    def simulate_principal_policy(self) -> ActionResult:
        """Say what a user's or role's policies would allow; resource policies have no part in it.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
        """
        return ActionResult(simulate(self.current_account, self._get_param))

    def put_user_permissions_boundary(self) -> ActionResult:
        """Limit what a user may do.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
        """
        user, boundary = self.backend.get_user(self._get_param("UserName")), self._get_param("PermissionsBoundary")
        if boundary not in self.backend.managed_policies:
            raise NoSuchEntity(f"Scope ARN: {boundary} does not exist or is not attachable.")
        vars(user)["permissions_boundary_arn"] = boundary
        return ActionResult({})


def install() -> None:
    """Let moto's server answer for IAM with the class above."""
    urls.url_paths["{0}/$"] = SandboxIam.dispatch


def _check_trust(text: str) -> None:
    """Refuse a trust policy that is not one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html
    """
    IAMTrustPolicyDocumentValidator(text).validate()
    policy: Policy = json.loads(text)
    statements = policy["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if not {"Principal", "NotPrincipal"} & set(statement):
            raise MalformedPolicyDocument("Missing required field Principal")
    if problem := invalid_principal(policy):
        raise MalformedPolicyDocument(problem)
