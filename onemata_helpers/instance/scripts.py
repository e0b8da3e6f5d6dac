"""The texts that run on the instance, in POSIX sh: one decides and adds, one proves, one tries what must be refused.

They need nothing but what every Linux instance has (coreutils, getent, awk) and the AWS CLI. AWS
Systems Manager runs them as root under ``sh`` without HOME:
https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
"""

import re

from onemata_helpers.instance.assignment import Assignment, Attempt
from onemata_helpers.instance.profile_section import HARMLESS
from onemata_helpers.instance.quoting import checked, command_line, sh_function, sh_values, text_of

TIME_LIMIT = "120"  # seconds for one command, far more than it needs
_USER = r"(?!\d+$)[A-Za-z0-9_][A-Za-z0-9_.@-]{0,103}"  # getent takes digits alone for a user's number
_END = "ONEMATA"
_LOOK = ("start.sh", "compare.sh", "look.sh")
_ADD = (*_LOOK, "add.sh")
_INTRO = """\
# Adds one profile to the file .aws/config in your home folder, with a backup beside it, then runs
# the two commands that prove it, and tries what must be refused. It changes nothing else and
# downloads nothing.
"""


def look_text(user: str, assignment: Assignment) -> str:
    """Write the text that reports whether the profile is there: absent, same, other, or an obstacle.

    What the file holds is compared on the instance and stays there. Raises ValueError, as all here
    do, for a user that no system would have and for values that are not plain text.
    """
    return _for_user("config", user, assignment, _LOOK, "look\nreport_config\n")


def add_text(user: str, assignment: Assignment) -> str:
    """Write the text that looks, and adds the section to the end of the file if there is none for the profile.

    It keeps owner and mode, makes a backup, has the AWS CLI read the new file before it is put in
    place, and refuses if the file changes meanwhile. Run again, it does nothing.
    """
    end = 'add\nreport_config "$outcome"\n[ "$outcome" != refused ]\n'
    return _for_user("config", user, assignment, _ADD, end)


def proof_text(user: str, assignment: Assignment) -> str:
    """Write the text that runs the guide's two commands for the user and reports what they said.

    The AWS CLI reads the user's files, but keeps its sessions elsewhere, so that each run proves
    anew. It also reports the CLI's version and what the instance metadata service answers.
    """
    return _for_user("proof", user, assignment, ("start.sh", "run.sh", "proof.sh"), "report_proof\n")


def denied_text(user: str, assignment: Assignment) -> str:
    """Write the text that tries for the user what must be refused, and reports what came of it.

    No command prints credentials.
    """
    return _for_user("denied", user, assignment, ("start.sh", "run.sh", "denied.sh"), "report_denied\n")


def manual_block(assignment: Assignment) -> str:
    """Write one block for a person to paste into a shell on the instance.

    It is the other texts in one, with the same reports: it adds the section or stops with a
    sentence, proves the profile, and tries what must be refused.
    """
    body = _program(assignment, (*_ADD, "run.sh", "proof.sh", "denied.sh", "manual.sh"))
    return f"sh <<'{_END}'\n{_closed(_INTRO + body)}{_END}\n"


def _for_user(report: str, user: str, assignment: Assignment, files: tuple[str, ...], end: str) -> str:
    if not re.fullmatch(_USER, user):
        raise ValueError(f"{user!r} is no user name.")
    start = sh_values(report=report, asked=assignment.mark, user=user) + text_of("as_user.sh")
    inner = sh_values(user=user) + _program(assignment, files) + end
    return f"{start}\nas_user <<'{_END}'\n{_closed(inner)}{_END}\n"


def _program(assignment: Assignment, files: tuple[str, ...]) -> str:
    section = assignment.section
    values = sh_values(
        asked=assignment.mark,
        profile=section.name,
        role_arn=section.role_arn,
        harmless=" ".join(HARMLESS),
        time_limit=TIME_LIMIT,
    )
    functions = {
        "section": [command_line("printf", r"%s\n", *section.lines())],
        "proofs": [_call("attempt", attempt) for attempt in assignment.proofs()],
        "denials": [_call("denied", attempt) for attempt in assignment.denials()],
    }
    written = "".join(sh_function(name, *commands) for name, commands in functions.items())
    return values + written + "".join(map(text_of, files))


def _call(function: str, attempt: Attempt) -> str:
    return command_line(function, attempt.name, command_line(*attempt.command), *map(checked, attempt.config))


def _closed(text: str) -> str:
    """The text of a here-document. ValueError if a line of it would end that too soon."""
    if _END in text.split("\n"):
        raise ValueError("A line of the script is the word that ends it.")
    return text
