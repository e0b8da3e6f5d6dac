"""What a person types on a Windows instance: commands of the AWS CLI, the same in cmd, PowerShell and sh."""

import re

from onemata_helpers.instance.assignment import Assignment

# Between double quotes none of the three shells reads anything into these.
_SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9_+=,.@:/-]+")


def first_look(assignment: Assignment) -> str:
    """The command that prints nothing but an error where there is no such profile yet."""
    return _line("aws", "configure", "get", "role_arn", "--profile", assignment.section.name)


def set_commands(assignment: Assignment) -> list[str]:
    """One command for each setting of the profile. They replace what a profile of that name says.

    Raises ValueError for a value that the shells would read differently.
    https://docs.aws.amazon.com/cli/latest/reference/configure/set.html
    """
    profile = ("--profile", assignment.section.name)
    return [_line("aws", "configure", "set", *setting, *profile) for setting in assignment.section.settings().items()]


def proof_commands(assignment: Assignment) -> list[str]:
    """The guide's two commands. Raises ValueError as :func:`set_commands` does."""
    return [_line(*attempt.command) for attempt in assignment.proofs()]


def _line(*words: str) -> str:
    for word in words:
        if not _SAME_EVERYWHERE.fullmatch(word):
            raise ValueError(f"{word!r} is not the same in cmd, PowerShell and sh.")
    return " ".join(word if re.fullmatch(r"[a-z_0-9-]+", word) else f'"{word}"' for word in words)
