"""STS where moto is kinder than AWS. Who may assume a role is decided before a call comes here."""

from moto.core.responses import ActionResult
from moto.sts import urls
from moto.sts.exceptions import STSValidationError
from moto.sts.responses import TokenResponse

from ..iam.signer import find_role
from ..state import state

_CHAINED_LIMIT = 3600


class SandboxSts(TokenResponse):
    """STS's API as the sandbox serves it."""

    def get_caller_identity(self) -> ActionResult:
        """Tell who calls; the holder of a sandbox's own key is the account's root user.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        """
        key = state.admins.get(self.get_access_key())
        if key is None:
            return super().get_caller_identity()
        arn = f"arn:aws:iam::{key.account}:root"
        return ActionResult({"UserId": key.account, "Account": key.account, "Arn": arn})

    def assume_role(self) -> ActionResult:
        """Open a session that is no longer than the role, and chaining, allow.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        seconds = self._get_int_param("DurationSeconds", 900)
        if self.get_access_key().startswith("ASIA") and seconds > _CHAINED_LIMIT:
            raise _too_long("1 hour session limit for roles assumed by role chaining")
        role = find_role(self._get_param("RoleArn"))
        if role and seconds > int(role.max_session_duration or _CHAINED_LIMIT):
            raise _too_long("MaxSessionDuration set for this role")
        return super().assume_role()


def install() -> None:
    """Let moto's server answer for STS with the class above."""
    urls.url_paths["{0}/$"] = SandboxSts.dispatch


def _too_long(limit: str) -> STSValidationError:
    return STSValidationError(f"The requested DurationSeconds exceeds the {limit}.")
