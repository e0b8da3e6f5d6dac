"""The machine behind the sandbox's EC2 instance: a directory for a disk, and real processes.

The processes are the developer's own, with the developer's rights; only their environment and
their files are the instance's. Whatever happens to this Python process, the directory and the
processes go with it: a small shell waits for its end and then clears up.
"""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO
from uuid import uuid4

USER = "ec2-user"
STDOUT_LIMIT = 24_000
STDERR_LIMIT = 8_000
"""Characters that are kept of each stream.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
"""

AWS_CLI = Path(sys.executable).parent / "aws"
"""The AWS CLI of this environment, which is version 1."""

_DIRECTORIES = ("bin", "root", "run", "scripts", "tmp")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Ends at a line on stdin, or at its end, which comes when this Python process is gone.
# Each file in run/ is named after a process group that is at work.
_CARETAKER = """
read -r _
for group in "$1"/run/*; do kill -s KILL -- "-${group##*/}" 2>/dev/null; done
rm -rf -- "$1"
"""

# The account database of the real machine does not know the instance's user.
_GETENT = """#!/bin/sh
if [ "$1 $2" = "passwd {user}" ]; then
  echo "{user}:x:$(id -u):$(id -g):EC2 Default User:"{home}":/bin/sh"
else
  PATH={path} exec getent "$@"
fi
"""

# Without HOME, Python would take the developer's home. On an instance it is root's.
_AWS = """#!/bin/sh
HOME="${{HOME:-{root_home}}}" exec {cli} "$@"
"""


@dataclass(frozen=True)
class Completed:
    """How a command ended. The exit code of one that ran out of time is 137, as SSM's agent says.

    https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/appconfig/constants.go
    """

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool = False


class Machine:
    """A machine that is up from construction until `remove`."""

    def __init__(self, environment: dict[str, str], cli: Path = AWS_CLI) -> None:
        """`environment` is all that the processes see, apart from PATH and TMPDIR; `cli` is their `aws`."""
        self.root = Path(tempfile.mkdtemp(prefix="onemata-sandbox-")).resolve()
        self._caretaker = _hire_caretaker(self.root)
        self._lock = Lock()
        self._removed = False
        self.home = self.root / "home" / USER
        for directory in (self.home, *(self.root / name for name in _DIRECTORIES)):
            directory.mkdir(parents=True, mode=0o700)
        self._install_programs(cli)
        self._environment = environment | {
            "PATH": f"{self.root / 'bin'}:{_SYSTEM_PATH}",
            "TMPDIR": str(self.root / "tmp"),
        }

    def run(self, script: str, *, timeout: float, directory: str = "") -> Completed:
        """Run the script with `sh`, without HOME, and wait for its end.

        What it left in the background ends with it. Raises OSError if the directory does not
        exist or the machine is gone.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self._start(script, out, err, directory)
            try:
                process.wait(timeout)
                timed_out = False
            except subprocess.TimeoutExpired:
                timed_out = True
            self._finish(process)
            return Completed(
                exit_code=137 if timed_out else process.returncode,
                stdout=self._text(out, STDOUT_LIMIT),
                stderr=self._text(err, STDERR_LIMIT),
                timed_out=timed_out,
            )

    def remove(self) -> None:
        """End all processes and delete all files. Removing twice is fine."""
        with self._lock:
            if self._removed:
                return
            self._removed = True
        self._caretaker.communicate(b"\n")

    def _start(self, script: str, out: IO[bytes], err: IO[bytes], directory: str) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._removed:
                raise ProcessLookupError("The sandbox's machine is gone.")
            file = self.root / "scripts" / f"{uuid4()}.sh"
            file.write_text(script, encoding="utf-8")
            process = subprocess.Popen(  # noqa: S603 (who may send commands is decided before)
                ["/bin/sh", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=directory or self.root,
                env=self._environment,
                umask=0o022,
                start_new_session=True,
            )
            self._marker(process).touch()
            return process

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError, PermissionError):  # the second is macOS's for zombies
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._marker(process).unlink(missing_ok=True)

    def _text(self, stream: IO[bytes], limit: int) -> str:
        """What was printed, with paths as they would be on a real instance: /home/ec2-user/…"""
        stream.seek(0)
        text = stream.read(8 * limit).decode(errors="replace")
        return text.replace(str(self.root), "")[:limit]

    def _marker(self, process: subprocess.Popen[bytes]) -> Path:
        return self.root / "run" / str(process.pid)

    def _install_programs(self, cli: Path) -> None:
        """Put the AWS CLI, and what stands in for the system's programs, first on the PATH."""
        programs = {
            "aws": _AWS.format(
                root_home=shlex.quote(str(self.root / "root")),
                cli=shlex.quote(str(cli)),
            ),
            "getent": _GETENT.format(user=USER, home=shlex.quote(str(self.home)), path=shlex.quote(_SYSTEM_PATH)),
        }
        for name, text in programs.items():
            program = self.root / "bin" / name
            program.write_text(text)
            program.chmod(0o755)


def _hire_caretaker(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (our own text)
        ["/bin/sh", "-c", _CARETAKER, "sh", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        start_new_session=True,
    )
