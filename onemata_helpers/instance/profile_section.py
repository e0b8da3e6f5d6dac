"""The section that the guide asks for in ``~/.aws/config``.

Keys: https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
"""

import re
from dataclasses import dataclass

CREDENTIAL_SOURCE = "Ec2InstanceMetadata"  # case matters: botocore compares it letter for letter

# Settings whose values may be shown to others: they name things, and open nothing.
HARMLESS = (
    "role_arn",
    "credential_source",
    "external_id",
    "region",
    "source_profile",
    "role_session_name",
    "duration_seconds",
    "output",
)

# No spaces, quotes, brackets, backslashes, control or non-ASCII characters: SDKs read those differently.
_RULES = {
    "name": r"(?!default$)[A-Za-z0-9_+=.@][A-Za-z0-9_+=.@-]{0,127}",
    "role_arn": r"arn:aws[a-z-]*:iam::\d{12}:role/(?:[A-Za-z0-9_+=,.@/-]*/)?[A-Za-z0-9_+=,.@-]{1,64}",
    "external_id": r"(?:[A-Za-z0-9_+=,.@:/-]{2,1224})?",
    "region": r"(?:[a-z]{2}(?:-[a-z]+)+-\d+)?",
}


@dataclass(frozen=True)
class ProfileSection:
    """A profile that assumes ``role_arn`` with the credentials of the instance's own role.

    There is never a duration in it: a role reached through another one lasts an hour at most.

    Raises ValueError for a value that cannot be written safely in the file, and for the profile ``default``:
    every AWS command of the user would act as Onemata's role.
    """

    name: str
    role_arn: str
    external_id: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        """Refuse what would not survive being written and read back."""
        for key, rule in _RULES.items():
            value = getattr(self, key)
            if not re.fullmatch(rule, value):
                raise ValueError(f"{key} {value!r} cannot be written safely in ~/.aws/config.")

    def settings(self) -> dict[str, str]:
        """Give the settings in the order in which they are written; empty ones are left out."""
        settings = {
            "role_arn": self.role_arn,
            "credential_source": CREDENTIAL_SOURCE,
            "external_id": self.external_id,
            "region": self.region,
        }
        return {key: value for key, value in settings.items() if value}

    def lines(self) -> tuple[str, ...]:
        """The section as it is written, line by line."""
        return (f"[profile {self.name}]", *(f"{key} = {value}" for key, value in self.settings().items()))

    def render(self) -> str:
        """The section as text, each line ended."""
        return "".join(line + "\n" for line in self.lines())
