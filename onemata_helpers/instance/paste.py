"""Judge what a person pasted back from a terminal: both commands, with prompts and all around."""

import re
import shlex
from itertools import pairwise

from onemata_helpers.instance.proof import Verdict, judge_identity, judge_listing

_IDENTITY = r"\baws\s+sts\s+get-caller-identity\b"
_LISTING = r"\baws\s+s3\s+ls\b"
_COMMAND = re.compile(rf"^.*(?P<text>(?:{_IDENTITY}|{_LISTING}).*)$", re.MULTILINE)
_STOPPED = re.compile(r"^STOPPED, (?P<why>nothing was changed: .*)$", re.MULTILINE)


def judge_paste(text: str, expected_role_arn: str, bucket: str, prefix: str, profile: str) -> tuple[Verdict, Verdict]:
    """Find both commands in the text and judge what followed each; the last run of each counts.

    Gives the verdict on the identity, then that on the listing. What another profile printed, or
    none, proves nothing of ours, so that fails.
    """
    stopped = _stopped(text)
    if stopped:
        return stopped, stopped
    runs = _last_runs(text.replace("\r\n", "\n"))
    before_listing = text.split("aws s3 ls")[0]
    asked, identity = runs.get("sts", ("", before_listing))
    command, listing = runs.get("s3", ("", ""))
    return (
        _other_profile(asked, profile) or judge_identity(identity, expected_role_arn),
        _other_place(command, bucket, prefix)
        or _other_profile(command, profile)
        or judge_listing(listing, None, bucket, prefix),
    )


def _stopped(text: str) -> Verdict | None:
    """Tell that the block to paste has refused, unless commands were run after that."""
    last = next(reversed(list(_STOPPED.finditer(text))), None)
    if not last or _COMMAND.search(text, last.end()):
        return None
    return Verdict("failed", f"The block stopped, {last['why']}", "client")


def _last_runs(text: str) -> dict[str, tuple[str, str]]:
    """Map ``sts`` and ``s3`` to the last command of that kind and what was printed after it."""
    commands = list(_COMMAND.finditer(text))
    ends = [*(command.start() for command in commands[1:]), len(text)]
    return {
        command["text"].split()[1]: (command["text"], text[command.end() : end])
        for command, end in zip(commands, ends, strict=False)
    }


def _other_place(command: str, bucket: str, prefix: str) -> Verdict | None:
    """Refuse a listing of another place than ours; without the command we cannot know."""
    if not command:
        return Verdict(
            "unclear",
            "The command aws s3 ls is not in the text, so the place that was listed is not known: "
            "paste the command together with what it printed.",
            "engineer",
        )
    wanted = f"s3://{bucket}/{prefix}"
    found = [word for word in _words(command) if word.startswith("s3://")]
    if [place.rstrip("/") for place in found] == [wanted.rstrip("/")]:
        return None
    return Verdict(
        "failed",
        f"The text shows a listing of {' '.join(found) or 'all buckets'}, not of {wanted}: run the "
        "command as it is shown here.",
        "engineer",
    )


def _other_profile(command: str, profile: str) -> Verdict | None:
    """Refuse what was run with another profile than ours; without the command, its output must do."""
    words = [part for word in _words(command) for part in re.split("(?<=^--profile)=", word)]
    named = [name for option, name in pairwise(words) if option == "--profile"]
    if not command or named == [profile]:
        return None
    return Verdict(
        "failed",
        f"The text shows {' '.join(words[:3])} with {_told(named)}, not with --profile {profile}: run the "
        "command as it is shown here.",
        "engineer",
    )


def _told(named: list[str]) -> str:
    return " ".join(f"--profile {name}" for name in named) or "no --profile"


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
