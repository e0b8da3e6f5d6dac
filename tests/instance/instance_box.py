"""A stand-in for an instance: a home folder, a PATH of its own and the real shells."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from onemata_helpers.instance.assignment import Assignment
from onemata_helpers.instance.profile_section import ProfileSection
from onemata_helpers.instance.reports import ConfigReport, parse_config_report
from onemata_helpers.instance.scripts import add_text, look_text
from onemata_helpers.location import Location
from tests.forked_cli.program import forked_cli

SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/snap/bin")
USER = "ec2-user"
NOBODY = 65534
ROLE = "arn:aws:iam::987654321098:role/delivery/onemata-reader"
WANTED = ProfileSection("client-ec2", ROLE, "client-7f3a", "eu-west-1")
OTHER_ROLE = ROLE.replace("onemata-reader", "other")
ASSIGNMENT = Assignment(WANTED, Location("onemata-data", "client/"), OTHER_ROLE, "another-bucket")
SECTION = WANTED.render().encode()
OLD = b"[default]\nregion = eu-west-1\n"
NEW = OLD + b"\n" + SECTION
AS_ROOT = os.getuid() == 0
# Says what the AWS CLI says of a well-formed file, in a tenth of its time.
QUICK_AWS = """[ "$1 $2" = "configure get" ] || exit 1
[ -e "$AWS_CONFIG_FILE" ] || { echo 'The config profile could not be found' >&2; exit 255; }
awk -v key="$3" -v title="[profile $5]" '
  { sub(/\\r$/, "") }
  /^\\[/ { ours = $0 == title; if (ours) there = 1 }
  ours && $1 == key { print $3 }
  END { if (!there) print "The config profile could not be found" > "/dev/stderr" }' "$AWS_CONFIG_FILE" 2>&1 |
if read -r line && [ "$line" != "${line#The config profile}" ]; then echo "$line" >&2; exit 255; else echo "$line"; fi
"""
UIDS = (0, NOBODY) if AS_ROOT else (os.getuid(),)

# Files that get our section at their end, and nothing else.
ODD_BUT_GOOD = {
    "no file": None,
    "empty": b"",
    "other profiles": b"[default]\nregion = eu-west-1\n\n[profile other]\noutput = text\n",
    "CRLF": b"[default]\r\nregion = eu-west-1\r\n",
    "CRLF, no newline at the end": b"[default]\r\nregion = eu-west-1",
    "no newline at the end": b"[default]\nregion = eu-west-1",
    "comments only": b"# mine\n; and mine\n",
    "comments and gaps": b"# top\n\n\n[default]\n# inside\nregion = eu-west-1\n\n# the end\n\n\n",
    "spaces in names": b'[profile "my own"]\nregion = eu-west-1\n',
    "nested settings": b"[default]\ns3 =\n  max_queue_size = 10\n  addressing_style = path\n",
    "other sections": b"[preview]\ncloudsearch = true\n[sso-session corp]\nsso_region = eu-west-1\n",
    "not ASCII": "[default]\n# Schlüssel für später\nregion = eu-west-1\n".encode(),
    "an odd space in the title": "[profile\u00a0client-ec2]\nregion = eu-west-1\n".encode(),
    "another kind of section": b"[sso-session client-ec2]\nsso_region = eu-west-1\n",
    "a name that begins alike": b"[profile client-ec2-old]\nregion = eu-west-1\n",
}

# Files that say what we want already, in their own way.
EQUAL = {
    "as we write it": SECTION,
    "between others": b"[default]\nregion = x\n" + SECTION + b"[profile z]\nregion = y\n",
    "other order, spacing, comments": (
        b"[profile client-ec2]\n# ours\nregion=eu-west-1\n\nexternal_id : client-7f3a\n"
        b"CREDENTIAL_SOURCE   =   Ec2InstanceMetadata\nrole_arn=" + ROLE.encode() + b"\n"
    ),
    "quoted title": SECTION.replace(b"profile client-ec2", b'profile "client-ec2"'),
    "two spaces in the title": SECTION.replace(b"profile client", b"profile  client"),
    "CRLF": SECTION.replace(b"\n", b"\r\n"),
    "no newline at the end": SECTION.rstrip(),
    "settings all indented": SECTION.replace(b"\n", b"\n  ").rstrip(b" "),
    "only carriage returns": SECTION.replace(b"\n", b"\r"),
    "[DEFAULT] that ours overrides": b"[DEFAULT]\nregion = x\n" + SECTION,
    "after a gap in a value": b"[a]\ns3 =\n\n  x = 1\n# c\n   y = 2\n" + SECTION,
}


def swapped(old: str, new: str) -> bytes:
    """Give our section with one piece of text changed."""
    changed = SECTION.replace(old.encode(), new.encode())
    assert changed != SECTION
    return changed


# Files that we must not touch, and what the sentence has to say.
HOSTILE = {
    "BOM": (b"\xef\xbb\xbf[default]\nregion = x\n", "byte order mark"),
    "BOM before ours": (b"\xef\xbb\xbf" + SECTION, "byte order mark"),
    "UTF-16": ("\ufeff[default]\nregion = x\n".encode("utf-16-le"), "UTF-16"),
    "not UTF-8": (b"[default]\nregion = x\n# caf\xe9\n", "Line 3: the file is not UTF-8"),
    "duplicate section": (SECTION + SECTION, "Line 6: this section appears twice (first on line 1)"),
    "duplicate of another": (b"[a]\nx = 1\n\n[a]\ny = 2\n", "Line 4: this section appears twice"),
    "same profile, two titles": (
        SECTION + swapped("profile client-ec2", 'profile "client-ec2"').replace(b"7f3a", b"0"),
        '[profile client-ec2] (line 1) and [profile "client-ec2"] (line 6)',
    ),
    "duplicate setting": (b"[default]\nregion = x\nregion = y\n", "Line 3: this setting appears twice"),
    "text before a section": (b"region = x\n[default]\n", "Line 1: there is text before"),
    "no key = value": (b"[default]\nregion\n", "Line 2: this is neither"),
    "nested, no key = value": (b"[default]\ns3 =\n  nonsense\n", "says the AWS CLI: "),
    "other role": (swapped("onemata-reader", "other"), "line 2: role_arn is"),
    "other external id": (swapped("client-7f3a", "wrong"), "line 4: external_id is 'wrong'"),
    "missing external id": (swapped("external_id = client-7f3a\n", ""), "external_id is missing"),
    "wrong case": (swapped("Ec2Inst", "ec2Inst"), "upper and lower case"),
    "inline comment": (swapped("Metadata", "Metadata # the role"), "a comment behind a value"),
    "source_profile too": (
        SECTION + b"source_profile = default\n",
        "line 6: source_profile = 'default' is not wanted here. AWS tools refuse",
    ),
    "duration": (SECTION + b"duration_seconds = 43200\n", "ends after an hour"),
    "indented setting": (swapped("region", "  region"), "The indented line below it"),
    "without profile": (
        swapped("[profile client-ec2]", "[client-ec2]"),
        "Line 1: AWS tools ignore the section [client-ec2]",
    ),
    "Profile in capitals": (swapped("[profile", "[Profile"), "AWS tools ignore"),
    "space before profile": (swapped("[profile", "[ profile"), "AWS tools ignore"),
    "DEFAULT leaks": (b"[DEFAULT]\nsource_profile = default\n", "[DEFAULT] gives its settings"),
    "DEFAULT leaks into ours": (b"[DEFAULT]\noutput = text\n" + SECTION, "[DEFAULT] gives its settings"),
    "a byte order mark, UTF-16, big end first": ("\ufeff[default]\n".encode("utf-16-be"), "UTF-16"),
    "UTF-16 without a mark": ("[default]\n".encode("utf-16-le"), "NUL bytes"),
    "cut UTF-8 at the end": (b"[a]\nkey = \xf0\x9f\x98", "Line 2: the file is not UTF-8"),
    "a surrogate is not UTF-8": (b"[a]\nkey = \xed\xa0\x80\n", "Line 2: the file is not UTF-8"),
    "UTF-8 written too long": (b"[a] \xc0\xaf\n", "Line 1: the file is not UTF-8"),
    "no key": (b"[a]\n= x\n", "Line 2: this is neither"),
    "twice by carriage returns": (b"[a]\rx = 1\rx = 2\r", "Line 3: this setting appears twice"),
    "ours, title half quoted": (swapped("profile client-ec2", 'profile "client-ec2'), "AWS tools read it otherwise"),
    "ours, quoted oddly": (swapped("client-ec2]", "cli'ent'-ec2]") + SECTION, "the same profile to AWS tools"),
    "ours, by a backslash": (swapped("client-ec2]", "client\\-ec2]").replace(b"7f3a", b"0"), "external_id is"),
    "ours, by a longer word": (swapped("[profile", "[profiles").replace(b"7f3a", b"0"), "external_id is"),
    "a value on the line below": (swapped("region = eu", "region =\n  eu"), "read as part of the value"),
    "a long name of a setting": (SECTION + b"a" * 400 + b" = 1\n", "a setting with an odd name = (not shown)"),
}


@cache
def system() -> Path:
    """A folder with the system's programs but the AWS CLI, for a PATH that is the same on every machine."""
    folder = Path(tempfile.mkdtemp(prefix="onemata-programs-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for program in (program for place in SYSTEM_FOLDERS if Path(place).is_dir() for program in Path(place).iterdir()):
        if program.name != "aws" and not (folder / program.name).is_symlink():
            (folder / program.name).symlink_to(program)
    return folder


@dataclass
class Box:
    """One home folder; ``run`` starts a text as the Systems Manager agent would."""

    root: Path
    uid: int = field(default_factory=os.getuid)
    shell: tuple[str, ...] = ("sh",)
    without_aws: bool = False

    def __post_init__(self) -> None:
        """Make the home and a getent that knows its user."""
        self.home.mkdir()
        self.shims.mkdir()
        self.scratch.mkdir()
        self.scratch.chmod(0o777)
        self.add_shim(
            "getent",
            f'[ "$2" = {USER} ] && echo "{USER}:x:{self.uid}:{self.uid}::{self.home}:/bin/sh"',
        )
        os.chown(self.home, self.uid, -1)

    @property
    def home(self) -> Path:
        """The user's home."""
        return self.root / "home"

    @property
    def shims(self) -> Path:
        """Commands that come before the system's."""
        return self.root / "shims"

    @property
    def scratch(self) -> Path:
        """Where temporary files go."""
        return self.root / "tmp"

    @property
    def config(self) -> Path:
        """The user's config file."""
        return self.home / ".aws" / "config"

    @property
    def backups(self) -> list[Path]:
        """All backups beside the config file."""
        return sorted(self.config.parent.glob("config.onemata-*.bak"))

    def add_shim(self, name: str, body: str) -> None:
        """Put a command of this name before the real one."""
        shim = self.shims / name
        shim.write_text(f"#!/bin/sh\n{body}\n")
        shim.chmod(0o755)

    def put(self, content: bytes | None, mode: int = 0o600) -> None:
        """Make ``~/.aws/config`` with this content."""
        self.config.parent.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.config.parent, self.uid, -1)
        if content is not None:
            self.config.write_bytes(content)
            self.config.chmod(mode)
            os.chown(self.config, self.uid, -1)

    def _path(self) -> str:
        if self.without_aws:
            (self.shims / "aws").unlink(missing_ok=True)
            return f"{self.shims}:{system()}"
        return f"{self.shims}:{forked_cli().parent}:{system()}"

    def run(
        self, text: str, env: Mapping[str, str] | None = None, uid: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the text with HOME unset, as the box's user or another uid.

        Where the text adds the system's folders to its PATH, it gets the box's `system()`.
        """
        return subprocess.run(
            [*self.shell, "-c", text.replace(":".join(SYSTEM_FOLDERS), str(system()))],
            env={
                "PATH": self._path(),
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
                "PYTHONDONTWRITEBYTECODE": "1",
                "TMPDIR": str(self.scratch),
                **(env or {}),
            },
            user=self.uid if uid is None else uid,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            start_new_session=True,
        )


def box_for(uid: int, shell: tuple[str, ...] = ("sh",)) -> Box:
    """Make a box in a folder that any uid may enter (pytest's own are for one user only)."""
    root = Path(tempfile.mkdtemp(prefix="onemata-box-"))
    root.chmod(0o755)
    return Box(root, uid, shell)


def remove(box: Box) -> None:
    """Remove all of it, whatever its modes are."""
    shutil.rmtree(box.root)


def look(box: Box) -> ConfigReport:
    result = box.run(look_text(USER, ASSIGNMENT))
    assert result.stderr == ""
    return parse_config_report(result.stdout, ASSIGNMENT)


def add(box: Box) -> ConfigReport:
    result = box.run(add_text(USER, ASSIGNMENT))
    report = parse_config_report(result.stdout, ASSIGNMENT)
    assert (result.returncode == 0) == (report.outcome != "refused")
    return report


def names(box: Box) -> list[str]:
    return [path.name for path in box.config.parent.iterdir()]
