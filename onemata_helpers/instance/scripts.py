"""The texts that run on the instance: POSIX sh for Linux, PowerShell 5.1 for Windows.

They need nothing but what every instance has (coreutils, getent, awk) and the AWS CLI for the
proof. AWS Systems Manager runs them as root under ``sh`` without HOME, or as SYSTEM:
https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
"""

import base64
import hashlib
import re
import shlex
import textwrap
from dataclasses import dataclass, replace

from onemata_helpers.instance.profile_section import HARMLESS, ProfileSection
from onemata_helpers.instance.quoting import (
    Platform,
    checked,
    ps_quote,
    ps_values,
    sh_values,
    text_of,
    windows_arguments,
)

ABSENT = "absent"
# Run Command keeps 24,000 characters of output; base64 makes 4 of 3.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
SIZE_CAP = 16_000
TIME_LIMIT = 120  # seconds for one proof command, far more than it needs
_CHECK = "onemata-check"  # the profile of a config file that is there for one attempt only
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.@\\ $-]{0,103}"
_END = "ONEMATA"
_INTRO = """\
# Adds one profile to the file .aws/config in your home folder, with a backup beside it, then runs
# the two commands that prove it. It changes nothing else and downloads nothing.
"""


def identity_arguments(profile: str) -> tuple[str, ...]:
    """Give the guide's command that shows as whom the profile acts, word by word."""
    return ("aws", "sts", "get-caller-identity", "--profile", checked(profile))


def listing_arguments(profile: str, bucket: str, prefix: str) -> tuple[str, ...]:
    """Give the guide's command that lists the bucket, or the prefix in it, word by word."""
    place = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
    return ("aws", "s3", "ls", checked(place), "--profile", checked(profile))


def read_config(platform: Platform, user: str) -> str:
    """Write the text that prints the state of the user's ``~/.aws/config`` as a report.

    What may be secret in the file is hidden before it is printed: Systems Manager keeps output.
    Raises ValueError for a user that no system would have.
    """
    harmless = " ".join(HARMLESS)
    if platform == "windows":
        return _windows("config", user, "mask.ps1", "read.ps1", Harmless=harmless, SizeCap=SIZE_CAP)
    return _linux("config", user, "report.sh", "mask.sh", "read.sh", harmless=harmless, size_cap=SIZE_CAP)


def write_config(platform: Platform, user: str, expected: str, addition: bytes) -> str:
    """Write the text that puts ``addition`` at the end of the file whose SHA-256 is ``expected``.

    ``expected`` is :data:`ABSENT` if there must be no file yet. The text refuses if the file has
    changed since, keeps owner and mode, makes a backup, puts nothing in place but the old file and
    the addition, and does nothing if just that is there already. What the file holds already is not
    in the text: it may be secret, and Systems Manager keeps texts. Raises ValueError for a user that
    no system would have.
    """
    encoded, size, digest = base64.b64encode(addition).decode(), len(addition), hashlib.sha256(addition).hexdigest()
    if platform == "windows":
        return _windows(
            "config",
            user,
            "place.ps1",
            "write.ps1",
            Expected=expected,
            Addition=encoded,
            AddedSize=size,
            AddedHash=digest,
        )
    lines = "\n".join(textwrap.wrap(encoded, 76))
    addition_sh = f"addition() {{ base64 -d <<'ADDITION'\n{lines}\nADDITION\n}}\n"
    files = ("report.sh", "place.sh", "write.sh")
    return _linux("config", user, *files, before=addition_sh, expected=expected, added_size=size, added_hash=digest)


def proof_commands(platform: Platform, user: str, profile: str, bucket: str, prefix: str) -> str:
    """Write the text that runs the guide's two commands for the user and reports what they said.

    The AWS CLI reads the user's files, but keeps its sessions elsewhere, so that each run proves
    anew. It also reports the CLI's version and what the instance metadata service answers.
    Raises ValueError for values with control characters.
    """
    identity = identity_arguments(profile)
    listing = listing_arguments(profile, bucket, prefix)
    if platform == "windows":
        return _windows(
            "proof",
            user,
            "run.ps1",
            "proof.ps1",
            TimeLimit=TIME_LIMIT,
            IdentityCommand=windows_arguments(*identity),
            IdentityArguments=windows_arguments(*identity[1:]),
            ListingCommand=windows_arguments(*listing),
            ListingArguments=windows_arguments(*listing[1:]),
        )
    return _linux(
        "proof",
        user,
        "report.sh",
        "run.sh",
        "proof.sh",
        identity_command=shlex.join(identity),
        listing_command=shlex.join(listing),
        time_limit=TIME_LIMIT,
    )


@dataclass(frozen=True)
class _Attempt:
    """Something that must be refused: its name, the command, and a config file if not the user's."""

    name: str
    command: tuple[str, ...]
    config: tuple[str, ...] = ()

    def sh(self) -> str:
        return shlex.join(["attempt", self.name, shlex.join(self.command), *self.config]) + "\n"

    def ps(self) -> str:
        command, arguments = windows_arguments(*self.command), windows_arguments(*self.command[1:])
        words = " ".join(map(ps_quote, (self.name, command, arguments)))
        return f"    Invoke-Attempt {words} @({', '.join(map(ps_quote, self.config))})\n"


def denied_commands(
    platform: Platform, user: str, section: ProfileSection, other_role_arn: str, other_bucket: str
) -> str:
    """Write the text that tries for the user what must be refused, and reports what came of it.

    Tried are the section's role without its external ID (if it has one), another role and another
    bucket (if given). No command prints credentials. Raises ValueError for values that cannot be
    written safely.
    """
    attempts = _attempts(section, other_role_arn, other_bucket)
    if platform == "windows":
        all_ps = "".join(attempt.ps() for attempt in attempts)
        before = f"function Invoke-Attempts {{\n{all_ps}}}\n"
        return _windows("denied", user, "run.ps1", "denied.ps1", before=before, TimeLimit=TIME_LIMIT)
    all_sh = "".join(attempt.sh() for attempt in attempts)
    before = f"attempts() {{\n:\n{all_sh}}}\n"
    return _linux("denied", user, "report.sh", "run.sh", "denied.sh", before=before, time_limit=TIME_LIMIT)


def _attempts(section: ProfileSection, other_role_arn: str, other_bucket: str) -> list[_Attempt]:
    identity, attempts = identity_arguments(_CHECK), []
    if section.external_id:
        bare = replace(section, name=_CHECK, external_id="")
        attempts.append(_Attempt("no_external_id", identity, tuple(bare.render().splitlines())))
    if other_role_arn:
        other = replace(section, name=_CHECK, role_arn=other_role_arn)
        attempts.append(_Attempt("other_role", identity, tuple(other.render().splitlines())))
    if other_bucket:
        attempts.append(_Attempt("other_bucket", listing_arguments(section.name, other_bucket, "")))
    return attempts


def manual_block(platform: Platform, section: ProfileSection, bucket: str, prefix: str) -> str:
    """Write one block for a person to paste into a shell (Windows: PowerShell) on the instance.

    It adds the section if there is none for this profile, does nothing if the same is there, stops
    with a sentence in any other case, and then runs the guide's two commands.
    """
    proof = (identity_arguments(section.name), listing_arguments(section.name, bucket, prefix))
    return _manual_ps(section, proof) if platform == "windows" else _manual_sh(section, proof)


def _manual_sh(section: ProfileSection, proof: tuple[tuple[str, ...], ...]) -> str:
    lines = " \\\n  ".join(shlex.quote(line) for line in section.render().splitlines())
    commands = "".join(_shown_sh(shlex.join(command)) for command in proof)
    body = (
        f"{_INTRO}{sh_values(profile=section.name)}"
        f"section() {{ printf '%s\\n' {lines}; }}\n"
        f"{text_of('look.sh')}{text_of('place.sh')}{text_of('manual.sh')}"
        "\n# The proof. Copy what it prints, the commands too, back into the runbook.\n"
        f"export AWS_PAGER=\n{commands}"
    )
    return f"sh <<'{_END}'\n{body}{_END}\n"


def _shown_sh(command: str) -> str:
    return f"printf '%s\\n' {shlex.quote('$ ' + command)}\n{command} 2>&1 < /dev/null\n"


def _manual_ps(section: ProfileSection, proof: tuple[tuple[str, ...], ...]) -> str:
    lines = ", ".join(ps_quote(line) for line in section.render().splitlines())
    shown = [ps_quote("> " + windows_arguments(*command)) for command in proof]
    run = [" ".join(["& aws", *map(ps_quote, command[1:])]) for command in proof]
    body = (
        f"{_INTRO}{ps_values(ProfileName=section.name)}"
        f"$Section = (@({lines}) -join [char]10) + [char]10\n"
        f"{text_of('look.ps1')}{text_of('place.ps1')}{text_of('manual.ps1')}"
        "# The proof. Copy what it prints, the commands too, back into the runbook.\n"
        "$ErrorActionPreference = 'Continue'\n"
        + "".join(f"{show}\n{command}\n" for show, command in zip(shown, run, strict=True))
    )
    # A console without PSReadLine ends a pasted block at an empty line.
    return "& {\n" + "".join(line + "\n" for line in body.splitlines() if line.strip()) + "}\n"


def _linux(report: str, user: str, *files: str, before: str = "", **values: object) -> str:
    body = before + text_of("look.sh") + "".join(text_of(name) for name in files)
    start = sh_values(report=report, user=_known_user(user)) + text_of("as_user.sh")
    inner = sh_values(user=user, **values) + body
    return f"{start}\nas_user <<'{_END}'\n{inner}{_END}\n"


def _windows(report: str, user: str, *files: str, before: str = "", **values: object) -> str:
    body = before + "".join(text_of(name) for name in ("as_user.ps1", "look.ps1", *files))
    return ps_values(Report=report, User=_known_user(user), **values) + body


def _known_user(user: str) -> str:
    if not re.fullmatch(_USER, user):
        raise ValueError(f"{user!r} is no user name.")
    return user
