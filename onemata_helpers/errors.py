"""What can go wrong, as one tree. Each message says what happened, where, and who does what about it.

OnemataError
├── ParameterError      the client's parameters are wrong; every problem at once
├── ConnectError        we are not in the client's account, or not as somebody who may be there
│   ├── CodeNeeded      a code of MFA is asked for, and nobody can type one
│   └── CodeRefused     a code of MFA was typed, and is none, or not one that AWS takes
├── PlanBlocked         something of the client's is in the way and a person has to decide
├── PlanChanged         the account is no longer as it was when the plan was shown
├── Busy                another run is changing things for this client and service
├── LockLost            another run has taken the lock meanwhile, so nothing more is changed
├── AwsRefused          AWS said no, or did not answer
├── OddAnswer           something else than AWS answered, or AWS in an unknown form
├── RecordNotWritten    the record cannot be written, so nothing more is changed
├── Overtaken           somebody changed a thing between the plan and our write to it, which was not made
├── NotUsable           AWS accepted a change, but the thing did not become usable in time
├── Interrupted         somebody stopped it (Ctrl-C, Interrupt in the notebook)
├── RunFailed           the runbook ended failed or blocked
└── OutOfOrder          a cell was run before the one that it needs
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from .redaction import foreign
from .text import counted, one_line, sentence, visible

WHAT_ANSWERS = (
    "the engineer checks what answers in AWS's place (a proxy and its login, VPN, the login page of a network, "
    "AWS_ENDPOINT_URL) and runs it again"
)
"""Who acts when it was not AWS that answered."""


class OnemataError(Exception):
    """A failure that a person can act on. IPython and the command line show its text, never a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback (and what is saved in the executed notebook)."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Problem:
    """One wrong parameter: the file, key and value, what it must be, and the line (0: none is to be named).

    Of what is wrong with a whole file or folder, key and value may be empty. As text it is one line that hides nothing.
    """

    file: str
    key: str
    value: str
    must: str
    line: int = 0

    def __str__(self) -> str:
        place = one_line(self.file) + (f", line {self.line}" if self.line else "")
        given = " = ".join(one_line(part, 120) for part in (self.key, self.value) if part)
        return ": ".join(part for part in (place, given, one_line(self.must)) if part)


class ParameterError(OnemataError):
    """The parameters are wrong. `problems` holds all of them once, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line))
        listed = [line for _, same in groupby(self.problems, lambda each: each.file) for line in _listed(list(same))]
        count = counted(len(self.problems), "problem")
        headline = f"{count}. Nothing was done in AWS. Who acts: the engineer corrects the parameters named here."
        super().__init__("\n".join([headline, *listed]))


_SHOWN_OF_A_FILE = 20


def _listed(of_one_file: list[Problem]) -> list[str]:
    lines = [f"  - {problem}" for problem in of_one_file[:_SHOWN_OF_A_FILE]]
    left = len(of_one_file) - len(lines)
    return [*lines, f"  - {one_line(of_one_file[0].file)}: and {left} more"] if left else lines


class ConnectError(OnemataError):
    """No session in the client's account, or one that must not be used."""


class CodeNeeded(ConnectError):
    """A profile asks for a code of MFA where nobody can type one."""

    def __init__(self) -> None:
        super().__init__(
            who_acts(
                "Signing in: a code of MFA is asked for, and nobody can type one here",
                "the engineer runs `onemata` in a terminal, where it asks for the code before it starts, and goes on "
                "with --resume when that session has ended",
            )
        )


class CodeRefused(ConnectError):
    """A code of MFA was typed, and is none, or AWS did not take it."""

    def __init__(self, why: str) -> None:
        who = "the engineer runs it again, and types the code that the device shows then"
        super().__init__(who_acts(f"Signing in: {why}", who))


class PlanBlocked(OnemataError):
    """The plan holds a blocked change. Nothing was done."""


class PlanChanged(OnemataError):
    """The plan of now is not the plan that was approved or shown. Nothing was done."""


class Busy(OnemataError):
    """Another run holds the lock. Nothing was done."""


class LockLost(OnemataError):
    """This run was held up for so long that another one took its lock. What was done before stays."""


class AwsRefused(OnemataError):
    """An AWS call failed for good."""


class OddAnswer(OnemataError):
    """The answer to a call is not one of AWS's: a proxy, a captive portal or another program gave it."""

    def __init__(self, call: str, found: str) -> None:
        super().__init__(
            who_acts(
                f"The answer to {call} is not one of AWS's: {one_line(foreign(found), 300)}",
                WHAT_ANSWERS,
            )
        )


class Overtaken(OnemataError):
    """Somebody changed a thing after the plan was made. It was not written to; what was done before stays."""


class NotUsable(OnemataError):
    """A bounded wait ran out."""


class RecordNotWritten(OnemataError):
    """The record could not be written. Nothing is changed in AWS without one."""


class Interrupted(OnemataError):
    """Somebody stopped the run. What was done stays."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} What was done stays. Who acts: the engineer runs it again, which resumes there.")


class RunFailed(OnemataError):
    """The runbook's outcome is `failed` or `blocked`; raised at the end so that papermill sees it."""


class OutOfOrder(OnemataError):
    """A step needs another one first. Nothing happened, so nothing is recorded."""


def who_acts(happened: str, who: str) -> str:
    """The two sentences that every error has: what happened, and who does what about it."""
    return f"{sentence(happened)} Who acts: {sentence(who)}"


def unforeseen(error: Exception) -> str:
    """What is said of an error that no part of ours knows, in the two sentences of every error."""
    happened = f"This was not foreseen: {one_line(foreign(f'{type(error).__name__}: {error}'))}"
    developers = "Onemata's developers need this message, and the record if there is one"
    return who_acts(happened, f"the engineer runs it again; if it ends so again, {developers}")
