"""Decide what to do with an instance's ``~/.aws/config``: add our profile, nothing, or refuse.

The file belongs to the client. It is only ever added to, and only if botocore, whose parser the
AWS CLI and boto3 share, reads the result as we mean it.

Format: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
Profiles with a role: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
"""

import configparser
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from botocore.configloader import build_profile_map, raw_config_parse
from botocore.exceptions import ConfigParseError

from onemata_helpers.instance.profile_section import HARMLESS, ProfileSection

Action = Literal["add", "nothing", "blocked"]
MENDS = "The owner of the file mends this; then plan again."
CHOOSE = (
    "The owner of the file changes or removes that section, or the parameters name another profile; then plan again."
)
_HIDDEN = "(not shown)"
_HEADER = re.compile(r"\s*\[(?P<title>.+)\]")


@dataclass(frozen=True)
class Difference:
    """One setting of the section: what the file has, what is wanted, and on which line."""

    key: str
    found: str | None
    wanted: str | None
    line: int | None

    def __str__(self) -> str:
        """Tell the difference in one sentence."""
        where = f"line {self.line}: " if self.line else ""
        if self.found is None:
            return f"{where}{self.key} is missing (wanted: {self.wanted})."
        if self.wanted is None:
            return f"{where}{self.key} = {self.found!r} is not wanted here.{self._hint()}"
        return f"{where}{self.key} is {self.found!r}, wanted {self.wanted!r}.{self._hint()}"

    def _hint(self) -> str:
        found = self.found or ""
        if "\n" in found:
            return " The indented line below it is read as part of the value."
        if "#" in found or ";" in found:
            return " AWS tools read a comment behind a value as part of the value."
        if self.wanted and found.lower() == self.wanted.lower():
            return " AWS tools want it letter for letter, upper and lower case too."
        if self.key == "source_profile":
            return " AWS tools refuse source_profile together with credential_source."
        if self.key == "duration_seconds":
            return " A role reached through another role ends after an hour at most."
        return ""


@dataclass(frozen=True)
class Decision:
    """What to do; ``sentence`` says it to a person.

    For ``add`` only, ``addition`` is what goes to the end of the file.
    """

    action: Action
    sentence: str
    addition: bytes | None = None
    differences: tuple[Difference, ...] = ()


class _Blocked(Exception):
    """The file as it is cannot be used; the text says what, where and who mends it."""


def decide(content: bytes | None, wanted: ProfileSection) -> Decision:
    """Compare the file's bytes (None: there is no file) with the section that should be in it.

    ``add`` carries only what is added: the new file is the old one, unchanged, and the addition.
    ``nothing`` means that botocore reads just these settings already. ``blocked`` says what is
    wrong, on which line, and who mends it. Nothing is raised for a bad file. The bytes may be those
    that ``read_config`` brings, where secrets are hidden: the decision is the same.
    """
    content = content or b""
    try:
        text = _decode(content)
        raw = _parse(text)
        found = _section_of(raw, text, wanted)
        return _compare(raw[found], text, found, wanted) if found else _add(content, wanted)
    except _Blocked as blocked:
        return Decision("blocked", str(blocked))


def _decode(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise _Blocked(
            "Line 1: the file begins with a UTF-8 byte order mark, which AWS tools cannot read "
            f"(Windows editors write it): save it as UTF-8 without BOM. {MENDS}"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Blocked(f"Line 1: the file is UTF-16: save it as UTF-8 without BOM. {MENDS}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(_lines(content[: error.start].decode("utf-8")))
        raise _Blocked(f"Line {line}: the file is not UTF-8. {MENDS}") from None


def _parse(text: str) -> dict[str, dict[str, str]]:
    """Read it as the AWS CLI would: section titles to settings, through botocore itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config"
        # botocore opens files in the locale of the machine. Escaped, all locales read the same.
        path.write_bytes(text.encode("ascii", "backslashreplace"))
        try:
            return dict(raw_config_parse(str(path)))
        except ConfigParseError as error:
            problem = _parse_problem(dict(error.kwargs)["error"])
            raise _Blocked(f"{problem} AWS tools refuse the whole file. {MENDS}") from None


def _parse_problem(error: object) -> str:
    match error:
        case configparser.DuplicateSectionError():
            return f"Line {error.lineno}: the section [{error.section}] is there a second time."
        case configparser.DuplicateOptionError():
            return f"Line {error.lineno}: {error.option} is there a second time in the section [{error.section}]."
        case configparser.MissingSectionHeaderError():
            return f"Line {error.lineno}: there is text before the first [section]."
        case configparser.ParsingError():
            return f"Line {error.errors[0][0]}: this is neither a [section] nor key = value."
    return "A setting with indented lines below it holds one that is not key = value."


def _section_of(raw: Mapping[str, object], text: str, wanted: ProfileSection) -> str | None:
    """Find the title of the one section that AWS tools take for this profile."""
    ours = [title for title in raw if _is_profile(title, wanted.name)]
    if len(ours) > 1:
        places = " and ".join(f"[{title}] (line {_line_of(text, title)})" for title in ours)
        raise _Blocked(f"{places} are the same profile to AWS tools, and the last one wins. {MENDS}")
    if ours:
        return ours[0]
    for title in raw:
        if _looks_like(title, wanted.name):
            raise _Blocked(
                f"Line {_line_of(text, title)}: AWS tools ignore the section [{title}], "
                f"because a profile's title is [{wanted.title}], just so. {CHOOSE}"
            )
    return None


def _is_profile(title: str, name: str) -> bool:
    return name in build_profile_map({title: {}})["profiles"]


def _looks_like(title: str, name: str) -> bool:
    bare = re.sub(r"^profile\s+", "", title.strip(), flags=re.IGNORECASE)
    return bare.strip().strip("\"'") == name


def _compare(found: Mapping[str, object], text: str, title: str, wanted: ProfileSection) -> Decision:
    differences = _differences(found, wanted.settings(), text, title)
    if not differences:
        return Decision("nothing", f"[{title}] is there already, with the right settings.")
    told = " ".join(str(difference) for difference in differences)
    return Decision(
        "blocked",
        f"The section [{title}] (line {_line_of(text, title)}) is there with other content: {told} {CHOOSE}",
        differences=differences,
    )


def _differences(
    found: Mapping[str, object], wanted: Mapping[str, str], text: str, title: str
) -> tuple[Difference, ...]:
    return tuple(
        Difference(key, _shown(key, found.get(key)), wanted.get(key), _line_of(text, title, key))
        for key in dict.fromkeys([*wanted, *found])
        if found.get(key) != wanted.get(key)
    )


def _shown(key: str, value: object) -> str | None:
    """Give a setting's value as it may be shown: what is not known to be harmless may be a secret."""
    if value is None:
        return None
    first, *more = str(value).split("\n")
    return "\n".join([first if key in HARMLESS else _HIDDEN, *(_HIDDEN for _ in more)])


def _add(content: bytes, wanted: ProfileSection) -> Decision:
    newline = "\r\n" if b"\r\n" in content else "\n"
    gap = newline if content.endswith((b"\n", b"\r")) else newline * 2
    addition = ((gap if content else "") + wanted.render(newline)).encode()
    _prove((content + addition).decode(), wanted)
    return Decision("add", f"[{wanted.title}] will be added at the end of the file.", addition)


def _prove(text: str, wanted: ProfileSection) -> None:
    """Refuse unless botocore reads our section in the new file just as we mean it."""
    found = build_profile_map(_parse(text))["profiles"][wanted.name]
    differences = _differences(found, wanted.settings(), text, "DEFAULT")
    if differences:
        told = " ".join(str(difference) for difference in differences)
        raise _Blocked(f"[DEFAULT] gives its settings to every profile, ours too: {told} {MENDS}")


def _lines(text: str) -> list[str]:
    """Split where Python's parser does. (str.splitlines also splits at form feeds and others.)"""
    return re.split(r"\r\n|\n|\r", text)


def _line_of(text: str, title: str, key: str | None = None) -> int | None:
    """Give the number of a section's line, or of a setting's line in that section."""
    inside = False
    for number, line in enumerate(_lines(text), start=1):
        header = _HEADER.match(line)
        if header:
            inside = header["title"] == title
        if inside and (header if key is None else _key_of(line) == key):
            return number
    return None


def _key_of(line: str) -> str:
    return re.split("[=:]", line, maxsplit=1)[0].strip().lower()
