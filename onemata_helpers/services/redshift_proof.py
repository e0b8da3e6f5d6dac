"""The proof that a cluster or workgroup reads Onemata's data, and nothing else of Onemata's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..calls import READS_ONLY
from ..checks import Check
from ..errors import OnemataError
from ..location import Location, Probe
from ..plan import Call, Proof
from ..refusal import as_refusal
from ..resources.data_api import Ended, Target, carried_out, in_a_batch, in_a_session
from ..session import Aws
from ..wait import Wait
from .copy_statement import CopyStatement
from .copy_verdict import Reader, perhaps_not_yet, refused_by_s3
from .refused_side import ONEMATA_LOOKS, refused_side
from .verdict import Verdict, refusals, unnamed, weighed

# How long a new role, trust or policy may take to work in Redshift.
_SETTLING_SECONDS = 120
_NOTHING_STAYS = "nothing is loaded, and the temporary table ends with its session"


@dataclass(frozen=True)
class RedshiftProof:
    """What one cluster or workgroup is asked. `cost` is what asking costs, as a sentence.

    `users_arn` is where the ARNs of its database users begin: Redshift sends them as external ID.
    """

    target: Target
    copy: CopyStatement
    probe: Probe
    users_arn: str
    kms_key_arn: str = ""
    negative_checks: bool = True
    cost: str = ""

    @property
    def name(self) -> str:
        """Name of the check that it reads."""
        return f"{self.target.name} reads Onemata's data"

    def proofs(self) -> tuple[Proof, ...]:
        """All that is asked; nothing where no database is known to ask in."""
        if not self.target.database:
            return ()
        asked = " If S3 refuses it, IAM's simulator is asked whether the role's own policies do." if self._alone else ""
        found = [self._proof(self.name, self.probe.object, "It reads the object", asked)]
        tried = [(self._refusals[what], place) for what, place in self._refused.items()]
        return (*found, *(self._proof(name, place, "It must be refused the object") for name, place in tried))

    def checks(self, aws: Aws, wait: Wait, *, patient: bool) -> Iterator[Check]:
        """The checks, each as it was asked. `patient` gives what was just made two minutes to work."""
        if not self.target.database:
            why = "There is no database to prove it in. The engineer corrects the name, or sets database."
            yield self.not_made(why)
            return
        reading = self._reading(aws, wait, patient=patient)
        denials = (
            self._refusal(aws, wait, name, self._refused[what]) if what in self._refused else unnamed(name, what)
            for what, name in self._refusals.items()
        )
        yield from weighed([reading], denials)

    def not_made(self, why: str) -> Check:
        """The check that it reads, not made, with the statements by which the client sees it for himself."""
        statements = "\n".join(self.copy.proof(self.probe.object))
        evidence = f"{why} The client proves it by these statements in one session ({_NOTHING_STAYS}):\n{statements}"
        return Check(name=self.name, result="not provable from here", evidence=evidence)

    @property
    def _refusals(self) -> dict[str, str]:
        return refusals(self.target.name, negative_checks=self.negative_checks)

    @property
    def _refused(self) -> dict[str, Location]:
        return self.probe.refused if self.negative_checks else {}

    @property
    def _alone(self) -> bool:
        """Whether the client's role reads itself, and no role of Onemata's after it."""
        return len(self.copy.roles) == 1

    def _proof(self, name: str, place: Location, what: str, more: str = "") -> Proof:
        how = f"{what} {place.uri}, by COPY … NOLOAD: {_NOTHING_STAYS}.{more}"
        batch, session = self._calls(place)
        return Proof(proves=name, how=how, cost=self.cost, calls=batch, otherwise=session)

    def _calls(self, place: Location) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
        asked = (self.target, self.copy.proof(place), f"{READS_ONLY} one object as a proof of access")
        return in_a_batch(*asked), in_a_session(*asked)

    def _reading(self, aws: Aws, wait: Wait, *, patient: bool) -> Check:
        place = self.probe.object

        def ask() -> Ended:
            return self._ended(aws, wait, place)

        saying = f"{self.target.name} cannot use what was just made yet"
        try:
            ended = wait.patiently(saying, ask, _settled, _SETTLING_SECONDS) if patient else ask()
        except OnemataError as error:
            return _not_asked(self.name, error)
        verdict = self._refused_side(aws) if refused_by_s3(ended) else self._reader(aws).reading(ended, place)
        return verdict.check(self.name, ended.said)

    def _refusal(self, aws: Aws, wait: Wait, name: str, place: Location) -> Check:
        try:
            ended = self._ended(aws, wait, place)
        except OnemataError as error:
            return _not_asked(name, error)
        return self._reader(aws).refusal(ended, place).check(name, ended.said)

    def _ended(self, aws: Aws, wait: Wait, place: Location) -> Ended:
        with as_refusal(f"The proof on {self.target.name}", aws.where):
            return carried_out(aws, *self._calls(place), wait)

    def _reader(self, aws: Aws) -> Reader:
        user = self.target.user or ("" if self.target.secret_arn else _own_user(aws.identity.arn))
        return Reader(self.target.name, self.copy, user, f"{self.users_arn}/{user or '*'}")

    def _refused_side(self, aws: Aws) -> Verdict:
        if len(self.copy.roles) > 1:
            who = f"{ONEMATA_LOOKS}, and at the policies of its role"
            return Verdict("failed", "S3 refuses Onemata's role: it was assumed, but may not read.", who)
        return refused_side(aws, self.copy.roles[0], self.probe.object, self.kms_key_arn)


def _settled(ended: Ended) -> bool:
    return not perhaps_not_yet(ended)


def _not_asked(name: str, error: OnemataError) -> Check:
    return Check(name=name, result="not provable from here", evidence=str(error))


def _own_user(arn: str) -> str:
    """The database user that an IAM identity is: `IAM:<user>` or `IAMR:<role>`.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-overview.html
    """
    kind, *names = arn.split(":")[5].split("/")
    return f"IAMR:{names[0]}" if kind == "assumed-role" else f"IAM:{names[-1]}"
