"""Judge what a person typed at a terminal and pasted back: both commands, with prompts and all around."""

import re
import shlex
from itertools import pairwise

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.proof import Judgement, judge_identity, judge_listing
from onemata_helpers.location import Location
from onemata_helpers.redaction import foreign
from onemata_helpers.text import one_line

_IDENTITY = r"\baws\s+sts\s+get-caller-identity\b"
_LISTING = r"\baws\s+s3\s+ls\b"
_COMMAND = re.compile(rf"^.*(?P<text>(?:{_IDENTITY}|{_LISTING}).*)$", re.MULTILINE)


def is_typed(text: str) -> bool:
    """Whether one of the guide's two commands stands in the text."""
    return bool(_COMMAND.search(text))


def judge_typed(text: str, assignment: Assignment) -> tuple[Judgement, Judgement]:
    """Find both commands in the text and judge what followed each; the last run of each counts.

    Gives the judgement on the identity, then that on the listing. What another profile printed, or
    none, proves nothing of ours, so that fails.
    """
    section, location = assignment.section, assignment.location
    runs = _last_runs(text.replace("\r\n", "\n"))
    before_listing = text.split("aws s3 ls")[0]
    asked, identity = runs.get("sts", ("", before_listing))
    command, listing = runs.get("s3", ("", ""))
    return (
        _other_profile(asked, section.name) or judge_identity(identity, section.role_arn),
        _other_place(command, location)
        or _other_profile(command, section.name)
        or judge_listing(listing, None, location),
    )


def _last_runs(text: str) -> dict[str, tuple[str, str]]:
    """Map ``sts`` and ``s3`` to the last command of that kind and what was printed after it."""
    commands = list(_COMMAND.finditer(text))
    ends = [*(command.start() for command in commands[1:]), len(text)]
    return {
        command["text"].split()[1]: (command["text"], text[command.end() : end])
        for command, end in zip(commands, ends, strict=False)
    }


def _other_place(command: str, location: Location) -> Judgement | None:
    """Refuse a listing of another place than ours; without the command we cannot know."""
    if not command:
        return Judgement(
            "unclear",
            "The command aws s3 ls is not in the text, so the place that was listed is not known: "
            "paste the command together with what it printed.",
            "engineer",
        )
    wanted = location.uri
    found = [word for word in _words(command) if word.startswith("s3://")]
    if [place.rstrip("/") for place in found] == [wanted.rstrip("/")]:
        return None
    return Judgement(
        "failed",
        f"The text shows a listing of {_shown(found) or 'all buckets'}, not of {wanted}: run the "
        "command as it is shown here.",
        "engineer",
    )


def _other_profile(command: str, profile: str) -> Judgement | None:
    """Refuse what was run with another profile than ours; without the command, its output must do."""
    words = [part for word in _words(command) for part in re.split("(?<=^--profile)=", word)]
    named = [name for option, name in pairwise(words) if option == "--profile"]
    if not command or named == [profile]:
        return None
    return Judgement(
        "failed",
        f"The text shows {_shown(words[:3])} with {_told(named)}, not with --profile {profile}: run the "
        "command as it is shown here.",
        "engineer",
    )


def _told(named: list[str]) -> str:
    return " ".join(f"--profile {_shown([name])}" for name in named) or "no --profile"


def _shown(words: list[str]) -> str:
    return one_line(foreign(" ".join(words)), 200)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
