"""Athena, for Glue's runbook: each user or role that queries is asked, as far as it can be from here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..checks import Check
from ..errors import OnemataError, who_acts
from ..parameters import GlueParameters
from ..plan import Proof
from ..refusal import as_refusal
from ..resources import athena_workgroup
from ..resources.athena_workgroup import Workgroup, workgroup
from ..resources.base import Look, Permission, Resource
from ..resources.probe_table import ProbeTable
from ..session import Aws
from ..wait import Wait
from .athena_proof import AthenaProof

_TROUBLE = "what keeps Athena from being asked"


@dataclass(frozen=True)
class Athena:
    """The users and roles that query, and the table that proves it, whose name ends in the delivery's id."""

    parameters: GlueParameters
    delivery_id: str

    def permissions(self) -> list[Permission]:
        """What the operator needs. What it takes to query, each user or role has on its own, or the proof fails."""
        p = self.parameters
        if not p.athena_principals:
            return []
        catalog = f"arn:{p.partition}:glue:{p.region}:{p.account_id}"
        cleaning = ProbeTable.permissions(catalog, p.athena_database, self._table.name)
        return [*cleaning, *self._asking()]

    def _asking(self) -> list[Permission]:
        p = self.parameters
        if p.prove == "none":
            return []
        asked = athena_workgroup.permissions(
            f"arn:{p.partition}:athena:{p.region}:{p.account_id}:workgroup/{p.athena_workgroup}"
        )
        entered = tuple(each for each in p.athena_principals if ":role/" in each and each != p.operator_role_arn)
        entering = [Permission(("sts:AssumeRole",), entered)] if entered else []
        return [*asked, *entering, Permission(("iam:SimulatePrincipalPolicy",), tuple(p.athena_principals))]

    def removals(self) -> list[Resource]:
        """The table, in case that a proof was cut off."""
        return [self._table] if self.parameters.athena_principals else []

    def proofs(self, look: Look) -> tuple[Proof, ...]:
        """All that is asked, as each user or role that can be asked as from here."""
        p = self.parameters
        if p.prove == "none" or not p.athena_principals or self._trouble(look):
            return ()
        identity, found = look.aws.identity, self._workgroup(look)
        return tuple(each for proof in self._proofs for each in proof.proofs(identity, found))

    def notes(self, look: Look) -> tuple[str, ...]:
        """Why some or all of them are not asked."""
        p = self.parameters
        if p.prove == "none" or not p.athena_principals:
            return ()
        if trouble := self._trouble(look):
            return (f"What Athena reads is not proven. {trouble}",)
        reasons = (proof.out_of_reach(look.aws.identity) for proof in self._proofs)
        return tuple(f"What Athena reads for it is not proven. {reason}" for reason in reasons if reason)

    def checks(self, look: Look, wait: Wait) -> Iterator[Check]:
        """The checks of all of them, and that no table is left."""
        if self.parameters.prove == "none":
            yield from (each.not_made("prove is `none`, so it was not tried.") for each in self._proofs)
            return
        identity = look.aws.identity
        unseen = {each.name: self._trouble(look) or each.out_of_reach(identity) for each in self._proofs}
        tried = [each for each in self._proofs if not unseen[each.name]]
        if tried:
            yield from self._tried(look, wait, tried)
        yield from (each.not_made(unseen[each.name]) for each in self._proofs if unseen[each.name])

    def _tried(self, look: Look, wait: Wait, proofs: list[AthenaProof]) -> Iterator[Check]:
        found = self._workgroup(look)
        before = self._left(look.aws)
        if before.result != "proven":
            yield from (before, *(each.not_made(before.evidence) for each in proofs))
            return
        try:
            for each in proofs:
                yield from each.checks(look.aws, wait, found)
        except BaseException:
            with suppress(Exception):  # what ends the proof is what is to be told
                self._table.clear(look.aws)
            raise
        yield self._left(look.aws)

    def _left(self, aws: Aws) -> Check:
        """Whether nothing of a proof is left, after it was taken away."""
        name = f"{self._table.key} is not left behind"
        try:
            with as_refusal(f"glue:GetTable for the {self._table.key}", aws.where):
                left = self._table.state(Look(aws))
        except OnemataError as error:
            return Check(name=name, result="not provable from here", evidence=str(error))
        try:
            with as_refusal(f"glue:DeleteTable for the {self._table.key}", aws.where):
                left = self._table.clear(aws) if left else None
        except OnemataError as error:
            return Check(name=name, result="failed", evidence=str(error))
        if left is None:
            return Check(name=name, result="proven", evidence="It is not there.")
        who = "the client's admin drops it if nobody needs it, or the engineer names another athena_database"
        return Check(name=name, result="failed", evidence=who_acts(f"There is still a {self._table.key}", who))

    @property
    def _table(self) -> ProbeTable:
        p = self.parameters
        return ProbeTable(step="Glue/Athena", database=p.athena_database, name=f"onemata_probe_{self.delivery_id}")

    @property
    def _proofs(self) -> list[AthenaProof]:
        p = self.parameters
        return [
            AthenaProof(
                principal=each,
                table=self._table,
                workgroup=p.athena_workgroup,
                probe=p.probe,
                kms_key_arn=p.kms_key_arn,
                negative_checks=p.negative_checks,
            )
            for each in p.athena_principals
        ]

    def _workgroup(self, look: Look) -> Workgroup:
        return workgroup(look, self.parameters.athena_workgroup)

    def _trouble(self, look: Look) -> str:
        """Why nobody can be asked, with who acts; empty if they can be."""
        return look.once(_TROUBLE, lambda _: self._find_trouble(look)) if self.parameters.athena_principals else ""

    def _find_trouble(self, look: Look) -> str:
        if trouble := self._workgroup(look).trouble:
            return trouble
        try:
            with as_refusal(f"glue:GetTable for the {self._table.key}", look.aws.where):
                found = self._table.state(look)
        except OnemataError as error:
            return str(error)
        if found is None or found.ours:
            return ""
        who = "the client's admin renames or drops it, or the engineer names another athena_database"
        return who_acts(f"The client has a {self._table.key} of its own, where the proof's would be", who)
